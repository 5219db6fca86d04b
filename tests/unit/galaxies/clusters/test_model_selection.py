"""Choice of the number of clusters, their stability, and their agreement with labels."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.galaxies.clusters.cluster_models import UNCLUSTERED
from cosmodag.galaxies.clusters.clustering_methods import METHODS
from cosmodag.galaxies.clusters.label_agreement import assign_labels, label_agreement
from cosmodag.galaxies.clusters.model_selection import (
    UNMEASURED,
    ClusterSearch,
    cluster_features,
    select_clusters,
    stability,
)
from cosmodag.training.prediction import predict, run_loader
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings

CENTRES = np.array([[0.0, 0, 0], [6, 0, 0], [0, 6, 0]])


def three_clouds(count: int, seed: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    label = random.choice(3, count, p=[0.6, 0.3, 0.1])
    return CENTRES[label] + spread * random.normal(size=(count, 3)), label


def measured_stability(features, method, selection) -> dict:
    return stability(features, method, selection.setting, selection.model, n_bootstrap=5)


@pytest.mark.parametrize("method", ["k_means", "mixture", "hdbscan"])
def test_separate_clouds_are_stable_clusters(method):
    features, _ = three_clouds(300, 0)
    selection = select_clusters(features, method, ClusterSearch(max_clusters=5, n_bootstrap=3))
    assert selection.model.n_clusters == 3
    index = measured_stability(features, method, selection)
    assert 0.9 < index["low"] <= index["value"] <= index["high"] <= 1


def test_single_gaussian_has_no_stable_clusters():
    features = np.random.default_rng(2).normal(size=(300, 3))
    search = ClusterSearch(max_clusters=4, n_bootstrap=3)
    selection = select_clusters(features, "mixture", search)
    assert selection.model.n_clusters == 1
    assert measured_stability(features, "mixture", selection)["value"] is None
    # k-means always finds clusters, but not the same ones.
    selection = select_clusters(features, "k_means", search)
    assert measured_stability(features, "k_means", selection)["value"] < 0.8


def test_stable_setting_wins_over_the_criterion():
    random = np.random.default_rng(3)
    angle = random.uniform(0, 2 * np.pi, 1500)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.2 * random.normal(size=(1500, 2))
    cloud = random.normal(size=(750, 2)) * 0.3 - [0, 6]
    features = np.concatenate([ring, cloud])
    selection = select_clusters(features, "mixture", ClusterSearch(3, 5))
    assert selection.criterion[3] > selection.criterion[2]
    assert selection.model.n_clusters == 2
    assert measured_stability(features, "mixture", selection)["value"] > 0.95


def test_sparse_regions_are_in_no_cluster_and_new_examples_follow_their_neighbours():
    random = np.random.default_rng(8)
    dense = np.concatenate([random.normal(size=(150, 2)) * 0.2 + [5 * side, 0] for side in (-1, 1)])
    sparse = random.uniform(-9, 9, size=(60, 2))
    selection = select_clusters(np.concatenate([dense, sparse]), "hdbscan", ClusterSearch(4, 3))
    assert selection.model.n_clusters == 2
    left, right, far = selection.model.predict(np.array([[-5.0, 0], [5, 0], [0, 8.8]]))
    assert {left, right} == {0, 1}
    assert far == UNCLUSTERED


def test_duplicates_do_not_make_a_dense_region():
    features = np.random.default_rng(9).normal(size=(90, 2))
    duplicated = np.concatenate([features, np.repeat(features[:1], 60, axis=0)])
    fit = METHODS["hdbscan"].fit
    np.testing.assert_array_equal(fit(duplicated, 0.1, 0).members, fit(features, 0.1, 0).members)


def test_number_of_clusters_is_limited():
    features = np.concatenate(
        [np.random.default_rng(s).normal(size=(9, 2)) + 50 * s for s in range(6)]
    )
    for method in METHODS:
        assert select_clusters(features, method, ClusterSearch(4, 2)).model.n_clusters <= 4


def test_examples_without_features_have_their_own_label():
    features, labels = {}, {}
    for seed, split in enumerate(("train", "test")):
        features[split], labels[split] = three_clouds(120, seed)
        features[split][:7] = np.nan
    result = cluster_features(
        features, np.arange(120), labels=labels, search=ClusterSearch(4, 2), replicas=20
    )
    for clusters in result["clusters"].values():
        assert (clusters["test"][:7] == UNMEASURED).all()
        assert (clusters["test"][7:] != UNMEASURED).all()


def test_agreement_ignores_examples_without_a_label_and_needs_two_labels():
    features, labels = three_clouds(200, 3)
    model = select_clusters(features, "k_means", ClusterSearch(4, 2)).model
    clusters = dict.fromkeys(("train", "test"), model.predict(features))
    names = np.array(["a", "b", "c"], object)[labels]
    names[:50] = None
    agreement = label_agreement(
        clusters, dict.fromkeys(clusters, names), np.arange(200), replicas=20
    )
    labelled = {split: values[50:] for split, values in clusters.items()}
    assert agreement == label_agreement(
        labelled, dict.fromkeys(clusters, names[50:]), np.arange(150), replicas=20
    )
    one = {"train": np.full(200, "a", object), "test": names}
    assert label_agreement(clusters, one, np.arange(200), replicas=20) is None


def test_rare_labels_count_as_much_as_common_ones():
    clusters = np.array([0] * 90 + [1] * 10 + [1] * 8 + [0] * 2)
    labels = np.array(["common"] * 100 + ["rare"] * 10)
    # Cluster 1 has more common examples, but most of the rare ones.
    assert assign_labels(clusters, labels) == {0: "common", 1: "rare"}


def test_clusters_agree_with_labels_of_separate_clouds():
    features, labels = {}, {}
    for seed, split in enumerate(("train", "test")):
        features[split], labels[split] = three_clouds(300, seed)
    result = cluster_features(
        features, np.arange(300), labels=labels, search=ClusterSearch(4, 3), replicas=50
    )
    assert result["chosen"] in result["methods"]
    for name, method in result["methods"].items():
        assert method["agreement"]["mutual_information"]["low"] > 0.8
        assert method["agreement"]["balanced_accuracy"]["low"] > 0.85
        assert result["clusters"][name]["test"].shape == (300,)


def test_random_clusters_agree_with_labels_by_chance():
    random = np.random.default_rng(5)
    clusters = {split: random.integers(0, 4, 900) for split in ("train", "test")}
    labels = {split: random.choice(["a", "b", "c"], 900, p=[0.8, 0.1, 0.1]) for split in clusters}
    agreement = label_agreement(clusters, labels, np.arange(900), replicas=50)
    assert agreement["mutual_information"]["value"] == pytest.approx(0, abs=0.02)
    assert agreement["balanced_accuracy"]["value"] == pytest.approx(1 / 3, abs=0.08)


def test_too_few_examples_raise():
    message = r"20 examples for up to 10 clusters; 3 per cluster .* set max_clusters to 6 or fewer"
    with pytest.raises(InputError, match=message):
        select_clusters(np.zeros((20, 2)), "k_means")


def test_latents_of_every_split_are_the_predicted_ones(stamps, tmp_path):
    settings = RunSettings(
        task={"name": "latent", "latent_dim": 3},
        model={"name": "vae", "widths": [8, 16]},
        training={"epochs": 1, "batch_size": 32},
        transform="arcsinh",
    )
    description = train_run(stamps, tmp_path, settings, threads=1)
    latents = read_latents(tmp_path, stamps, threads=1)
    assert set(latents) == {"train", "valid", "test"}
    for split, latent in latents.items():
        expected = predict(tmp_path, run_loader(stamps, split, description), threads=1)["latent"]
        np.testing.assert_allclose(latent, expected, rtol=1e-5, atol=1e-6)


def test_active_dimensions_are_those_of_the_training_split():
    random = np.random.default_rng(6)
    latents = {split: random.normal(size=(50, 3)) for split in ("train", "test")}
    latents["train"][:, 1] *= 0.05
    np.testing.assert_array_equal(latents["test"][:, active(latents)], latents["test"][:, [0, 2]])


def test_runs_without_a_latent_raise(reconstruction_run, stamps):
    with pytest.raises(InputError, match="its task is reconstruction; give a run of task latent"):
        read_latents(reconstruction_run, stamps)


@pytest.fixture
def reconstruction_run(stamps, tmp_path):
    """A run that reconstructs images without a latent."""
    settings = RunSettings(
        task={"name": "reconstruction"},
        model={"name": "autoencoder"},
        training={"epochs": 1, "batch_size": 32},
        transform="unit",
    )
    train_run(stamps, tmp_path / "run", settings, threads=1)
    return tmp_path / "run"
