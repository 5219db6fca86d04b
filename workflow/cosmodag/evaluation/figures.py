"""Figures of a run, each a function that draws one file."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cosmodag.cutouts.known_pixels import known_pixels
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.drawing import DENSITY, NETWORK, PROBABILITY, QUIET, drawing
from cosmodag.evaluation.names import baseline_title, better, score_title, split_score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Scores that a table or a figure of scores leads with, where a run has them.
LEADING = (
    "mcc",
    "coherence",
    "bubble_distance",
    "average_precision",
    "brier_skill",
    "auc",
    "accuracy",
    "mae_skill",
    "mae",
    "explained_variance",
    "light_explained_variance",
    "mse",
    "ssim",
    "top_1",
    "expected_calibration_error",
    "information_gain",
    "figure_of_merit",
    "r2",
    "rmse",
)


# Scores of the validation split that learning curves show.
LEARNED = (
    "mcc",
    "mcc_best",
    "brier_skill",
    "information_gain",
    "r2",
    "accuracy",
    "explained_variance",
    "top_1",
)


class MapLabels(NamedTuple):
    """Labels of a figure of maps."""

    input: str
    truth: str
    prediction: str
    probability: str


def spread_of_examples(probability: np.ndarray, mask: np.ndarray, count: int = 4) -> np.ndarray:
    """Rows of examples from the best to the worst predicted, evenly spaced, none hand-picked.

    Examples are ranked by Brier score, and the 5th, 35th, 65th and 95th percentile are taken. Of
    unknown pixels, whose mask is NaN, the error is 0; examples of nothing else are left out.
    """
    known = known_pixels(mask).reshape(len(mask), -1)
    squares = ((probability - mask) ** 2).reshape(len(mask), -1)
    order = np.argsort(np.where(known, squares, 0).mean(1), kind="stable")
    order = order[known.any(1)[order]]
    places = np.linspace(0.05, 0.95, min(count, len(order))) * (len(order) - 1)
    return order[np.round(places).astype(int)]


def map_examples(
    path: str | os.PathLike,
    examples: Examples,
    probability: np.ndarray,
    rows: Sequence[int],
    labels: MapLabels,
    *,
    png: bool = False,
) -> None:
    """What the network sees, the truth and the prediction side by side, one line an example.

    Cubes are shown by their middle slice. With `png` the figure is written as PNG, too.
    """
    with drawing(path, 7.2, 0.5 + 2.1 * len(rows), dpi=200 if png else None) as figure:
        axes = figure.subplots(len(rows), 3, squeeze=False, sharex="row", sharey="row")
        for line, row in zip(axes, rows):
            extent, units = _extent(examples, row)
            density = np.arcsinh(_flat(examples.x[row].mean(-1)) + 1)
            images = (density, _flat(examples.y[row]), _flat(probability[row]))
            for place, (axis, image) in enumerate(zip(line, images)):
                looks = (
                    {"cmap": DENSITY} if place == 0 else {"cmap": PROBABILITY, "vmin": 0, "vmax": 1}
                )
                shown = axis.imshow(image.T, origin="lower", extent=extent, **looks)
                axis.set(xticks=_ends(extent[:2]), yticks=_ends(extent[2:]))
                for side in axis.spines.values():
                    side.set_visible(False)
            line[0].set_ylabel(units[1])
            for axis in line:
                axis.set_xlabel(units[0])
        for axis, title in zip(axes[0], (labels.input, labels.truth, labels.prediction)):
            axis.set_title(title)
        bar = figure.colorbar(
            shown, ax=axes[:, 1:], shrink=min(1.0, 2.2 / len(rows)), aspect=28, pad=0.02
        )
        bar.set_label(labels.probability)
        bar.outline.set_visible(False)


def predicted_numbers(
    path: str | os.PathLike,
    column: str,
    truth: np.ndarray,
    predicted: np.ndarray,
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    most: int = 400,
) -> None:
    """Predicted against true numbers with 68 % intervals and the line of equality.

    At most `most` examples, evenly spaced in the split's order, are drawn.
    """
    rows = np.unique(np.linspace(0, len(truth) - 1, min(most, len(truth))).astype(int))
    low, high = (edge[rows] for edge in intervals["68"])
    centre = predicted[rows]
    errors = np.maximum([centre - low, high - centre], 0)
    ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
    with drawing(path, 4.6, 4.4) as figure:
        axis = figure.subplots()
        axis.plot(ends, ends, color=QUIET, linewidth=1, label="equality")
        axis.errorbar(
            truth[rows],
            centre,
            errors,
            fmt="o",
            markersize=3,
            color=NETWORK,
            ecolor=NETWORK,
            elinewidth=0.6,
            alpha=0.45,
            markeredgewidth=0,
            label="test examples, 68 % interval",
        )
        name = column.replace("_", " ")
        axis.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
        axis.legend(loc="upper left")


def learning_curves(path: str | os.PathLike, history: str | os.PathLike) -> None:
    """Loss in training and validation, and the validation scores, against the epoch."""
    table = pd.read_csv(history)
    scores = [
        name
        for name in table
        if name.startswith("valid_") and name.removeprefix("valid_") in LEARNED
    ]
    with drawing(path, 4.6, 4.6) as figure:
        axes = figure.subplots(2 if scores else 1, 1, squeeze=False, sharex=True)[:, 0]
        for name, colour in (("train_loss", QUIET), ("valid_loss", NETWORK)):
            if name in table:
                label = "training" if name.startswith("train") else "validation"
                axes[0].plot(table["epoch"], table[name], color=colour, label=label)
        axes[0].set_ylabel("loss")
        axes[0].legend()
        for name in scores:
            short = name.removeprefix("valid_")
            label = "best Matthews correlation" if short == "mcc_best" else score_title(short)
            axes[1].plot(table["epoch"], table[name], label=label)
        if scores:
            axes[1].set_ylabel("validation score")
            axes[1].legend()
        axes[-1].set_xlabel("epoch")
        for axis in axes:
            axis.grid(axis="y")
            axis.xaxis.get_major_locator().set_params(integer=True)


def reliability_diagram(
    path: str | os.PathLike, curve: Mapping[str, Sequence], counted: str = "pixels"
) -> None:
    """Observed fraction against predicted probability, over how often each is predicted."""
    predicted = np.asarray(curve["predicted"])
    observed = np.array([each["value"] for each in curve["observed"]])
    with drawing(path, 4.6, 4.6) as figure:
        axis, share = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        axis.plot([0, 1], [0, 1], color=QUIET, linewidth=1)
        for place, each in zip(predicted, curve["observed"]):
            if each["low"] is not None:
                ends = [each["low"], each["high"]]
                axis.plot([place, place], ends, color=NETWORK, linewidth=1.2, alpha=0.6)
        axis.plot(predicted, observed, "o-", color=NETWORK, markersize=4)
        axis.set(ylabel="observed fraction", xlim=(0, 1), ylim=(0, 1))
        width = 0.9 / max(len(predicted), 15)
        share.bar(predicted, curve["share"], width=width, color=NETWORK, alpha=0.55)
        share.set(xlabel="predicted probability", ylabel=f"share of {counted}")


def scores_beside_baselines(path: str | os.PathLike, metrics: Mapping) -> None:
    """A dot with its interval for network and baselines, a panel for each leading score."""
    headline = metrics["headline"]
    names = sorted(
        (name for name in metrics["scores"] if split_score(name)[1] in LEADING),
        key=lambda name: (name != headline, LEADING.index(split_score(name)[1])),
    )[:4]
    ranked = sorted(
        metrics["baselines"],
        key=lambda name: metrics["baselines"][name][headline]["value"] or float("-inf"),
    )
    predictors = [*ranked, "network"]
    with drawing(path, 7.2, 0.9 + 0.3 * len(predictors)) as figure:
        axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axis, score in zip(axes, names):
            for height, predictor in enumerate(predictors):
                of = (
                    metrics["scores"] if predictor == "network" else metrics["baselines"][predictor]
                )
                _dot(axis, height, of.get(score), predictor == "network")
            axis.set_title(textwrap.fill(score_title(score), 20), fontsize=8)
            axis.set_xlabel(
                f"{better(score) or 'neither'} is better",
                fontsize=7,
            )
            axis.grid(axis="x")
            axis.spines["left"].set_visible(False)
            axis.tick_params(axis="y", length=0)
            axis.margins(x=0.12)
        labels = [baseline_title(name) for name in predictors[:-1]]
        axes[0].set_yticks(range(len(predictors)), [*labels, "network"])
        axes[0].set_ylim(-0.6, len(predictors) - 0.4)


def _dot(axis: Axes, height: int, interval: Mapping | None, network: bool) -> None:
    if not interval or interval["value"] is None:
        return
    colour = NETWORK if network else QUIET
    if interval["low"] is not None:
        axis.plot([interval["low"], interval["high"]], [height] * 2, color=colour, linewidth=2)
    axis.plot(interval["value"], height, "o", color=colour, markersize=6 if network else 5)


def _flat(image: np.ndarray) -> np.ndarray:
    """A square as it is, a cube by its middle slice along the last axis."""
    return image if image.ndim == 2 else image[..., image.shape[-1] // 2]


def _extent(examples: Examples, row: int) -> tuple[list[float], tuple[str, str]]:
    """Edges of an example's map in Mpc/h and its axes' labels, in pixels where it has no place."""
    index = examples.index
    if "lower_x" not in index:
        shape = examples.x.shape[1:3]
        return [0, shape[0], 0, shape[1]], ("pixels", "pixels")
    sight = int(index["axis"].iloc[row]) if "axis" in index else 2
    kept = [axis for number, axis in enumerate("xyz") if number != sight]
    edges = [float(index[f"{end}_{axis}"].iloc[row]) for axis in kept for end in ("lower", "upper")]
    return edges, tuple(f"{axis} (Mpc/h)" for axis in kept)


def _ends(limits: Sequence[float]) -> list[float]:
    return [limits[0], (limits[0] + limits[1]) / 2, limits[1]]
