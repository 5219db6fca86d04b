"""Simple methods on slices: what they must find, and what they must not."""

import numpy as np
import pytest
from scipy import fft

from cosmodag.datasets.dataset import Dataset
from cosmodag.evaluation.baselines import ordered_classes, reconstructions
from cosmodag.evaluation.baselines.examples import taken
from cosmodag.evaluation.reconstruction_evaluation import ReconstructionEvaluation
from cosmodag.evaluation.targets import read_examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.reionization.baselines import matches, slice_features
from cosmodag.reionization.evaluation.candidates import top_1
from cosmodag.training.completion import complete_task
from tests.slices import ESCAPE_FRACTIONS, REDSHIFTS

COLUMNS = ["redshift_class", "escape_fraction_class"]
BLIND = ("shares", "index_only", "seed_only")


def fitted(folder, task, noise=None):
    task = complete_task(task, Dataset.open(folder))
    evaluation = make_evaluation("reionization", task)
    examples = read_examples(folder, evaluation, noise=noise)
    return examples, evaluation.fit(examples, seed=0, threads=1)


@pytest.fixture(scope="module")
def by_universe(slices):
    return fitted(slices, {"name": "ordinal", "columns": COLUMNS}, {"rms": 8.0, "beam": 2.0})


@pytest.fixture(scope="module")
def shuffled(make_slices):
    """The original's protocol: slices of a single universe, dealt at random."""
    folder = make_slices(protocol="random", seeds=1, step=1)
    return fitted(folder, {"name": "classification", "column": "redshift_class"})


def accuracy(examples, predictions, column):
    return np.mean(predictions.test.argmax(1) == examples["test"].y[:, column])


def test_distributions_sum_to_one(by_universe):
    _, found = by_universe
    for name, each in found.items():
        classes = len(REDSHIFTS if name.startswith("red") else ESCAPE_FRACTIONS)
        assert each.test.shape[1] == classes
        np.testing.assert_allclose(each.test.sum(1), 1, rtol=1e-4)
        assert each.test.min() > 0


@pytest.mark.parametrize("column", [0, 1])
def test_what_sees_only_place_or_universe_scores_at_chance(by_universe, column):
    examples, found = by_universe
    chance = 1 / len((REDSHIFTS, ESCAPE_FRACTIONS)[column])
    for name in BLIND:
        score = accuracy(examples, found[f"{COLUMNS[column]}:{name}"], column)
        assert score == pytest.approx(chance, abs=0.05), name


def test_even_shuffled_the_place_alone_tells_no_redshift(shuffled):
    """Every place occurs at every redshift: what leaks is the neighbouring slice, not its place."""
    examples, found = shuffled
    truth = examples["test"].y
    for name in BLIND:
        p = found[f"redshift_class:{name}"].test
        assert np.mean(p.argmax(1) == truth) < 0.45
        assert -np.log(p[np.arange(len(truth)), truth.astype(int)]).mean() > 1.0


def test_slice_statistics_tell_redshift_and_escape_fraction(by_universe):
    examples, found = by_universe
    for name in ("discriminant", "slice_ridge", "slice_trees", "neighbours"):
        assert accuracy(examples, found[f"redshift_class:{name}"], 0) > 0.6, name
    for name in ("discriminant", "slice_ridge", "slice_trees"):
        assert accuracy(examples, found[f"escape_fraction_class:{name}"], 1) > 0.6, name


def test_simple_methods_see_the_noise_that_the_network_sees(slices):
    task = {"name": "classification", "column": "redshift_class", "values": list(REDSHIFTS)}
    evaluation = make_evaluation("reionization", task)
    plain = read_examples(slices, evaluation)
    noisy = read_examples(slices, evaluation, noise={"rms": 8.0})
    again = read_examples(slices, evaluation, noise={"rms": 8.0})
    for split in ("train", "valid", "test"):
        added = noisy[split].x - plain[split].x
        assert added.std() == pytest.approx(8, rel=0.02)
        np.testing.assert_array_equal(noisy[split].x, again[split].x)


def test_features_do_not_depend_on_where_a_periodic_slice_is_cut():
    x = np.random.default_rng(0).normal(size=(32, 32, 2)).astype(np.float32)
    np.testing.assert_allclose(
        slice_features.slice_features(np.roll(x, (5, 9), (0, 1))),
        slice_features.slice_features(x),
        rtol=1e-4,
        atol=1e-5,
    )


def test_numbers_of_slices_are_read_off_slice_statistics(slices):
    examples, found = fitted(slices, {"name": "regression", "columns": ["slice_neutral_fraction"]})
    names = {name.partition(":")[2] for name in found}
    assert names == {"mean", "slice_ridge", "slice_trees", "index_only"}
    error = found["slice_neutral_fraction:slice_ridge"].test - examples["test"].y[:, 0]
    assert np.std(error) < 0.05


def test_classes_that_training_lacks_are_possible_all_the_same():
    random = np.random.default_rng(0)

    def split(classes, count=60):
        y = random.choice(classes, count)
        features = y[:, None] + random.normal(size=(count, 3))
        place = np.zeros((count, 2))
        return ordered_classes.ClassSplit(features, features, place, np.array(["s"] * count), y)

    parts = split([0, 2]), split([0, 1, 2]), split([0, 1, 2])
    for name, fit in ordered_classes.BASELINES.items():
        found = fit(*parts, values=[5.0, 6.0, 7.0], seed=0)
        assert found.test.shape == (60, 3), name
        assert found.test.min() > 0, name


def test_a_reconstruction_of_full_size_is_exact(slices):
    examples = read_examples(slices, ReconstructionEvaluation({"name": "reconstruction"}))
    splits = [taken(examples[s], np.arange(20)) for s in ("train", "valid", "test")]
    pixels = splits[0].x[0].size
    for name, size in (("cosines", 2 * pixels), ("coarse", pixels)):
        found = reconstructions.BASELINES[name](*splits, size=size, seed=0)
        np.testing.assert_allclose(found.test, splits[2].x, atol=1e-3)


def test_what_is_given_back_is_no_larger_than_the_latent(slices):
    examples, found = fitted(slices, {"name": "reconstruction"})
    size = 32 * 32 // 8
    for name, numbers in (("cosines", size // 2), ("coarse", size)):
        coefficient = fft.dctn(found[name].test[..., 0], axes=(1, 2), norm="ortho")
        assert (np.abs(coefficient) > 1e-3).sum((1, 2)).max() <= numbers
    flat = found["principal"].test.reshape(len(found["principal"].test), -1)
    centred = flat - flat[0]
    assert np.linalg.matrix_rank(centred, tol=1e-2) <= size
    errors = {n: ((each.test - examples["test"].y) ** 2).mean() for n, each in found.items()}
    assert max(errors, key=errors.get) == "mean"


def test_slices_are_matched_by_correlation_and_not_by_chance(pairs):
    examples, found = fitted(pairs, {"name": "matching", "columns": COLUMNS, "candidates": 16})
    scores = {n: top_1(each.test, examples["test"].y, 16, 0).mean() for n, each in found.items()}
    assert scores["chance"] < 0.15
    assert scores["correlation"] > 0.6
    assert scores["phases"] > 0.6
    assert set(scores) == set(matches.BASELINES)
