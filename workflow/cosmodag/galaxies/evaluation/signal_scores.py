"""Errors of predicted galaxy parameters by signal-to-noise.

The signal-to-noise determines how well parameters can be measured, so a score over all galaxies
mainly reflects the depth of the survey. The median of the absolute error is robust against the few
galaxies with large errors.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.evaluation import Table
from cosmodag.evaluation.formatting import bounds, number, percent
from cosmodag.evaluation.names import baseline_title, score_title
from cosmodag.evaluation.verdict import outcome

COLUMN = "signal_to_noise"
"""Column of the index: signal-to-noise of the flux in all bands, see `Observation`."""
EDGES = (0.0, 10.0, 30.0, 100.0, 300.0, np.inf)
"""Edges of the bins of signal-to-noise."""
BRIGHT = 30.0
"""Signal-to-noise of the galaxies that the summary describes, at least."""
FRACTIONAL_ERRORS = {"magnitude": ("flux_error", -0.4), "log_radius": ("radius_error", 1.0)}
"""Name of the fractional error of logarithmic columns, and the exponent of 10 per unit."""
LIMITS = dict.fromkeys(("absolute_error", "flux_error", "radius_error"), (0, np.inf))
"""Smallest and largest possible value of each error."""


def absolute_errors(column: str, predicted: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Return the errors of a column.

    Parameters
    ----------
    column : str
        Name of the parameter.
    predicted, truth : numpy.ndarray, shape (N,)
        In the unit of the column.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,)
        `absolute_error` in the unit of the column; for magnitudes also `flux_error`, for the
        logarithm of the radius `radius_error`, as fractions of flux and radius.

    Examples
    --------
    >>> errors = absolute_errors("log_radius", np.array([1.0]), np.array([0.0]))
    >>> errors["radius_error"]
    array([9.])
    """
    difference = np.asarray(predicted, np.float64) - truth
    errors = {"absolute_error": np.abs(difference)}
    if column in FRACTIONAL_ERRORS:
        name, exponent = FRACTIONAL_ERRORS[column]
        errors[name] = np.abs(10 ** (exponent * difference) - 1)
    return errors


def headline_error(column: str) -> str:
    """Return the name of the error that decides a column: the fractional one if there is one.

    Parameters
    ----------
    column : str
        Name of the parameter.

    Returns
    -------
    str

    Examples
    --------
    >>> headline_error("magnitude"), headline_error("axis_ratio")
    ('flux_error', 'absolute_error')
    """
    return FRACTIONAL_ERRORS.get(column, ("absolute_error",))[0]


