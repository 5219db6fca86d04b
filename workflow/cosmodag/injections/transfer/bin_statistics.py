"""Completeness, bias and scatter in bins, with intervals, from sums by group."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cosmodag.evaluation.bootstrap import Interval, bounds, draw
from cosmodag.injections.transfer.bin_sums import BinSums, quantiles
from cosmodag.injections.transfer.intervals import REPLICAS, fraction_interval, resampled

LEVELS = (0.16, 0.5, 0.84)
"""Levels of the quantiles of errors: the bias is the median, the scatter half of the distance of
the others."""
UNKNOWN: Interval = {"value": None, "low": None, "high": None}


def bin_table(sums: BinSums, minimum: int) -> pd.DataFrame:
    """Return the statistics of all bins.

    Parameters
    ----------
    sums : BinSums
        Sums of B bins.
    minimum : int
        Fewest injections, or measurements, of a bin whose statistics are stated.

    Returns
    -------
    pandas.DataFrame
        B rows: n_injected, n_detected, n_groups (that contribute), completeness and predicted (the
        mean of the model), and for each quantity n_<quantity> (measured), bias_<quantity> and
        scatter_<quantity>. Values with an interval have columns of the endings _low and _high. NaN
        where there are too few injections.
    """
    n_trials, n_successes = sums.n_trials.sum(axis=0), sums.n_successes.sum(axis=0)
    n_predicted = sums.n_predicted.sum(axis=0)
    table = pd.DataFrame(
        {
            "n_injected": n_trials.astype(np.int64),
            "n_detected": n_successes.astype(np.int64),
            "n_groups": (sums.n_trials > 0).sum(axis=0),
            **_columns("completeness", completeness(sums, minimum)),
            "predicted": np.divide(
                sums.predicted.sum(axis=0),
                n_predicted,
                out=np.full(len(n_trials), np.nan),
                where=(n_trials >= minimum) & (n_predicted > 0),
            ),
        }
    )
    parts = [table]
    for name, histogram in sums.errors.items():
        bias, scatter = error_statistics(histogram, minimum)
        columns = {
            f"n_{name}": histogram.sum(axis=(0, 2), dtype=np.int64),
            **_columns(f"bias_{name}", bias),
            **_columns(f"scatter_{name}", scatter),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, axis=1)


def completeness(sums: BinSums, minimum: int) -> list[Interval]:
    """Return the fraction of successes of each bin with its interval.

    Parameters
    ----------
    sums : BinSums
        Sums of B bins.
    minimum : int
        Fewest trials.

    Returns
    -------
    list of dict
        B times `value`, `low` and `high`; None where there are too few trials.
    """
    n_trials, n_successes = sums.n_trials.sum(axis=0), sums.n_successes.sum(axis=0)
    n_groups = (sums.n_trials > 0).sum(axis=0)
    drawn = draw(_fractions, (sums.n_trials, sums.n_successes)).replicas
    return [
        fraction_interval(n_successes[b], n_trials[b], drawn[str(b)], int(n_groups[b]))
        if n_trials[b] >= max(minimum, 1)
        else UNKNOWN
        for b in range(len(n_trials))
    ]


def error_statistics(histogram: np.ndarray, minimum: int) -> tuple[list[Interval], list[Interval]]:
    """Return the median of errors, and half of the distance of their 16 and 84 % quantiles.

    Parameters
    ----------
    histogram : numpy.ndarray, shape (G, B, H), int32
        Histograms of errors by group and bin, see `cosmodag.injections.transfer.bin_sums`.
    minimum : int
        Fewest measurements.

    Returns
    -------
    bias, scatter : list of dict
        B times `value`, `low` and `high` of each. Where fewer than two groups contribute, the
        interval is that of independent measurements.
    """
    total = histogram.sum(axis=0, dtype=np.float64)
    n_groups = (histogram.sum(axis=2) > 0).sum(axis=0)
    drawn = draw(_errors, (histogram.astype(np.float64),), replicas=REPLICAS)
    found: tuple[list[Interval], list[Interval]] = ([], [])
    for b, own in enumerate(total):
        for name, statistics in zip(("bias", "scatter"), found):
            if own.sum() < max(minimum, 1):
                statistics.append(UNKNOWN)
                continue
            replicas, n_units = drawn.replicas[f"{name} {b}"], int(n_groups[b])
            if n_units < 2:
                replicas = _errors(resampled(own)[:, None])[f"{name} 0"]
                n_units = int(own.sum())
            limits = (0, np.inf) if name == "scatter" else (-np.inf, np.inf)
            value = drawn.values[f"{name} {b}"]
            statistics.append(bounds(value, replicas, n_units, limits=limits))
    return found


def magnitude_at(table: pd.DataFrame, name: str, level: float) -> float | None:
    """Return the magnitude beyond which completeness stays below a level.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of bins of a magnitude: <name>_lower, <name>_upper, completeness.
    name : str
        Band.
    level : float
        Completeness.

    Returns
    -------
    float or None
        Interpolated between the middles of bins; None where completeness does not fall to the
        level.
    """
    known = table[table["completeness"].notna()]
    middle = ((known[f"{name}_lower"] + known[f"{name}_upper"]) / 2).to_numpy()
    value = known["completeness"].to_numpy()
    above = np.flatnonzero(value >= level)
    if not len(above) or above[-1] == len(value) - 1:
        return None
    last = above[-1]
    return float(np.interp(level, [value[last + 1], value[last]], [middle[last + 1], middle[last]]))


def _fractions(n_trials: np.ndarray, n_successes: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return fractions by number of the bin from totals, (R, B) each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = n_successes / n_trials
    return {str(b): fraction[:, b] for b in range(fraction.shape[1])}


def _errors(histogram: np.ndarray) -> Mapping[str, np.ndarray]:
    """Return bias and scatter by number of the bin from total histograms (R, B, H)."""
    low, median, high = quantiles(histogram, LEVELS)
    scatter = (high - low) / 2
    return {
        **{f"bias {b}": median[:, b] for b in range(median.shape[1])},
        **{f"scatter {b}": scatter[:, b] for b in range(scatter.shape[1])},
    }


def _columns(name: str, intervals: list[Interval]) -> dict[str, np.ndarray]:
    """Return values and bounds of intervals as columns, NaN where there are none."""
    return {
        f"{name}{ending}": np.array([each[key] for each in intervals], np.float64)
        for ending, key in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
