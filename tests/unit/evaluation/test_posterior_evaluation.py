"""Posteriors are scored as those of a linear model, whose posterior is known, should be."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import kstest

from cosmodag.evaluation.baselines import posteriors
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Subset
from cosmodag.evaluation.posterior_calibration import uncorrected
from cosmodag.evaluation.posterior_evaluation import PosteriorEvaluation
from cosmodag.evaluation.posterior_scores import judge
from cosmodag.training.gaussian_mixture import GaussianMixture

COLUMNS = ["omega_m", "sigma8"]
RANGES = {"omega_m": [0.2, 0.4], "sigma8": [0.65, 1.0]}
MIXING = np.array([[1.0, 0.5, 0.0, -0.3], [0.2, -1.0, 0.6, 0.1]])
NOISE = 0.5
TRUE_PRECISION = MIXING @ MIXING.T / NOISE**2 + np.eye(2)
TRUE_GAIN = np.linalg.slogdet(TRUE_PRECISION)[1] / 2
"""Mean information gain of the true posterior in nats."""


def make_examples(n: int, seed: int, groups: int | None = None) -> Examples:
    """Examples whose features are a linear function of the variables with Gaussian noise."""
    random = np.random.default_rng(seed)
    z = random.normal(size=(n, 2))
    x = z @ MIXING + NOISE * random.normal(size=(n, 4))
    space = evaluation().posterior.space
    y = space.to_parameters(torch.as_tensor(z)).numpy()
    group = np.arange(n) if groups is None else np.arange(n) % groups
    index = pd.DataFrame({"group": [f"{seed}-{k}" for k in group]})
    for k, column in enumerate(COLUMNS):
        index[column] = y[:, k]
    return Examples(x, y.astype(np.float32), index)


class LinearEvaluation(PosteriorEvaluation):
    """Evaluation whose features are the examples themselves."""

    def summaries(self, examples, **options):
        return {"summaries": {split: each.x for split, each in examples.items()}}


def evaluation() -> LinearEvaluation:
    task = {"name": "posterior", "columns": COLUMNS, "ranges": RANGES}
    return LinearEvaluation(task | {"mean": [0.3, 0.825], "std": [0.058, 0.1]})


def true_posterior(examples: Examples, widened: float = 1.0, moved=(0.0, 0.0)) -> np.ndarray:
    """Descriptions of the true posteriors, or of those of a wrong width or place."""
    mean = examples.x @ MIXING.T / NOISE**2 @ np.linalg.inv(TRUE_PRECISION)
    n = len(examples.x)
    factor = np.broadcast_to(np.linalg.cholesky(TRUE_PRECISION), (n, 2, 2)).copy()
    mixture = GaussianMixture(
        torch.zeros(n, 1), torch.as_tensor(mean)[:, None], torch.as_tensor(factor)[:, None]
    )
    return mixture.moved(torch.tensor(moved)).widened(widened).output().numpy().astype(np.float32)


@pytest.fixture(scope="module")
def splits():
    return {
        "train": make_examples(500, 1),
        "valid": make_examples(300, 2),
        "test": make_examples(600, 3),
    }


@pytest.fixture(scope="module")
def fitted(splits):
    return evaluation().fit(splits, seed=1)


def scored(splits, fitted, *wrong):
    network = {s: {"mixture": true_posterior(splits[s], *wrong)} for s in ("valid", "test")}
    return evaluation().score(Subset(splits, network, fitted), replicas=200, seed=0)


@pytest.fixture(scope="module")
def right(splits, fitted):
    """Scores of a network that predicts the true posteriors."""
    return scored(splits, fitted)


def test_the_true_posterior_is_calibrated_and_gains_what_it_should(right):
    metrics = right.metrics
    gain = metrics["scores"]["information_gain"]
    assert gain["low"] < TRUE_GAIN < gain["high"]
    assert metrics["scores"]["credible_68"]["value"] == pytest.approx(0.683, abs=0.06)
    assert metrics["scores"]["credible_95"]["value"] == pytest.approx(0.954, abs=0.03)
    assert metrics["scores"]["omega_m.coverage_68"]["value"] == pytest.approx(0.683, abs=0.06)
    calibration = metrics["calibration"]["network"]
    assert calibration["scale"] == pytest.approx(1, abs=0.1)
    assert calibration["shift"] == {"omega_m": 0, "sigma8": 0}
    assert all(each["p"] > 0.01 for each in calibration["uniformity"].values())


@pytest.mark.parametrize("widened", [0.6, 1.8])
def test_posteriors_of_a_wrong_width_are_corrected_on_the_validation_split(splits, fitted, widened):
    metrics = scored(splits, fitted, widened).metrics
    assert metrics["calibration"]["network"]["scale"] == pytest.approx(1 / widened, rel=0.1)
    assert metrics["scores"]["credible_68"]["value"] == pytest.approx(0.683, abs=0.06)


def test_posteriors_in_a_wrong_place_are_corrected_on_the_validation_split(splits, fitted):
    metrics = scored(splits, fitted, 1.0, (0.5, -0.3)).metrics
    calibration = metrics["calibration"]["network"]
    assert calibration["shift"] == pytest.approx({"omega_m": -0.5, "sigma8": 0.3}, abs=0.15)
    uniformity = calibration["uniformity"]
    assert all(uniformity[name]["distance"] < 0.08 for name in COLUMNS)  # 0.2 and 0.12 uncorrected


def test_wrong_posteriors_are_noticed_by_ranks_and_random_points(splits, fitted):
    test = splits["test"]
    mixture = GaussianMixture.from_output(torch.as_tensor(true_posterior(test, 0.4)), 2)
    judged = judge(
        mixture, evaluation().posterior.space, test.y, calibration=uncorrected(2), seed=1
    )
    uniformity = judged.uniformity(test.index["group"].to_numpy(), COLUMNS)
    assert all(uniformity[name]["p"] < 1e-4 for name in (*COLUMNS, "tarp"))
    assert (judged.level <= 0.683).mean() < 0.4


def test_a_posterior_that_is_right_on_average_alone_fails_the_test_of_a_classifier(splits, fitted):
    """A network that swaps wide and narrow posteriors among examples."""
    network = {}
    for split in ("valid", "test"):
        right = GaussianMixture.from_output(torch.as_tensor(true_posterior(splits[split])), 2)
        is_low = torch.as_tensor(splits[split].y[:, 0] < np.median(splits[split].y[:, 0]))
        scale = torch.where(is_low, 0.7, 1.4)[:, None, None, None]
        network[split] = {
            "mixture": GaussianMixture(right.log_weight, right.mean, right.factor * scale)
            .output()
            .numpy()
            .astype(np.float32)
        }
    result = evaluation().score(Subset(splits, network, fitted), replicas=200, seed=0)
    uniformity = result.metrics["calibration"]["network"]["uniformity"]
    assert uniformity["local"]["p"] < 1e-3


@pytest.mark.parametrize(("name", "loss"), [("summaries", 0.12), ("summaries_likelihood", 0.04)])
def test_baselines_come_close_to_the_true_posterior(right, name, loss):
    metrics = right.metrics
    best, scores = metrics["scores"]["information_gain"]["value"], metrics["baselines"]
    assert best - loss < scores[name]["information_gain"]["value"] < best + 0.02
    assert scores["prior"]["information_gain"]["value"] == pytest.approx(0, abs=1e-6)


def test_a_network_that_predicts_the_prior_is_reported_as_worse(splits, fitted):
    prior = posteriors.prior(*splits.values())
    network = {"valid": {"mixture": prior.valid}, "test": {"mixture": prior.test}}
    result = evaluation().score(Subset(splits, network, fitted), replicas=200, seed=0)
    assert result.metrics["outcome"] == "worse"
    assert "information gain in nats" in result.metrics["verdict"]


def test_figures_and_table_are_made(right, tmp_path):
    expected = {"posteriors", "calibration", "numbers_omega_m", "numbers_sigma8"}
    assert right.figures.keys() == expected
    for name, figure in right.figures.items():
        figure.draw(tmp_path / f"{name}.svg")
    (table,) = right.tables
    assert [row[0] for row in table.rows] == [
        "network",
        "the prior",
        "a perceptron on summary statistics",
        "a Gaussian likelihood of summary statistics",
    ]
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_tests_of_uniformity_take_one_example_per_group():
    test = make_examples(600, 3, groups=60)
    space = evaluation().posterior.space
    mixture = GaussianMixture.from_output(torch.as_tensor(true_posterior(test)), 2)
    judged = judge(mixture, space, test.y, calibration=uncorrected(2), seed=1)
    tested = judged.uniformity(test.index["group"].to_numpy(), COLUMNS)
    expected = kstest(judged.rank[:60, 0], "uniform").statistic
    assert tested["omega_m"]["distance"] == pytest.approx(expected)


def test_copies_of_examples_add_no_information_to_a_likelihood():
    """Noise draws of one example, or slices of one realization, count as one where they agree."""
    train, valid, test = (make_examples(n, seed) for seed, n in enumerate((60, 20, 20)))
    twice = Examples(
        np.tile(train.x, (4, 1)), np.tile(train.y, (4, 1)), pd.concat([train.index] * 4)
    )
    once, copied = (
        posteriors.gaussian_likelihood(each, valid, test).test for each in (train, twice)
    )
    np.testing.assert_allclose(copied, once, rtol=1e-4, atol=1e-4)


def test_independent_examples_of_a_group_count_each():
    residual = np.random.default_rng(1).normal(size=(4000, 5))
    n = posteriors.independent_examples(residual, np.arange(4000) % 1000)
    assert n == pytest.approx(4000, rel=0.05)
    assert posteriors.independent_examples(residual, np.arange(4000)) == 4000
