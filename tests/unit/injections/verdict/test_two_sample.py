"""The classifier two-sample test."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from cosmodag.injections.verdict import two_sample
from cosmodag.injections.verdict.two_sample import Sample


def sample(effect: float, bricks: int = 30, each: int = 80, seed: int = 0, ties: bool = False):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, bricks * each)
    score = rng.normal(size=label.size) + effect * label
    score = 1 / (1 + np.exp(-score + effect / 2))
    return Sample(np.round(score, 1) if ties else score, label, np.repeat(np.arange(bricks), each))


@pytest.mark.parametrize("ties", [False, True])
def test_auc_is_scikit_learn_s_for_all_and_for_replicas(ties):
    found = sample(0.5, bricks=6, each=40, ties=ties)
    draws = two_sample.auc_draws(found, replicas=20, seed=3)
    assert draws.values["auc"] == pytest.approx(roc_auc_score(found.label, found.score))
    assert draws.values["accuracy"] == pytest.approx(((found.score >= 0.5) == found.label).mean())
    times = two_sample.multiplicities(6, 20, 3)
    for drawn, replica in zip(times, draws.replicas["auc"]):
        weight = drawn[found.groups]
        assert replica == pytest.approx(
            roc_auc_score(found.label, found.score, sample_weight=weight)
        )


def test_a_difference_is_found_and_said():
    found = sample(0.8)
    test, _ = two_sample.two_sample_test(found, found.score * 0 + 1.0, replicas=300)
    assert test["outcome"] == two_sample.DISTINGUISHABLE
    assert test["p_value"] < 1e-6
    assert test["accuracy_p_value"] < 1e-6
    assert "distinguishable: AUC 0.7" in test["sentence"]


def test_no_difference_is_claimed_only_where_the_test_was_large():
    small, _ = two_sample.two_sample_test(sample(0, bricks=12, each=20, seed=1), None, replicas=300)
    assert small["outcome"] == two_sample.TOO_SMALL
    assert "too small to tell" in small["sentence"]
    assert small["smallest_effect"] > 0.55
    large, _ = two_sample.two_sample_test(
        sample(0, bricks=200, each=100, seed=2), None, replicas=300
    )
    assert large["outcome"] == two_sample.INDISTINGUISHABLE
    assert "indistinguishable to AUC ≤ 0.5" in large["sentence"]


def test_the_test_keeps_its_level():
    rejected = [
        two_sample.mann_whitney(sample(0, 10, 50, seed)) < two_sample.LEVEL for seed in range(300)
    ]
    assert 0.02 < np.mean(rejected) < 0.09


@pytest.mark.parametrize("bricks", [6, 12, 30])
def test_the_smallest_effect_is_seen_with_the_power_it_states(bricks):
    """By the whole verdict, not by its p-value alone."""

    def outcome(effect, seed):
        test, _ = two_sample.two_sample_test(sample(effect, bricks, 50, seed), None, replicas=300)
        return test["outcome"], test["smallest_effect"]

    effect = np.median([outcome(0, seed)[1] for seed in range(10)])
    shift = stats.norm.ppf(effect) * np.sqrt(2)
    seen = [outcome(shift, seed)[0] == two_sample.DISTINGUISHABLE for seed in range(150)]
    assert np.mean(seen) > 0.91  # 0.95 less two standard errors of 150 trials


def test_scores_turned_round_are_no_evidence_of_likeness():
    auc = {"value": 0.45, "low": 0.42, "high": 0.48}
    assert two_sample.judge(auc, 0.999) == two_sample.TOO_SMALL
    said = two_sample.say(two_sample.TOO_SMALL, auc, {"smallest_effect": 0.53})
    assert "lies below 0.5" in said


def test_bins_hold_equal_numbers_and_say_where():
    found = sample(0, 30, 80, 6)
    magnitude = np.random.default_rng(1).uniform(21, 24, len(found.label))
    faint = magnitude > 23.4
    score = np.where(faint, found.score + 0.3 * found.label, found.score)
    test, _ = two_sample.two_sample_test(found._replace(score=score), magnitude, replicas=200)
    assert len(test["bins"]) == 5
    assert {each["n"] for each in test["bins"]} == {480}
    seen = [each["p_value"] < 0.05 for each in test["bins"]]
    assert seen == [False, False, False, False, True]
    assert "at g magnitudes 23." in test["sentence"]


def test_holm_is_stricter_than_each_p_value_and_keeps_their_order():
    assert two_sample.holm([0.01, None, 0.04, 0.03]) == [0.03, None, 0.06, 0.06]


def test_p_values_within_one_group_are_those_of_mann_and_whitney():
    rng = np.random.default_rng(4)
    scores, ones = rng.normal(size=(60, 3)), rng.integers(0, 2, (60, 3)) > 0
    found = two_sample.rank_p_values(scores, ones, np.zeros(60))
    for mine, label, p_value in zip(scores.T, ones.T, found):
        expected = stats.mannwhitneyu(
            mine[label],
            mine[~label],
            alternative="greater",
            method="asymptotic",
            use_continuity=False,
        )
        assert p_value == pytest.approx(expected.pvalue)


def test_differences_between_groups_are_no_difference_between_classes():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 60)
    label = (rng.uniform(size=1200) < np.linspace(0.2, 0.8, 20)[groups]).astype(int)
    apart = Sample(rng.normal(size=1200) + groups, label, groups)
    assert two_sample.mann_whitney(apart) > 0.01
    assert two_sample.auc_draws(apart, replicas=50).values["auc"] > 0.6
    alone = Sample(np.arange(4.0), np.array([0, 0, 1, 1]), np.array([1, 1, 2, 2]))
    assert two_sample.mann_whitney(alone) is None
