"""Scores of distributions over ordered classes, against closed forms and other implementations."""

import numpy as np
import pytest
from scipy import special, stats
from sklearn import metrics

from cosmodag.evaluation import class_scores

VALUES = np.array([5.0, 6.0, 8.0, 9.0])


@pytest.fixture(scope="module")
def drawn():
    """Distributions, and classes that are drawn from them."""
    random = np.random.default_rng(2)
    probability = special.softmax(1.5 * random.normal(size=(6000, 4)), 1)
    truth = (random.random((6000, 1)) > probability.cumsum(1)[:, :-1]).sum(1)
    return probability, truth, random.integers(0, 30, 6000)


def scored(probability, truth, groups=None, guess=6.0):
    groups = np.zeros(len(truth)) if groups is None else groups
    sums = class_scores.class_sums(probability, truth, groups, VALUES, guess)
    return {k: v[0] for k, v in class_scores.scores(*(s.sum(0)[None] for s in sums)).items()}


def test_scores_are_those_of_scikit_learn(drawn):
    probability, truth, groups = drawn
    found = scored(probability, truth, groups)
    assert found["accuracy"] == pytest.approx(np.mean(probability.argmax(1) == truth))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, probability))
    median = class_scores.median_value(probability, VALUES)
    assert found["mae"] == pytest.approx(np.abs(median - VALUES[truth]).mean())
    guess = np.abs(6.0 - VALUES[truth]).mean()
    assert found["mae_skill"] == pytest.approx(1 - found["mae"] / guess)


def test_the_ranked_probability_score_is_an_expected_distance(drawn):
    """CRPS = E|X - y| - E|X - X'| / 2 (Gneiting & Raftery 2007, equation 21)."""
    probability, truth, _ = drawn
    apart = np.abs(VALUES[:, None] - VALUES)
    expected = (probability @ apart)[np.arange(len(truth)), truth]
    expected = expected - 0.5 * np.einsum("ni,ij,nj->n", probability, apart, probability)
    assert scored(probability, truth)["crps"] == pytest.approx(expected.mean())


def test_honest_distributions_hold_the_truth_as_often_as_they_say(drawn):
    probability, truth, _ = drawn
    found = scored(probability, truth)
    assert found["coverage_68"] == pytest.approx(0.6827, abs=0.015)
    assert found["coverage_95"] == pytest.approx(0.9545, abs=0.01)
    assert found["expected_calibration_error"] < 0.02
    sure = special.softmax(3 * np.log(probability), 1)
    assert scored(sure, truth)["coverage_68"] < 0.6
    assert scored(sure, truth)["expected_calibration_error"] > 0.1


def test_a_sure_and_right_distribution_loses_nothing():
    found = scored(np.eye(4), np.arange(4))
    assert (found["accuracy"], found["mae"], found["crps"]) == (1, 0, 0)
    assert found["mae_skill"] == 1
    assert found["coverage_68"] == pytest.approx(0.6827)  # of a point, as much as it says


def test_the_median_is_the_value_of_least_expected_error(drawn):
    probability = drawn[0][:200]
    error = probability @ np.abs(VALUES[:, None] - VALUES)
    best = VALUES[error.argmin(1)]
    np.testing.assert_array_equal(class_scores.median_value(probability, VALUES), best)


def test_groups_are_drawn_whole(drawn):
    probability, truth, _ = drawn
    alone = class_scores.class_draws(probability, truth, np.zeros(len(truth)), VALUES, 6.0)
    assert alone.intervals()["accuracy"]["low"] is None
    groups = np.arange(len(truth)) % 20
    interval = class_scores.class_draws(probability, truth, groups, VALUES, 6.0).intervals()
    expected = stats.norm.ppf(0.975) * np.sqrt(0.25 / len(truth))
    width = interval["accuracy"]["high"] - interval["accuracy"]["low"]
    assert width == pytest.approx(2 * expected, rel=0.5)


def test_accuracy_is_told_at_each_redshift():
    truth = np.array([0, 0, 1, 1])
    probability = np.eye(4)[[0, 1, 1, 1]]
    found = class_scores.hits_by(probability, truth, np.arange(4), np.array([6.0, 6, 8, 8]))
    assert [(each["at"], each["value"]) for each in found] == [(6.0, 0.5), (8.0, 1.0)]


def test_confusion_counts_true_classes_in_rows():
    count = class_scores.confusion(np.eye(3)[[2, 2, 1]], np.array([0, 2, 1]), 3)
    np.testing.assert_array_equal(count, [[0, 0, 1], [0, 1, 0], [0, 0, 1]])


def test_intervals_spread_a_class_over_its_cell():
    intervals = class_scores.value_intervals(np.array([[0.0, 1, 0, 0]]), VALUES)
    low, high = intervals["68"]
    half = 0.6827 / 2 * (7.0 - 5.5)
    assert (low[0], high[0]) == pytest.approx((6.25 - half, 6.25 + half))
