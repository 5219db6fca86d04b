"""The error of predicted parameters of galaxies against their signal-to-noise, drawn."""

import os
from collections.abc import Mapping, Sequence

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title, score_title
from cosmodag.galaxies.evaluation.signal_scores import bright, deciding_error

INKS = {"network": NETWORK}
OTHERS = (QUIET, WARM)


def curves(
    column: str, rows: Sequence[Mapping], samples: Mapping[str, Mapping]
) -> dict[str, list[dict]]:
    """Error by signal-to-noise of the network, of the best method, and of those asked of a sample.

    Parameters
    ----------
    column : str
    rows : sequence of mapping
        What `by_signal` returns for all examples.
    samples : mapping from method to mapping
        Its `by_signal_to_noise` on its sample.

    Returns
    -------
    dict from predictor to list of dict
        `at`, the median signal-to-noise of a bin, `value`, `low` and `high`.
    """
    error = deciding_error(column)
    strongest = rows[-1]["against"]
    found = {name: _curve(rows, name, error) for name in ("network", strongest) if name}
    for name, sample in samples.items():
        if column in sample["by_signal_to_noise"]:
            found[name] = _curve(sample["by_signal_to_noise"][column], name, error)
    return found


def by_signal(
    path: str | os.PathLike, column: str, curves: Mapping[str, Sequence[Mapping]]
) -> None:
    """Draw curves, as `curves` gives them, with their intervals on logarithmic axes."""
    others = iter(OTHERS)
    with drawing(path, 4.6, 3.4) as figure:
        axis = figure.subplots()
        for name, curve in curves.items():
            ink = INKS.get(name) or next(others, QUIET)
            for each in curve:
                if each["low"]:
                    ends = [each["low"], each["high"]]
                    axis.plot([each["at"]] * 2, ends, color=ink, linewidth=1, alpha=0.6)
            places, values = ([each[key] for each in curve] for key in ("at", "value"))
            label = baseline_title(name)
            axis.plot(places, values, "o-", color=ink, markersize=4, label=label)
        name = column.replace("_", " ")
        error = deciding_error(column)
        ylabel = score_title(error) + (f" of {name}" if error == "absolute_error" else "")
        axis.set(xscale="log", yscale="log", xlabel="signal-to-noise", ylabel=ylabel)
        axis.grid(axis="y")
        axis.legend(fontsize=7)


def _curve(rows: Sequence[Mapping], name: str, error: str) -> list[dict]:
    bins = rows[:-1] if bright(list(rows)) else rows
    return [{"at": row["at"], **row["scores"][name][error]} for row in bins]
