"""Figures of classes that stand for values, such as the redshifts of a grid."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, colour_bar, drawing, plot_curve
from cosmodag.evaluation.names import baseline_title


def confusion(
    path: str | os.PathLike, count: np.ndarray, values: Sequence[float], name: str
) -> None:
    """Draw which class examples of each class are taken for, as shares of each true class."""
    share = count / np.maximum(count.sum(1, keepdims=True), 1)
    labels = [f"{value:g}" for value in values]
    with drawing(path, 4.6, 4.4) as figure:
        axis = figure.subplots()
        image = axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        axis.set_xticks(range(len(labels)), labels, rotation=90 if len(labels) > 8 else 0)
        axis.set_yticks(range(len(labels)), labels)
        name = name.replace("_", " ")
        axis.set(xlabel=f"predicted {name}", ylabel=f"true {name}")
        if len(values) <= 8:
            for row, line in enumerate(share):
                for column, each in enumerate(line):
                    if each >= 0.005:
                        ink = "white" if each > 0.6 else "#1f2a33"
                        axis.text(column, row, f"{each:.0%}", ha="center", va="center", color=ink)
        for side in axis.spines.values():
            side.set_visible(False)
        colour_bar(figure, image, axis, "share of the true class")


def predicted_values(
    path: str | os.PathLike,
    name: str,
    truth: np.ndarray,
    predicted: np.ndarray,
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    most: int = 400,
) -> None:
    """Draw expected against true values of a grid, with 68 % intervals.

    Examples of one true value stand beside each other, ascending in what was predicted, so that
    their spread can be seen.
    """
    shown = np.unique(np.linspace(0, len(truth) - 1, min(most, len(truth))).astype(int))
    known = np.unique(truth)
    width = 0.7 * np.min(np.diff(known)) if len(known) > 1 else 1.0
    place = truth.astype(np.float64)
    for value in known:
        rows = shown[truth[shown] == value]
        rows = rows[np.argsort(predicted[rows], kind="stable")]
        place[rows] += width * (np.linspace(-0.5, 0.5, len(rows)) if len(rows) > 1 else 0)
    low, high = (edge[shown] for edge in intervals["68"])
    with drawing(path, 4.6, 4.4) as figure:
        axis = figure.subplots()
        ends = [known[0], known[-1]]
        axis.plot(ends, ends, color=QUIET, linewidth=1, label="equality")
        axis.vlines(place[shown], low, high, color=NETWORK, linewidth=0.5, alpha=0.35)
        axis.plot(
            place[shown],
            predicted[shown],
            "o",
            color=NETWORK,
            markersize=2,
            markeredgewidth=0,
            label="test examples, 68 % interval",
        )
        name = name.replace("_", " ")
        axis.set(xlabel=f"true {name}", ylabel=f"expected {name}")
        axis.legend(loc="upper left")


def score_by_covariate(
    path: str | os.PathLike,
    curves: Mapping[str, Sequence[Mapping]],
    covariate: str,
    score: str = "accuracy",
) -> None:
    """Draw a score of the network and of a baseline against a covariate, with its intervals."""
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for ink, (name, curve) in zip((NETWORK, WARM, QUIET), curves.items()):
            plot_curve(axis, curve, ink, baseline_title(name))
        axis.set(xlabel=covariate.replace("_", " "), ylabel=score, ylim=(0, 1.02))
        axis.grid(axis="y")
        axis.legend(fontsize=7)
