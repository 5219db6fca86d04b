"""Statistics of bins and their intervals."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.injections.transfer.bin_statistics import bin_table, magnitude_at
from cosmodag.injections.transfer.bin_sums import BinSums, quantiles
from cosmodag.injections.transfer.bins import choose_edges
from cosmodag.injections.transfer.intervals import wilson
from cosmodag.injections.transfer.match_tables import choose_groups
from cosmodag.injections.transfer.variables import variables


def histogram(errors):
    sums = BinSums([np.array([-1.0, 1.0])], 1, ["r"])
    n = len(errors)
    sums.add([np.zeros(n)], np.zeros(n, int), np.ones(n, bool), errors={"r": np.asarray(errors)})
    return sums.errors["r"][0, 0]


@pytest.mark.parametrize(("centre", "scatter"), [(0.0, 0.002), (0.05, 0.1), (-0.3, 0.5)])
def test_quantiles_of_histograms_are_those_of_the_errors(centre, scatter):
    errors = np.random.default_rng(1).normal(centre, scatter, 20_000)
    found = quantiles(histogram(errors), (0.16, 0.5, 0.84))
    np.testing.assert_allclose(found, np.quantile(errors, (0.16, 0.5, 0.84)), atol=0.02 * scatter)


def test_errors_beyond_all_bins_count_as_the_largest():
    found = quantiles(histogram([-50.0, 0.0, 50.0, 60.0, np.nan]), (0.1, 0.9))
    np.testing.assert_allclose(found, [-3, 3])


def test_an_empty_histogram_has_no_quantile():
    assert np.isnan(quantiles(histogram([]), (0.5,))[0])


def test_wilson_s_interval_covers_the_truth_in_95_percent():
    random = np.random.default_rng(2)
    for probability in (0.05, 0.5, 0.95):
        successes = random.binomial(60, probability, 2000)
        found = [wilson(n, 60) for n in successes]
        covered = np.mean([each["low"] <= probability <= each["high"] for each in found])
        assert 0.92 < covered < 0.98


def correlated(random, n_groups, n, mean, scatter):
    """Detections in groups whose completeness differs."""
    share = np.clip(random.normal(mean, scatter, n_groups), 0, 1)
    group = np.repeat(np.arange(n_groups), n // n_groups)
    return group, random.random(len(group)) < share[group]


def test_intervals_cover_the_truth_of_bins():
    """Completeness and bias, in groups that share an offset, at two completenesses."""
    random = np.random.default_rng(3)
    trials, covered = 150, np.zeros(4)
    for _ in range(trials):
        sums = BinSums([np.array([0.0, 1.0, 2.0])], 20, ["r"])
        for place, mean in enumerate((0.6, 0.985)):
            group, success = correlated(random, 20, 400, mean, 0.05 if place == 0 else 0)
            offset = random.normal(0, 0.02, 20)
            error = np.where(success, offset[group] + random.normal(0.1, 0.1, len(group)), np.nan)
            at = np.full(len(group), place + 0.5)
            sums.add([at], group, success, errors={"r": error})
        table = bin_table(sums, 30)
        for place, mean in enumerate((0.6, 0.985)):
            row = table.iloc[place]
            covered[2 * place] += row["completeness_low"] <= mean <= row["completeness_high"]
            covered[2 * place + 1] += row["bias_r_low"] <= 0.1 <= row["bias_r_high"]
    assert (covered / trials > 0.9).all()
    assert (covered / trials < 1).all()


def test_a_bin_with_too_few_injections_states_their_number_alone():
    sums = BinSums([np.array([0.0, 1.0, 2.0, 3.0])], 2, ["r"])
    values = np.concatenate([np.full(100, 0.5), np.full(10, 1.5)])
    group = np.arange(110) % 2
    sums.add([values], group, np.ones(110, bool), errors={"r": np.zeros(110)})
    table = bin_table(sums, 30)
    assert table["n_injected"].tolist() == [100, 10, 0]
    assert table["completeness"].isna().tolist() == [False, True, True]
    assert table["bias_r"].isna().tolist() == [False, True, True]
    assert table["completeness_low"].iloc[0] < 1  # although all were detected
    assert table["completeness_high"].iloc[0] == 1


def test_one_group_has_binomial_intervals():
    random = np.random.default_rng(4)
    sums = BinSums([np.array([0.0, 1.0])], 1, ["r"])
    success = np.arange(200) % 4 > 0
    error = np.where(success, random.normal(0.1, 0.2, 200), np.nan)
    sums.add([np.full(200, 0.5)], np.zeros(200, int), success, errors={"r": error})
    row = bin_table(sums, 30).iloc[0]
    expected = wilson(150, 200)
    assert row["completeness_low"] == pytest.approx(expected["low"])
    half = (row["bias_r_high"] - row["bias_r_low"]) / 2
    assert half == pytest.approx(1.96 * 1.2533 * 0.2 / np.sqrt(150), rel=0.35)
    assert row["scatter_r_low"] < 0.2 < row["scatter_r_high"]


def test_injections_outside_all_bins_are_counted():
    sums = BinSums([np.array([0.0, 1.0])], 1)
    sums.add([np.array([-1.0, 0.5, np.nan, 1.0])], np.zeros(4, int), np.ones(4, bool))
    assert sums.n_outside == 2
    assert sums.n_trials.sum() == 2


def test_bins_in_two_dimensions_are_products():
    sums = BinSums([np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0, 3.0])], 1)
    sums.add([np.array([1.5]), np.array([0.5])], np.zeros(1, int), np.ones(1, bool))
    assert sums.n_trials.reshape(sums.shape).tolist() == [[0, 0, 0], [1, 0, 0]]


def test_magnitude_at_a_completeness_is_interpolated():
    table = pd.DataFrame(
        {
            "r_lower": [20.0, 21.0, 22.0, 23.0],
            "r_upper": [21.0, 22.0, 23.0, 24.0],
            "completeness": [0.8, 0.95, 0.85, np.nan],
        }
    )
    assert magnitude_at(table, "r", 0.9) == pytest.approx(22.0)
    assert magnitude_at(table, "r", 0.5) is None


def test_edges_are_multiples_of_the_width_or_of_equal_numbers_or_given():
    random = np.random.default_rng(5)
    known = variables("gr", "r")
    sample = {each.name: random.uniform(20.1, 22.9, 1000) for each in known}
    sample["seeing_r"] = np.full(1000, 1.4)
    edges = choose_edges(
        sample, known, "gr", magnitude_width=0.5, n_bins=4, given={"size": [0, 1, 2]}
    )
    np.testing.assert_allclose(edges["r"], np.arange(20, 23.5, 0.5))
    assert edges["size"].tolist() == [0, 1, 2]
    assert len(edges["g_minus_r"]) == 5
    counts = np.histogram(sample["g_minus_r"], edges["g_minus_r"])[0]
    np.testing.assert_allclose(counts, 250, atol=1)
    assert "seeing_r" not in edges  # it does not vary


def test_groups_are_bricks_or_runs_and_neighbours_are_joined():
    names = [f"{number:04d}p001" for number in range(150)]
    many = choose_groups(names[::-1], ["rs0"])
    assert (many.unit, many.n_units, many.n_groups) == ("bricks", 150, 60)
    assert [many.codes[name] for name in names[:6]] == [0, 0, 0, 1, 1, 2]
    runs = choose_groups(names[:1], ["rs0", "rs1"])
    assert (runs.unit, runs.n_groups) == ("runs", 2)
    one = choose_groups(names[:1], ["rs0"])
    assert (one.unit, one.n_groups) == ("injections", 1)
    table = pd.DataFrame({"brick": names[:2], "run": ["rs0", "rs1"]})
    assert runs.of(table).tolist() == [0, 1]
    assert one.of(table).tolist() == [0, 0]
