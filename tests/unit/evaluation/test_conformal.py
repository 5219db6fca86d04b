"""Intervals that hold the truth as often as they say."""

import numpy as np
import pytest

from cosmodag.evaluation.conformal import intervals, reaches


def heavy(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, mean and predicted spread where errors have heavy tails and spreads are too wide."""
    random = np.random.default_rng(seed)
    spread = np.exp(random.normal(0, 1, count))
    truth = random.normal(0, 3, count)
    return truth, truth + 0.5 * spread * random.standard_t(2, count), spread


def coverage(found, truth) -> dict[str, float]:
    return {k: np.mean((truth >= low) & (truth <= high)) for k, (low, high) in found.items()}


def test_heavy_tailed_errors_are_covered_where_a_normal_spread_is_not():
    valid, test = heavy(2000, 0), heavy(20000, 1)
    normal = coverage(intervals(test[1], test[2], {"68": 1.0, "95": 2.0}), test[0])
    assert normal["68"] > 0.75
    found = coverage(intervals(test[1], test[2], reaches(*valid)), test[0])
    assert found == pytest.approx({"68": 0.6827, "95": 0.9545}, abs=0.02)


def test_few_validation_examples_cover_no_less_than_they_say_on_average():
    hits = []
    for seed in range(400):
        valid, test = heavy(30, 2 * seed), heavy(50, 2 * seed + 1)
        hits.append(coverage(intervals(test[1], test[2], reaches(*valid)), test[0]))
    assert np.mean([each["68"] for each in hits]) == pytest.approx(0.70, abs=0.02)
    assert np.mean([each["95"] for each in hits]) > 0.9545 - 0.005


def test_with_too_few_validation_examples_intervals_are_wide_and_finite():
    truth = np.array([0.1, -0.3, 0.2])
    found = reaches(truth, np.zeros(3), 0.1)
    assert found["68"] == pytest.approx(3)  # the third of three, ⌈4 × 0.68⌉
    normal = 2 * np.sqrt(np.mean((truth / 0.1) ** 2))
    assert found["95"] == pytest.approx(normal, rel=0.01)
    # No less than the largest error seen, however small the others are.
    assert reaches(np.array([5.0, *np.zeros(15)]), np.zeros(16), 1.0)["95"] == 5


def test_a_method_that_never_errs_on_validation_gets_intervals_of_no_width():
    found = reaches(np.ones(100), np.ones(100), 0.0)
    assert found == {"68": 0, "95": 0}


def test_the_unit_of_the_spread_does_not_matter():
    truth, mean, spread = heavy(500, 3)
    first = intervals(mean, spread, reaches(truth, mean, spread))
    again = intervals(mean, 7 * spread, reaches(truth, mean, 7 * spread))
    for level in first:
        assert np.allclose(first[level], again[level])
