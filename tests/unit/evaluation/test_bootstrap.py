import json

import numpy as np
import pytest

from cosmodag.evaluation import bootstrap


def mean_of_sums(totals):
    return {"mean": totals[:, 1] / totals[:, 0]}


def sums_of(values, groups):
    return (bootstrap.group_sums(groups, np.stack([np.ones_like(values), values], axis=1)),)


def correlated(random, groups, each=10):
    """Values whose groups share an offset as large as their scatter; the true mean is 0."""
    code = np.repeat(np.arange(groups), each)
    return random.normal(size=groups)[code] + random.normal(size=code.size), code


@pytest.mark.parametrize("groups", [4, 8, 25])
def test_intervals_over_groups_cover_the_truth_in_95_percent(groups):
    random = np.random.default_rng(groups)
    covered = 0
    for trial in range(400):
        values, code = correlated(random, groups)
        drawn = bootstrap.draw(mean_of_sums, sums_of(values, code), replicas=600, seed=trial)
        found = drawn.intervals()["mean"]
        covered += found["low"] <= 0 <= found["high"]
    assert 0.92 <= covered / 400 <= 0.985


def test_resampling_examples_would_pretend_to_know_too_much():
    values, code = correlated(np.random.default_rng(0), 20, each=50)
    honest = bootstrap.interval(np.mean, code, values, replicas=500)
    naive = bootstrap.interval(np.mean, np.arange(values.size), values, replicas=500)
    assert honest["high"] - honest["low"] > 3 * (naive["high"] - naive["low"])


def test_sums_give_the_intervals_of_the_statistic_itself():
    values, code = correlated(np.random.default_rng(1), 12)
    direct = bootstrap.interval(np.mean, code, values, replicas=300, seed=5)
    summed = bootstrap.draw(mean_of_sums, sums_of(values, code), replicas=300, seed=5)
    assert summed.intervals()["mean"] == pytest.approx(direct)


def test_intervals_do_not_depend_on_the_order_of_examples():
    values, code = correlated(np.random.default_rng(2), 12)
    order = np.random.default_rng(3).permutation(values.size)
    first = bootstrap.draw(mean_of_sums, sums_of(values, code), seed=1).intervals()["mean"]
    other = bootstrap.draw(mean_of_sums, sums_of(values[order], code[order]), seed=1)
    assert other.intervals()["mean"] == pytest.approx(first)


def test_paired_differences_cancel_what_groups_share():
    values, code = correlated(np.random.default_rng(4), 12)
    better = values + 0.1 + np.random.default_rng(5).normal(0, 0.01, values.size)
    draws = [bootstrap.draw(mean_of_sums, sums_of(each, code)) for each in (better, values)]
    difference, alone = draws[0].minus(draws[1])["mean"], draws[0].intervals()["mean"]
    assert 0.08 < difference["low"] < difference["value"] < difference["high"] < 0.12
    assert alone["high"] - alone["low"] > 0.5


def test_one_group_has_no_interval():
    drawn = bootstrap.draw(mean_of_sums, sums_of(np.arange(5.0), np.zeros(5)))
    assert drawn.intervals()["mean"] == {"value": 2.0, "low": None, "high": None}


def test_what_is_undefined_reaches_json_as_null():
    undefined = bootstrap.bounds(np.nan, np.full(10, np.nan), 5)
    mostly = bootstrap.bounds(1.0, np.array([1.0, np.nan, np.nan]), 5)
    assert json.dumps(undefined, allow_nan=False).count("null") == 3
    assert mostly == {"value": 1.0, "low": None, "high": None}


def test_intervals_stay_within_the_limits_of_a_score():
    replicas = np.random.default_rng(0).normal(0.95, 0.05, 500)
    assert bootstrap.bounds(0.95, replicas, 3, limits=(-1, 1))["high"] == 1.0