def bootstrap_medians(
    values: Mapping[str, np.ndarray], groups: np.ndarray, *, replicas: int, seed: int
) -> bootstrap.Draws:
    """Bootstrap medians over groups.

    The median of a replica is the smallest value that half of its examples do not exceed.

    Parameters
    ----------
    values : mapping from str to numpy.ndarray, shape (N,)
        Values by name.
    groups : numpy.ndarray, shape (N,)
        Independent group of each example.
    replicas : int
        Number of bootstrap replicas.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Draws
    """
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    multiplicities = bootstrap.multiplicities(len(names), replicas, seed)
    medians, draws = {}, {}
    for name, sample in values.items():
        order = np.argsort(sample, kind="stable")
        ranked, ranked_code = np.asarray(sample)[order], code[order]
        medians[name] = float(ranked[(len(ranked) - 1) // 2])
        draws[name] = np.empty(replicas)
        for replica, counts in enumerate(multiplicities):
            cumulative = np.cumsum(counts[ranked_code])
            draws[name][replica] = ranked[np.searchsorted(cumulative, cumulative[-1] / 2)]
    return bootstrap.Draws(medians, draws, len(names))


def errors_by_signal(
    column: str,
    truth: np.ndarray,
    predicted: Mapping[str, np.ndarray],
    groups: np.ndarray,
    signal: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return the median errors of predictors in bins of signal-to-noise.

    Parameters
    ----------
    column : str
        Name of the parameter.
    truth : numpy.ndarray, shape (N,)
        True values.
    predicted : mapping from str to numpy.ndarray, shape (N,)
        Predictions by name, those of the network as "network".
    groups : numpy.ndarray, shape (N,)
        Independent group of each galaxy.
    signal : numpy.ndarray, shape (N,)
        Signal-to-noise of each galaxy.
    replicas, seed
        See `bootstrap_medians`.

    Returns
    -------
    list of dict
        A row for each bin with galaxies, from the faintest, then one for all galaxies above
        `BRIGHT`: the edges `low` and `high` (None for infinity), `at` (median signal-to-noise),
        `n`, `scores` of each predictor, `differences` (network minus each baseline), and by the
        error of `headline_error` `outcome` and `against`, the baseline with the smallest error.
    """
    edges = [*itertools.pairwise(EDGES), (BRIGHT, np.inf)]
    bins = []
    for low, high in edges:
        rows = np.flatnonzero((signal >= low) & (signal < high))
        if not len(rows):
            continue
        draws = {
            name: bootstrap_medians(
                absolute_errors(column, values[rows], truth[rows]),
                groups[rows],
                replicas=replicas,
                seed=seed,
            )
            for name, values in predicted.items()
        }
        bins.append(
            {
                "low": low,
                "high": float(high) if np.isfinite(high) else None,
                "at": float(np.median(signal[rows])),
                "n": len(rows),
                **_compare(draws, headline_error(column)),
            }
        )
    return bins


def _compare(draws: Mapping[str, bootstrap.Draws], error: str) -> dict[str, Any]:
    """Return scores, differences and outcome of one bin."""
    network = draws["network"]
    baselines = {name: medians for name, medians in draws.items() if name != "network"}
    improvements = [medians.minus(network)[error] for medians in baselines.values()]
    return {
        "scores": {name: medians.intervals(LIMITS) for name, medians in draws.items()},
        "differences": {name: network.minus(medians) for name, medians in baselines.items()},
        "outcome": outcome(improvements, network.groups),
        "against": min(baselines, key=lambda name: baselines[name].values[error], default=None),
    }


def bright_bin(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the row of all galaxies above `BRIGHT`.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of `errors_by_signal`.

    Returns
    -------
    mapping or None
        None if there are no such galaxies.
    """
    if rows and rows[-1]["low"] == BRIGHT and rows[-1]["high"] is None:
        return rows[-1]
    return None


def table(by_column: Mapping[str, Sequence[Mapping[str, Any]]], galaxies: str) -> Table:
    """Return the errors by signal-to-noise as a table of the report.

    Parameters
    ----------
    by_column : mapping from str to sequence of mapping
        Rows of `errors_by_signal` for each column.
    galaxies : str
        Name of the sample of galaxies, for the caption.

    Returns
    -------
    Table
    """
    baselines = list(next(iter(by_column.values()))[0]["differences"])
    rows = []
    for column, bins in by_column.items():
        error = headline_error(column)
        title = score_title(f"{column}.{error}" if error == "absolute_error" else error)
        for row in bins:
            edges = f"above {row['low']:g}"
            if row["high"]:
                edges = f"{row['low']:g} to {row['high']:g}"
            cells = [_cell(row["scores"].get(name), error) for name in ("network", *baselines)]
            rows.append([title, edges, f"{row['n']}", *cells, row["outcome"]])
    caption = (
        f"Median error of {galaxies} by signal-to-noise of the flux of all bands, with 95 % "
        "intervals over galaxies; the verdict is against all baselines of the row."
    )
    names = [baseline_title(name) for name in baselines]
    columns = ["error", "signal-to-noise", "galaxies", "network", *names, "verdict"]
    return Table(caption, columns, rows)


def _cell(scores: Mapping[str, Any] | None, error: str) -> str:
    """Return an error with its interval as text."""
    if not scores:
        return "–"
    interval = scores[error]
    if error == "absolute_error":
        return f"{number(interval['value'])} ({bounds(interval)})"
    return percent(interval)


def summary(by_column: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """Return a sentence on the errors of flux and radius of bright galaxies.

    Parameters
    ----------
    by_column : mapping from str to sequence of mapping
        Rows of `errors_by_signal` for each column.

    Returns
    -------
    str or None
        None if neither error is known above `BRIGHT`.
    """
    clauses, n_bright = [], 0
    for column, rows in by_column.items():
        row = bright_bin(rows)
        if column not in FRACTIONAL_ERRORS or row is None:
            continue
        error, n_bright = headline_error(column), row["n"]
        network, baseline = (row["scores"].get(name) for name in ("network", row["against"]))
        clause = f"{error.removesuffix('_error')} {percent(network[error])}"
        if baseline is not None:
            title = baseline_title(row["against"])
            clause += f" against {percent(baseline[error])} of {title} ({row['outcome']})"
        clauses.append(clause)
    if not clauses:
        return None
    text = "; ".join(clauses)
    return f"At a signal-to-noise above {BRIGHT:g}, median error of {n_bright} galaxies: {text}."
