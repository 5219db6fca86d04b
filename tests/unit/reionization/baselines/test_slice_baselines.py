"""Baselines on slices use the signal, and baselines without it are at chance."""

import numpy as np
import pandas as pd
import pytest
from scipy import fft

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.evaluation import targets
from cosmodag.evaluation.baselines import ordered_classes, reconstructions
from cosmodag.evaluation.baselines.examples import Examples, taken
from cosmodag.evaluation.reconstruction_evaluation import ReconstructionEvaluation
from cosmodag.evaluation.targets import read_examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.reionization.baselines import slice_features, slice_matching
from cosmodag.reionization.evaluation.retrieval import top_1_hits
from cosmodag.training.completion import complete_task
from tests.slices import ESCAPE_FRACTIONS, REDSHIFTS

COLUMNS = ["redshift_class", "escape_fraction_class"]
BLIND = ("shares", "index_only", "seed_only")


def fit(folder, task, noise=None):
    task = complete_task(task, Dataset.open(folder))
    evaluation = make_evaluation("reionization", task)
    examples = read_examples(folder, evaluation, noise=noise)
    return examples, evaluation.fit(examples, seed=0, threads=1)


@pytest.fixture(scope="module")
def by_realization(slices):
    return fit(slices, {"name": "ordinal", "columns": COLUMNS}, {"rms": 8.0, "beam": 2.0})


@pytest.fixture(scope="module")
def shuffled(make_slices):
    """The protocol of the study by its authors: slices of one realization, split at random."""
    folder = make_slices(protocol="random", seeds=1, step=1)
    return fit(folder, {"name": "classification", "column": "redshift_class"})


def accuracy(examples, predictions, column):
    return np.mean(predictions.test.argmax(1) == examples["test"].y[:, column])


def test_distributions_sum_to_one(by_realization):
    _, baselines = by_realization
    for name, predictions in baselines.items():
        classes = len(REDSHIFTS if name.startswith("red") else ESCAPE_FRACTIONS)
        assert predictions.test.shape[1] == classes
        np.testing.assert_allclose(predictions.test.sum(1), 1, rtol=1e-4)
        assert predictions.test.min() > 0


@pytest.mark.parametrize("column", [0, 1])
def test_baselines_without_the_slice_are_at_chance(by_realization, column):
    examples, baselines = by_realization
    chance = 1 / len((REDSHIFTS, ESCAPE_FRACTIONS)[column])
    for name in BLIND:
        score = accuracy(examples, baselines[f"{COLUMNS[column]}:{name}"], column)
        assert score == pytest.approx(chance, abs=0.05), name


def test_the_position_does_not_predict_the_redshift_in_a_random_split(shuffled):
    """Each position occurs at each redshift: a random split leaks neighbours, not positions."""
    examples, baselines = shuffled
    truth = examples["test"].y
    for name in BLIND:
        p = baselines[f"redshift_class:{name}"].test
        assert np.mean(p.argmax(1) == truth) < 0.45
        assert -np.log(p[np.arange(len(truth)), truth.astype(int)]).mean() > 1.0


def test_slice_features_predict_redshift_and_escape_fraction(by_realization):
    examples, baselines = by_realization
    for name in ("discriminant", "slice_ridge", "slice_trees", "slice_perceptron", "neighbours"):
        assert accuracy(examples, baselines[f"redshift_class:{name}"], 0) > 0.6, name
    for name in ("discriminant", "slice_ridge", "slice_trees", "slice_perceptron"):
        assert accuracy(examples, baselines[f"escape_fraction_class:{name}"], 1) > 0.6, name


