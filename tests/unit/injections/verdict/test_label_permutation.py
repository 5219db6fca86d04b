"""Label permutations and failures of controls."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.verdict import controls, label_permutation
from cosmodag.injections.verdict.label_permutation import LabelledFeatures, permutation_test
from cosmodag.injections.verdict.rank_tests import rank_p_values


def random_features(first: int, n_bricks: int, seed: int, per_brick: int = 40) -> LabelledFeatures:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(first, first + n_bricks), per_brick).astype(str)
    features = rng.normal(size=(n_bricks * per_brick, 16))
    features += rng.normal(size=(n_bricks, 16)).repeat(per_brick, 0)
    return LabelledFeatures(features, rng.integers(0, 2, n_bricks * per_brick), groups)


def test_rejection_rate_is_the_significance_level():
    result = permutation_test(random_features(0, 12, 1), random_features(12, 12, 2))
    assert result["relabellings"] >= 200
    assert result["holds"]
    assert result["low"] <= 0.05 <= result["high"]


def test_leaked_labels_raise_the_rejection_rate(monkeypatch):
    def leaking(scores, ones, groups):
        return rank_p_values(scores + 0.2 * scores.std(0) * ones, ones, groups)

    monkeypatch.setattr(label_permutation, "rank_p_values", leaking)
    result = permutation_test(random_features(0, 12, 1), random_features(12, 12, 2))
    assert not result["holds"]
    assert result["rejected"] > 0.1


def test_shared_groups_are_refused():
    with pytest.raises(InputError, match="share groups"):
        permutation_test(random_features(0, 4, 1), random_features(3, 4, 2))


def test_labels_are_permuted_within_bricks():
    _, label, groups = random_features(0, 5, 3)
    permuted = label_permutation.permute_within_groups(label, groups, 7, np.random.default_rng(1))
    for brick in np.unique(groups):
        np.testing.assert_array_equal(
            permuted[groups == brick].sum(0), label[groups == brick].sum()
        )
    assert (permuted != label[:, None]).any()


@pytest.mark.parametrize(
    ("kind", "p_value", "holds", "failures"),
    [
        ("positive control", 1e-5, True, []),
        ("positive control", 0.02, True, ["the flaw of x was not detected (p = 0.02)"]),
        ("positive control", None, True, ["the flaw of x was not detected (no p-value)"]),
        ("negative control", 0.3, True, []),
        (
            "negative control",
            1e-6,
            True,
            ["the classes of x, which has no flaw, were distinguished (p = 1e-06)"],
        ),
        ("test", 0.5, False, ["9.0% of 500 label permutations were rejected at the 5 % level"]),
    ],
)
def test_failed_controls_are_reported(kind, p_value, holds, failures):
    null = {"rejected": 0.09, "relabellings": 500, "holds": holds}
    tests = [{"run": "x", "kind": kind, "p_value": p_value, "auc": {"high": 0.7}}]
    assert controls.control_failures(tests, null) == failures


def test_a_test_whose_classes_positions_give_away_is_a_failure():
    row = {"run": "x", "kind": "test", "p_value": 1e-9, "outcome": "leaking", "auc": {"high": 0.9}}
    failures = controls.control_failures([row], {"holds": True})
    assert failures == ["positions or names give the classes of x away"]
