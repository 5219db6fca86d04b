"""Groups: found where there are some, found again, and set against labels without cheating."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.galaxies.clusters.choice import METHODS, UNMEASURED, choose, grouped, stability
from cosmodag.galaxies.clusters.groupings import ALONE
from cosmodag.galaxies.clusters.label_agreement import agreement, assignment
from cosmodag.training.prediction import predict, run_loader
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings

CENTRES = np.array([[0.0, 0, 0], [6, 0, 0], [0, 6, 0]])


def three_groups(count: int, seed: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = random.choice(3, count, p=[0.6, 0.3, 0.1])
    return CENTRES[label] + spread * random.normal(size=(count, 3)), label


def again(features, method, choice) -> dict:
    """How well chosen groups are found again."""
    return stability(features, method, choice.setting, choice.grouping, replicas=5)


@pytest.mark.parametrize("method", ["k_means", "mixture", "hdbscan"])
def test_as_many_groups_are_found_as_there_are_and_found_again(method):
    features, _ = three_groups(300, 0)
    choice = choose(features, method, most=5, resampled=3)
    assert choice.grouping.number == 3
    found = again(features, method, choice)
    assert 0.9 < found["low"] <= found["value"] <= found["high"] <= 1


def test_a_single_gaussian_has_no_groups_and_claims_no_stability():
    features = np.random.default_rng(2).normal(size=(300, 3))
    choice = choose(features, "mixture", most=4, resampled=3)
    assert choice.grouping.number == 1
    assert again(features, "mixture", choice)["value"] is None
    # K-means must find some, but not the same ones again.
    choice = choose(features, "k_means", most=4, resampled=3)
    assert again(features, "k_means", choice)["value"] < 0.8


def test_a_ring_is_not_halved_wherever_chance_would_though_the_criterion_likes_it():
    random = np.random.default_rng(3)
    angle = random.uniform(0, 2 * np.pi, 1500)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.2 * random.normal(size=(1500, 2))
    apart = random.normal(size=(750, 2)) * 0.3 - [0, 6]
    features = np.concatenate([ring, apart])
    choice = choose(features, "mixture", most=3, resampled=5)
    assert choice.criterion[3] > choice.criterion[2]
    assert choice.grouping.number == 2
    assert again(features, "mixture", choice)["value"] > 0.95


def test_what_lies_between_dense_places_is_in_no_group_and_others_follow_their_nearest():
    random = np.random.default_rng(8)
    dense = np.concatenate([random.normal(size=(150, 2)) * 0.2 + [5 * side, 0] for side in (-1, 1)])
    between = random.uniform(-9, 9, size=(60, 2))
    choice = choose(np.concatenate([dense, between]), "hdbscan", most=4, resampled=3)
    assert choice.grouping.number == 2
    left, right, far = choice.grouping.predict(np.array([[-5.0, 0], [5, 0], [0, 8.8]]))
    assert {left, right} == {0, 1}
    assert far == ALONE


def test_one_example_drawn_many_times_is_no_dense_place():
    features = np.random.default_rng(9).normal(size=(90, 2))
    often = np.concatenate([features, np.repeat(features[:1], 60, axis=0)])
    fit = METHODS["hdbscan"].fit
    np.testing.assert_array_equal(fit(often, 0.1, 0).members, fit(features, 0.1, 0).members)


def test_no_method_finds_more_groups_than_are_wanted():
    features = np.concatenate(
        [np.random.default_rng(s).normal(size=(9, 2)) + 50 * s for s in range(6)]
    )
    for method in METHODS:
        assert choose(features, method, most=4, resampled=2).grouping.number <= 4


def test_examples_without_a_place_are_grouped_apart():
    features, labels = {}, {}
    for seed, part in enumerate(("train", "test")):
        features[part], labels[part] = three_groups(120, seed)
        features[part][:7] = np.nan
    found = grouped(features, np.arange(120), labels=labels, most=4, resampled=2, replicas=20)
    for each in found["groups"].values():
        assert (each["test"][:7] == UNMEASURED).all()
        assert (each["test"][7:] != UNMEASURED).all()


def test_examples_without_a_label_are_left_out_and_too_few_labels_say_nothing():
    features, labels = three_groups(200, 3)
    groups = {
        part: choose(features, "k_means", most=4, resampled=2).grouping.predict(features)
        for part in ("train", "test")
    }
    named = np.array(["a", "b", "c"], object)[labels]
    named[:50] = None
    found = agreement(groups, dict.fromkeys(groups, named), np.arange(200), replicas=20)
    kept = {part: each[50:] for part, each in groups.items()}
    assert found == agreement(kept, dict.fromkeys(groups, named[50:]), np.arange(150), replicas=20)
    one = {"train": np.full(200, "a", object), "test": named}
    assert agreement(groups, one, np.arange(200), replicas=20) is None


def test_groups_are_assigned_to_labels_by_shares_of_each_label():
    groups = np.array([0] * 90 + [1] * 10 + [1] * 8 + [0] * 2)
    labels = np.array(["common"] * 100 + ["rare"] * 10)
    # Group 1 holds more common ones, but most of the rare.
    assert assignment(groups, labels) == {0: "common", 1: "rare"}


def test_groups_are_set_against_labels_of_the_test_part():
    features, labels = {}, {}
    for seed, part in enumerate(("train", "test")):
        features[part], labels[part] = three_groups(300, seed)
    found = grouped(features, np.arange(300), labels=labels, most=4, resampled=3, replicas=50)
    assert found["chosen"] in found["methods"]
    for method, each in found["methods"].items():
        assert each["agreement"]["mutual_information"]["low"] > 0.8
        assert each["agreement"]["balanced_accuracy"]["low"] > 0.85
        assert found["groups"][method]["test"].shape == (300,)


def test_groups_that_know_nothing_of_labels_score_chance():
    random = np.random.default_rng(5)
    groups = {part: random.integers(0, 4, 900) for part in ("train", "test")}
    labels = {part: random.choice(["a", "b", "c"], 900, p=[0.8, 0.1, 0.1]) for part in groups}
    found = agreement(groups, labels, np.arange(900), replicas=50)
    assert found["mutual_information"]["value"] == pytest.approx(0, abs=0.02)
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / 3, abs=0.08)


def test_too_few_examples_to_group_are_refused():
    with pytest.raises(InputError, match=r"20 examples for up to 10 groups; 3 a .* 6 or f"):
        choose(np.zeros((20, 2)), "k_means")


def test_latents_of_every_split_are_those_that_are_predicted(stamps, tmp_path):
    settings = RunSettings(
        task={"name": "latent", "latent_dim": 3},
        model={"name": "vae", "widths": [8, 16]},
        training={"epochs": 1, "batch_size": 32},
        transform="arcsinh",
    )
    description = train_run(stamps, tmp_path, settings, threads=1)
    found = read_latents(tmp_path, stamps, threads=1)
    assert set(found) == {"train", "valid", "test"}
    for split, latent in found.items():
        expected = predict(tmp_path, run_loader(stamps, split, description), threads=1)["latent"]
        np.testing.assert_allclose(latent, expected, rtol=1e-5, atol=1e-6)


def test_numbers_that_training_does_not_use_are_left_out_of_all_splits():
    random = np.random.default_rng(6)
    latents = {split: random.normal(size=(50, 3)) for split in ("train", "test")}
    latents["train"][:, 1] *= 0.05
    np.testing.assert_array_equal(latents["test"][:, active(latents)], latents["test"][:, [0, 2]])


def test_only_runs_of_latents_have_latents(tiny_run, stamps):
    with pytest.raises(InputError, match="its task is reconstruction; give a run of task latent"):
        read_latents(tiny_run, stamps)


@pytest.fixture
def tiny_run(stamps, tmp_path):
    """A run that gives images back without a latent."""
    settings = RunSettings(
        task={"name": "reconstruction"},
        model={"name": "autoencoder"},
        training={"epochs": 1, "batch_size": 32},
        transform="unit",
    )
    train_run(stamps, tmp_path / "run", settings, threads=1)
    return tmp_path / "run"