def test_baselines_are_fitted_to_the_same_noise_as_the_network(slices):
    task = {"name": "classification", "column": "redshift_class", "values": list(REDSHIFTS)}
    evaluation = make_evaluation("reionization", task)
    plain = read_examples(slices, evaluation)
    noisy = read_examples(slices, evaluation, noise={"rms": 8.0})
    again = read_examples(slices, evaluation, noise={"rms": 8.0})
    for split in ("train", "valid", "test"):
        added = noisy[split].x - plain[split].x
        assert added.std() == pytest.approx(8, rel=0.02)
        np.testing.assert_array_equal(noisy[split].x, again[split].x)


def test_draws_of_the_noise_are_those_of_the_network_s_epochs(slices):
    task = {"name": "classification", "column": "redshift_class", "values": list(REDSHIFTS)}
    evaluation, noise = make_evaluation("reionization", task), {"rms": 8.0, "beam": 2.0}
    examples = read_examples(slices, evaluation, noise=noise, noise_draws=3, seed=7)
    once = read_examples(slices, evaluation, noise=noise, seed=7)
    for split in ("train", "valid", "test"):
        draws = 3 if split == "train" else 1
        assert list(examples[split].index["id"]) == draws * list(once[split].index["id"])
        np.testing.assert_array_equal(examples[split].y, np.tile(once[split].y, draws))
        loader = Loader(
            Dataset.open(slices),
            split,
            target={"columns": ["redshift_class"]},
            batch_size=8,
            preprocessing=Preprocessing(noise=noise),
            seed=7,
        )
        rows = np.arange(len(loader.index))
        for epoch, x in enumerate(np.split(examples[split].x, draws)):
            np.testing.assert_array_equal(x, loader.read(rows, epoch).x.movedim(1, -1))


