"""Errors of galaxy parameters by signal-to-noise."""

import re

import numpy as np
import pytest

from cosmodag.galaxies.evaluation import signal_figures
from cosmodag.galaxies.evaluation.signal_scores import (
    absolute_errors,
    bootstrap_medians,
    bright_bin,
    errors_by_signal,
    summary,
)


@pytest.fixture(scope="module")
def galaxies():
    """Signal-to-noise, true magnitude, and the predictions of a good and of a poor method."""
    random = np.random.default_rng(0)
    signal = 10 ** random.uniform(0.8, 2.9, 1500)
    truth = random.uniform(18, 23, 1500)
    good = truth + random.normal(0, 1, 1500) / signal
    poor = truth + random.normal(0, 3, 1500) / signal
    return signal, truth, good, poor


def rows_of(galaxies, network, baseline, column="magnitude"):
    signal, truth, *_ = galaxies
    groups = np.arange(len(truth))
    predicted = {"network": network, "stamp_trees": baseline}
    return errors_by_signal(column, truth, predicted, groups, signal, replicas=200)


def test_errors_of_magnitude_and_log_radius_are_fractions_of_flux_and_radius():
    error = absolute_errors("magnitude", np.array([20.1, 19.9]), np.array([20.0, 20.0]))
    assert error["absolute_error"] == pytest.approx(0.1)
    assert error["flux_error"] == pytest.approx([1 - 10**-0.04, 10**0.04 - 1])
    assert absolute_errors("log_radius", np.array([0.3]), np.zeros(1))[
        "radius_error"
    ] == pytest.approx(0.995, abs=1e-3)
    assert absolute_errors("axis_ratio", np.ones(1), np.zeros(1)).keys() == {"absolute_error"}


def test_bins_of_signal_to_noise_partition_the_galaxies(galaxies):
    rows = rows_of(galaxies, galaxies[2], galaxies[3])
    assert [(row["low"], row["high"]) for row in rows] == [
        (0, 10), (10, 30), (30, 100), (100, 300), (300, None), (30, None),
    ]  # fmt: skip
    bins = rows[:-1]
    assert sum(row["n"] for row in bins) == 1500
    medians = [row["scores"]["network"]["flux_error"]["value"] for row in bins]
    assert medians == sorted(medians, reverse=True)
    # The median of a normal error is 0.674 standard deviations: 1 / signal magnitudes.
    assert medians[2] == pytest.approx(0.674 * 0.92 / bins[2]["at"], rel=0.2)
    assert bright_bin(rows)["n"] == sum(row["n"] for row in rows[2:-1])


def test_each_bin_has_an_outcome(galaxies):
    _, _, good, poor = galaxies
    assert {row["outcome"] for row in rows_of(galaxies, good, poor)} == {"better"}
    assert {row["outcome"] for row in rows_of(galaxies, poor, good)} == {"worse"}
    same = rows_of(galaxies, good, good)
    assert {row["outcome"] for row in same} == {"inconclusive"}
    assert same[0]["against"] == "stamp_trees"
    assert same[0]["differences"]["stamp_trees"]["flux_error"]["value"] == 0


def test_intervals_of_a_median_have_nominal_coverage():
    covered = 0
    for seed in range(200):
        values = np.random.default_rng(seed).exponential(1, 200)
        draws = bootstrap_medians({"error": values}, np.arange(200), replicas=300, seed=seed)
        interval = draws.intervals()["error"]
        covered += interval["low"] <= np.log(2) <= interval["high"]
    assert 0.9 <= covered / 200 <= 0.99


def test_bootstrap_resamples_whole_groups():
    values = np.array([1.0, 1.0, 1.0, 9.0, 9.0, 9.0])
    draws = bootstrap_medians({"error": values}, np.repeat([0, 1], 3), replicas=100, seed=0)
    assert set(draws.replicas["error"]) == {1, 9}
    assert draws.groups == 2


def test_summary_has_the_errors_of_bright_galaxies(galaxies):
    rows = {"magnitude": rows_of(galaxies, galaxies[2], galaxies[3])}
    rows["axis_ratio"] = rows["magnitude"]
    sentence = summary(rows)
    n = bright_bin(rows["magnitude"])["n"]
    start = (
        rf"At a signal-to-noise above 30, median error of {n} galaxies: "
        r"flux \d\.\d % \(\d\.\d to \d\.\d\)"
    )
    assert re.match(start + r" against \d\.\d % .* of boosted trees .* \(better\)\.$", sentence)
    assert summary({"axis_ratio": rows["magnitude"]}) is None
    assert summary({}) is None


def test_figure_shows_errors_by_signal_to_noise(galaxies, tmp_path):
    rows = rows_of(galaxies, galaxies[2], galaxies[3])
    sample = {"by_signal_to_noise": {"magnitude": rows_of(galaxies, galaxies[2], galaxies[3])}}
    for row in sample["by_signal_to_noise"]["magnitude"]:
        row["scores"]["sersic_fit"] = row["scores"]["stamp_trees"]
    curves = signal_figures.error_curves("magnitude", rows, {"sersic_fit": sample})
    assert curves.keys() == {"network", "stamp_trees", "sersic_fit"}
    assert len(curves["network"]) == 5
    signal_figures.draw_error_curves(tmp_path / "signal.svg", "magnitude", curves)
    drawn = (tmp_path / "signal.svg").read_text()
    for words in ("signal-to-noise", "median error of the flux", "fitted Sérsic profiles"):
        assert words in drawn
