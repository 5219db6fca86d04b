"""Figures of the errors of galaxy parameters by signal-to-noise."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title, score_title
from cosmodag.galaxies.evaluation.signal_scores import bright_bin, headline_error

COLOURS = {"network": NETWORK}
BASELINE_COLOURS = (QUIET, WARM)


def error_curves(
    column: str,
    rows: Sequence[Mapping[str, Any]],
    samples: Mapping[str, Mapping[str, Any]],
) -> dict[str, list[dict[str, Any]]]:
    """Return error curves of the network, of the best baseline, and of baselines of a sample.

    Parameters
    ----------
    column : str
        Name of the parameter.
    rows : sequence of mapping
        Rows of `errors_by_signal` for all galaxies.
    samples : mapping from str to mapping
        `by_signal_to_noise` of each baseline that predicts a sample of galaxies.

    Returns
    -------
    dict from str to list of dict
        For each predictor and bin `at`, the median signal-to-noise, and the error `value` with its
        interval `low` and `high`.
    """
    error = headline_error(column)
    best = rows[-1]["against"]
    curves = {name: _curve(rows, name, error) for name in ("network", best) if name}
    for name, sample in samples.items():
        if column in sample["by_signal_to_noise"]:
            curves[name] = _curve(sample["by_signal_to_noise"][column], name, error)
    return curves


def draw_error_curves(
    path: str | os.PathLike, column: str, curves: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Draw error curves with their intervals on logarithmic axes.

    Parameters
    ----------
    path : path-like
        SVG to write.
    column : str
        Name of the parameter.
    curves : mapping from str to sequence of mapping
        Curves of `error_curves`.
    """
    baseline_colours = iter(BASELINE_COLOURS)
    with drawing(path, 4.6, 3.4) as figure:
        axis = figure.subplots()
        for name, curve in curves.items():
            colour = COLOURS.get(name) or next(baseline_colours, QUIET)
            for point in curve:
                if point["low"]:
                    interval = [point["low"], point["high"]]
                    axis.plot([point["at"]] * 2, interval, color=colour, linewidth=1, alpha=0.6)
            signal, values = ([point[key] for point in curve] for key in ("at", "value"))
            label = baseline_title(name)
            axis.plot(signal, values, "o-", color=colour, markersize=4, label=label)
        error = headline_error(column)
        ylabel = score_title(error)
        if error == "absolute_error":
            ylabel += f" of {column.replace('_', ' ')}"
        axis.set(xscale="log", yscale="log", xlabel="signal-to-noise", ylabel=ylabel)
        axis.grid(axis="y")
        axis.legend(fontsize=7)


def _curve(rows: Sequence[Mapping[str, Any]], name: str, error: str) -> list[dict[str, Any]]:
    """Return the error curve of one predictor, without the row of all bright galaxies."""
    bins = rows[:-1] if bright_bin(rows) else rows
    return [{"at": row["at"], **row["scores"][name][error]} for row in bins]
