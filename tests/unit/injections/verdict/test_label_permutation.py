"""Rejections where there is nothing to find, and verdicts that rest on controls."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.verdict import controls, label_permutation
from cosmodag.injections.verdict.label_permutation import null_rejections
from cosmodag.injections.verdict.two_sample import rank_p_values


def part(first: int, bricks: int, seed: int, each: int = 40):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(first, first + bricks), each).astype(str)
    features = rng.normal(size=(bricks * each, 16)) + rng.normal(size=(bricks, 16)).repeat(each, 0)
    return features, rng.integers(0, 2, bricks * each), groups


def test_chance_is_rejected_as_often_as_it_says():
    found = null_rejections(part(0, 12, 1), part(12, 12, 2))
    assert found["relabellings"] >= 200
    assert found["holds"]
    assert found["low"] <= 0.05 <= found["high"]


def test_a_test_that_leaks_labels_does_not_hold(monkeypatch):
    def leaking(scores, ones, groups):
        return rank_p_values(scores + 0.2 * scores.std(0) * ones, ones, groups)

    monkeypatch.setattr(label_permutation, "rank_p_values", leaking)
    found = null_rejections(part(0, 12, 1), part(12, 12, 2))
    assert not found["holds"]
    assert found["rejected"] > 0.1


def test_bricks_may_not_be_in_both_parts():
    with pytest.raises(InputError, match="groups are shared"):
        null_rejections(part(0, 4, 1), part(3, 4, 2))


def test_labels_are_shuffled_within_bricks():
    _, label, groups = part(0, 5, 3)
    found = label_permutation.relabelled(label, groups, 7, np.random.default_rng(1))
    for brick in np.unique(groups):
        np.testing.assert_array_equal(found[groups == brick].sum(0), label[groups == brick].sum())
    assert (found != label[:, None]).any()


@pytest.mark.parametrize(
    ("kind", "p_value", "holds", "failures"),
    [
        ("fault", 1e-5, True, []),
        ("fault", 0.02, True, ["the fault of x was not detected (p = 0.02)"]),
        ("fault", None, True, ["the fault of x was not detected (no p-value)"]),
        ("unchanged", 0.3, True, []),
        ("unchanged", 1e-6, True, ["x, which has no fault, was told apart (p = 1e-06)"]),
        ("test", 0.5, False, ["9.0% of 500 relabellings were rejected at the 5 % level"]),
    ],
)
def test_controls_that_fail_are_named(kind, p_value, holds, failures):
    null = {"rejected": 0.09, "relabellings": 500, "holds": holds}
    tests = [{"run": "x", "kind": kind, "p_value": p_value}]
    assert controls.failed(tests, null) == failures
