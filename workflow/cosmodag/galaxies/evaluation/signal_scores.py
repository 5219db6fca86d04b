"""Errors of predicted parameters of galaxies by how far these stand out of the noise.

What can be read off an image depends on its signal-to-noise before all else, so a score over all
galaxies tells of the survey that was drawn. An error is told as the median of its absolute value:
a few galaxies that are taken for others do not drown it.
"""

import itertools
from collections.abc import Mapping

import numpy as np

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.evaluation import Table
from cosmodag.evaluation.formatting import bounds, number, percent
from cosmodag.evaluation.names import baseline_title, score_title
from cosmodag.evaluation.verdict import outcome

COLUMN = "signal_to_noise"
"""Of the index: that of the flux in all bands together, as `observe` defines it."""
EDGES = (0.0, 10.0, 30.0, 100.0, 300.0, np.inf)
BRIGHT = 30.0
"""Signal-to-noise above which galaxies are told of in one sentence."""
FRACTIONS = {"magnitude": ("flux_error", -0.4), "log_radius": ("radius_error", 1.0)}
"""Columns that are logarithms, with the power of 10 that their error is of what they stand for."""
LIMITS = dict.fromkeys(("absolute_error", "flux_error", "radius_error"), (0, np.inf))


def errors(column: str, predicted: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Absolute errors (N,) in the column's unit, and as fractions of flux and of radius."""
    off = np.asarray(predicted, np.float64) - truth
    found = {"absolute_error": np.abs(off)}
    if column in FRACTIONS:
        name, power = FRACTIONS[column]
        found[name] = np.abs(10 ** (power * off) - 1)
    return found


def deciding_error(column: str) -> str:
    """Which error of a column is told and decides: the fraction, where there is one."""
    return FRACTIONS.get(column, ("absolute_error",))[0]


def median_draws(
    values: Mapping[str, np.ndarray], groups: np.ndarray, *, replicas: int, seed: int
) -> bootstrap.Draws:
    """Medians of values (N,) with replicas over groups.

    A replica's median is the least value that half of its examples do not exceed.
    """
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    times = bootstrap.multiplicities(len(names), replicas, seed)
    found, drawn = {}, {}
    for name, each in values.items():
        order = np.argsort(each, kind="stable")
        ranked, of = np.asarray(each)[order], code[order]
        found[name] = float(ranked[(len(ranked) - 1) // 2])
        drawn[name] = np.empty(replicas)
        for replica, counts in enumerate(times):
            held = np.cumsum(counts[of])
            drawn[name][replica] = ranked[np.searchsorted(held, held[-1] / 2)]
    return bootstrap.Draws(found, drawn, len(names))


def by_signal(
    column: str,
    truth: np.ndarray,
    predicted: Mapping[str, np.ndarray],
    groups: np.ndarray,
    signal: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> list[dict]:
    """Errors of each predictor in each bin of signal-to-noise, and of all galaxies above `BRIGHT`.

    Parameters
    ----------
    column : str
        What is predicted, such as "magnitude".
    truth : array of shape (N,)
    predicted : mapping from predictor to array of shape (N,)
        The network's under "network".
    groups, signal : arrays of shape (N,)
        Group and signal-to-noise of each galaxy.
    replicas, seed
        As `cosmodag.evaluation.bootstrap.draw` takes them.

    Returns
    -------
    list of dict
        A bin each that holds galaxies, from the faintest, then that above `BRIGHT`: `low` and
        `high`, its edges (None: no upper one), `at` (median signal-to-noise), `n`, `scores` (of
        each predictor, see `errors`), `differences` (the network's errors minus the others'),
        `outcome` and `against` (the other of least error), by the error of `deciding_error`.
    """
    pairs = [*itertools.pairwise(EDGES), (BRIGHT, np.inf)]
    options = {"replicas": replicas, "seed": seed}
    found = []
    for low, high in pairs:
        rows = np.flatnonzero((signal >= low) & (signal < high))
        if not len(rows):
            continue
        draws = {
            name: median_draws(errors(column, each[rows], truth[rows]), groups[rows], **options)
            for name, each in predicted.items()
        }
        found.append(
            {
                "low": low,
                "high": float(high) if np.isfinite(high) else None,
                "at": float(np.median(signal[rows])),
                "n": len(rows),
                **_compared(draws, deciding_error(column)),
            }
        )
    return found


def _compared(draws: Mapping[str, bootstrap.Draws], error: str) -> dict:
    """Scores, differences and outcome of one bin."""
    rivals = {name: each for name, each in draws.items() if name != "network"}
    saved = [each.minus(draws["network"])[error] for each in rivals.values()]
    return {
        "scores": {name: each.intervals(LIMITS) for name, each in draws.items()},
        "differences": {name: draws["network"].minus(each) for name, each in rivals.items()},
        "outcome": outcome(saved, draws["network"].groups),
        "against": min(rivals, key=lambda name: rivals[name].values[error], default=None),
    }


def bright(rows: list[dict]) -> dict | None:
    """The row of all galaxies above `BRIGHT`, None where there is none."""
    return rows[-1] if rows and rows[-1]["low"] == BRIGHT and rows[-1]["high"] is None else None


def table(by_column: Mapping[str, list[dict]], galaxies: str) -> Table:
    """Return the errors by signal-to-noise as a table for readers.

    Parameters
    ----------
    by_column : mapping from column to list of dict
        What `by_signal` returns.
    galaxies : str
        Which galaxies the errors are of, for the caption.
    """
    rivals = list(next(iter(by_column.values()))[0]["differences"])
    rows = []
    for column, bins in by_column.items():
        error = deciding_error(column)
        title = f"{column}.{error}" if error == "absolute_error" else error
        for each in bins:
            edges = (
                f"{each['low']:g} to {each['high']:g}"
                if each["high"]
                else "above " + f"{each['low']:g}"
            )
            cells = [_cell(each["scores"].get(name), error) for name in ("network", *rivals)]
            rows.append([score_title(title), edges, f"{each['n']}", *cells, each["outcome"]])
    caption = (
        f"Median error of {galaxies} by signal-to-noise of the flux of all bands, with 95 % "
        "intervals over galaxies; the verdict is against all baselines of the row."
    )
    names = [baseline_title(name) for name in rivals]
    return Table(
        caption, ["error", "signal-to-noise", "galaxies", "network", *names, "verdict"], rows
    )


def _cell(scores: Mapping | None, error: str) -> str:
    if not scores:
        return "–"
    value = scores[error]
    return (
        percent(value)
        if error != "absolute_error"
        else f"{number(value['value'])} ({bounds(value)})"
    )


def summary(by_column: Mapping[str, list[dict]]) -> str | None:
    """Return a sentence on the errors of flux and radius above `BRIGHT`; None without either."""
    parts, n_bright = [], 0
    for column, rows in by_column.items():
        row = bright(rows)
        if column not in FRACTIONS or row is None:
            continue
        error, n_bright = deciding_error(column), row["n"]
        mine, other = (row["scores"].get(name) for name in ("network", row["against"]))
        words = f"{error.removesuffix('_error')} {percent(mine[error])}"
        if other is not None:
            rival = baseline_title(row["against"])
            words += f" against {percent(other[error])} of {rival} ({row['outcome']})"
        parts.append(words)
    if not parts:
        return None
    text = "; ".join(parts)
    return f"At a signal-to-noise above {BRIGHT:g}, median error of {n_bright} galaxies: {text}."