def test_large_training_sets_have_fewer_draws_of_the_noise(slices, monkeypatch, caplog):
    task = {"name": "classification", "column": "redshift_class", "values": list(REDSHIFTS)}
    evaluation = make_evaluation("reionization", task)
    size = read_examples(slices, evaluation)["train"].x.nbytes
    for memory, draws in ((size // 2, 1), (2.5 * size, 2)):
        monkeypatch.setattr(targets, "MAX_BYTES", memory)
        noisy = read_examples(slices, evaluation, noise={"rms": 8.0}, noise_draws=3)
        assert noisy["train"].x.nbytes == draws * size
        assert f"baselines are fitted to {draws} instead of 3 draws" in caplog.text


def test_features_do_not_depend_on_periodic_translations():
    x = np.random.default_rng(0).normal(size=(3, 32, 32, 2)).astype(np.float32)
    np.testing.assert_allclose(
        slice_features.features_of_slices(np.roll(x, (5, 9), (1, 2))),
        slice_features.features_of_slices(x),
        rtol=1e-4,
        atol=1e-5,
    )


def test_slice_features_predict_the_neutral_fraction(slices):
    examples, baselines = fit(slices, {"name": "regression", "columns": ["slice_neutral_fraction"]})
    names = {name.partition(":")[2] for name in baselines}
    assert names == {"mean", "slice_ridge", "slice_trees", "slice_perceptron", "index_only"}
    error = baselines["slice_neutral_fraction:slice_ridge"].test - examples["test"].y[:, 0]
    assert np.std(error) < 0.05


def test_classes_missing_in_training_have_nonzero_probability():
    random = np.random.default_rng(0)

    def split(classes, count=60):
        y = random.choice(classes, count)
        features = y[:, None] + random.normal(size=(count, 3))
        position = np.zeros((count, 2))
        return ordered_classes.ClassSplit(features, features, position, np.array(["s"] * count), y)

    splits = split([0, 2]), split([0, 1, 2]), split([0, 1, 2])
    for name, baseline in ordered_classes.BASELINES.items():
        predictions = baseline(*splits, values=[5.0, 6.0, 7.0], seed=0)
        assert predictions.test.shape == (60, 3), name
        assert predictions.test.min() > 0, name


def test_a_reconstruction_of_full_size_is_exact(slices):
    examples = read_examples(slices, ReconstructionEvaluation({"name": "reconstruction"}))
    splits = [taken(examples[s], np.arange(20)) for s in ("train", "valid", "test")]
    pixels = splits[0].x[0].size
    for name, size in (("cosines", 2 * pixels), ("coarse", pixels)):
        predictions = reconstructions.BASELINES[name](*splits, size=size, seed=0)
        np.testing.assert_allclose(predictions.test, splits[2].x, atol=1e-3)


def test_baseline_reconstructions_have_no_more_dimensions_than_the_latent(slices):
    examples, baselines = fit(slices, {"name": "reconstruction"})
    size = 32 * 32 // 8
    for name, n_coefficients in (("cosines", size // 2), ("coarse", size)):
        coefficient = fft.dctn(baselines[name].test[..., 0], axes=(1, 2), norm="ortho")
        assert (np.abs(coefficient) > 1e-3).sum((1, 2)).max() <= n_coefficients
    flat = baselines["principal"].test.reshape(len(baselines["principal"].test), -1)
    centred = flat - flat[0]
    assert np.linalg.matrix_rank(centred, tol=1e-2) <= size
    errors = {
        name: ((predictions.test - examples["test"].y) ** 2).mean()
        for name, predictions in baselines.items()
    }
    assert max(errors, key=errors.get) == "mean"


def test_correlation_matches_slices_better_than_chance(pairs):
    examples, baselines = fit(pairs, {"name": "matching", "columns": COLUMNS, "candidates": 16})
    scores = {
        name: top_1_hits(predictions.test, examples["test"].y, 16, 0).mean()
        for name, predictions in baselines.items()
    }
    assert scores["chance"] < 0.15
    assert scores["correlation"] > 0.6
    assert scores["phases"] > 0.6
    assert set(scores) == set(slice_matching.BASELINES)


def gaussian_pairs(random, number):
    """Return pairs whose long waves agree and whose short waves are independent."""
    k = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.rfftfreq(32))
    coherence = np.exp(-((k * 32 / 3) ** 2))
    first, other = np.fft.rfft2(random.normal(size=(2, number, 32, 32)))
    second = coherence * first + np.sqrt(1 - coherence**2) * other
    x = np.fft.irfft2(np.stack([first, second], -1), axes=(1, 2))
    index = pd.DataFrame({"group": np.arange(number)})
    return Examples(x.astype(np.float32), np.zeros((number, 1)), index)


def test_rounding_errors_of_slices_without_their_mean_are_no_feature():
    random = np.random.default_rng(4)
    x = random.normal(size=(20, 32, 32, 1))
    x -= x.mean((1, 2), keepdims=True)
    rounded = x + random.uniform(-1e-6, 1e-6, (20, 1, 1, 1))
    features = slice_features.features_of_slices(rounded.astype(np.float32))
    assert not features[:, 0].any()
    assert slice_features.features_of_slices((x + 1e-3).astype(np.float32))[:, 0].all()


def test_the_matched_filter_is_best_where_fields_are_gaussian():
    random = np.random.default_rng(6)
    splits = [gaussian_pairs(random, number) for number in (300, 60, 120)]
    hits = {
        name: np.mean(top_1_hits(baseline(*splits, candidates=60, seed=1).test, splits[2].y, 60, 1))
        for name, baseline in slice_matching.BASELINES.items()
    }
    assert hits["matched_filter"] > max(hits["phases"], hits["correlation"], 0.5)


def test_statistics_distinguish_redshifts_of_one_region(make_slices):
    folder = make_slices(channels=("density", "brightness_temperature"), seeds=8, step=16)
    task = {"name": "matching", "columns": COLUMNS[1:], "candidates": 100}
    examples, baselines = fit(folder, task)
    pattern, both = (
        np.mean(top_1_hits(baselines[name].test, examples["test"].y, 100, 0))
        for name in ("phases", "pattern_and_parameters")
    )
    assert both > pattern + 0.2
