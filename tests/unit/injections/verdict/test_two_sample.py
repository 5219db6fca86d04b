"""Classifier two-sample test."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from cosmodag.injections.verdict import rank_tests, two_sample
from cosmodag.injections.verdict.rank_tests import Sample


def make_sample(
    effect: float, n_bricks: int = 30, per_brick: int = 80, seed: int = 0, ties: bool = False
) -> Sample:
    """Return scores of two classes whose means differ by `effect` standard deviations."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n_bricks * per_brick)
    score = rng.normal(size=label.size) + effect * label
    score = 1 / (1 + np.exp(-score + effect / 2))
    groups = np.repeat(np.arange(n_bricks), per_brick)
    return Sample(np.round(score, 1) if ties else score, label, groups)


@pytest.mark.parametrize("ties", [False, True])
def test_auc_agrees_with_scikit_learn(ties):
    sample = make_sample(0.5, n_bricks=6, per_brick=40, ties=ties)
    draws = rank_tests.auc_draws(sample, replicas=20, seed=3)
    assert draws.values["auc"] == pytest.approx(roc_auc_score(sample.label, sample.score))
    assert draws.values["accuracy"] == pytest.approx(((sample.score >= 0.5) == sample.label).mean())
    weights = rank_tests.multiplicities(6, 20, 3)
    for drawn, replica in zip(weights, draws.replicas["auc"]):
        weight = drawn[sample.groups]
        assert replica == pytest.approx(
            roc_auc_score(sample.label, sample.score, sample_weight=weight)
        )


def test_difference_is_detected():
    sample = make_sample(0.8)
    test, _ = two_sample.two_sample_test(sample, sample.score * 0 + 1.0, replicas=300)
    assert test["outcome"] == two_sample.DISTINGUISHABLE
    assert test["p_value"] < 1e-6
    assert test["accuracy_p_value"] < 1e-6
    assert "distinguishable: AUC 0.7" in test["sentence"]


def test_only_a_large_test_finds_classes_indistinguishable():
    small, _ = two_sample.two_sample_test(
        make_sample(0, n_bricks=12, per_brick=20, seed=1), None, replicas=300
    )
    assert small["outcome"] == two_sample.INCONCLUSIVE
    assert "Inconclusive: AUC" in small["sentence"]
    assert small["smallest_effect"] > 0.55
    large, _ = two_sample.two_sample_test(
        make_sample(0, n_bricks=200, per_brick=100, seed=2), None, replicas=300
    )
    assert large["outcome"] == two_sample.INDISTINGUISHABLE
    assert "indistinguishable to AUC ≤ 0.5" in large["sentence"]


def test_false_positive_rate_is_the_significance_level():
    rejected = [
        rank_tests.mann_whitney(make_sample(0, 10, 50, seed)) < two_sample.LEVEL
        for seed in range(300)
    ]
    assert 0.02 < np.mean(rejected) < 0.09


@pytest.mark.parametrize("bricks", [6, 12, 30])
def test_smallest_effect_is_detected_with_the_stated_power(bricks):
    """The power is that of the outcome, not of the p-value only."""

    def outcome(effect, seed):
        test, _ = two_sample.two_sample_test(
            make_sample(effect, bricks, 50, seed), None, replicas=300
        )
        return test["outcome"], test["smallest_effect"]

    effect = np.median([outcome(0, seed)[1] for seed in range(10)])
    shift = stats.norm.ppf(effect) * np.sqrt(2)
    detected = [outcome(shift, seed)[0] == two_sample.DISTINGUISHABLE for seed in range(150)]
    assert np.mean(detected) > 0.91  # 0.95 minus two standard errors of 150 trials


def test_reversed_scores_are_inconclusive():
    auc = {"value": 0.45, "low": 0.42, "high": 0.48}
    assert two_sample.decide_outcome(auc, 0.999, 12) == two_sample.INCONCLUSIVE
    sentence = two_sample.outcome_sentence(two_sample.INCONCLUSIVE, auc, {}, 12)
    assert "interval lies below 0.5" in sentence


def test_equal_scores_are_no_evidence():
    sample = make_sample(0, 30, 80, 6)
    depth = np.unique(sample.groups, return_inverse=True)[1] / 30  # differs between groups alone
    test, _ = two_sample.two_sample_test(sample._replace(score=depth), None, replicas=300)
    assert test["outcome"] == two_sample.INCONCLUSIVE
    assert "nothing was learned" in test["sentence"]


def test_fewer_than_five_groups_are_inconclusive():
    test, _ = two_sample.two_sample_test(make_sample(2.0, n_bricks=4), None, replicas=300)
    assert test["p_value"] < 1e-6
    assert test["outcome"] == two_sample.INCONCLUSIVE
    assert "at least 5 independent test groups are needed" in test["sentence"]


def test_significant_magnitudes_are_reported():
    sample = make_sample(0, 30, 80, 6)
    magnitude = np.random.default_rng(1).uniform(21, 24, len(sample.label))
    faint = magnitude > 23.4
    score = np.where(faint, sample.score + 0.3 * sample.label, sample.score)
    test, _ = two_sample.two_sample_test(sample._replace(score=score), magnitude, replicas=200)
    assert len(test["bins"]) == 5
    assert {entry["n"] for entry in test["bins"]} == {480}
    significant = [entry["p_value"] < 0.05 for entry in test["bins"]]
    assert significant == [False, False, False, False, True]
    assert "at g magnitudes 23." in test["sentence"]


def test_holm_adjustment_preserves_order():
    assert rank_tests.holm_adjusted([0.01, None, 0.04, 0.03]) == [0.03, None, 0.06, 0.06]


def test_p_values_of_one_group_agree_with_scipy():
    rng = np.random.default_rng(4)
    scores, ones = rng.normal(size=(60, 3)), rng.integers(0, 2, (60, 3)) > 0
    p_values = rank_tests.rank_p_values(scores, ones, np.zeros(60))
    for score, label, p_value in zip(scores.T, ones.T, p_values):
        expected = stats.mannwhitneyu(
            score[label],
            score[~label],
            alternative="greater",
            method="asymptotic",
            use_continuity=False,
        )
        assert p_value == pytest.approx(expected.pvalue)


def test_differences_between_groups_are_ignored():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 60)
    label = (rng.uniform(size=1200) < np.linspace(0.2, 0.8, 20)[groups]).astype(int)
    sample = Sample(rng.normal(size=1200) + groups, label, groups)
    assert rank_tests.mann_whitney(sample) > 0.01
    assert rank_tests.auc_draws(sample, replicas=50).values["auc"] > 0.6
    separate = Sample(np.arange(4.0), np.array([0, 0, 1, 1]), np.array([1, 1, 2, 2]))
    assert rank_tests.mann_whitney(separate) is None
