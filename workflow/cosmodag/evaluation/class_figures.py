"""Figures of a test of two classes of stamps."""

import os
from collections.abc import Mapping

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.bootstrap import multiplicities
from cosmodag.evaluation.figures import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import BASELINES
from cosmodag.evaluation.two_sample import EQUIVALENT, Sample

PERCENTILES = (99, 75, 50, 25, 1)
"""Of the g flux: which objects a gallery shows."""
_REPLICAS = 200


def roc(
    path: str | os.PathLike,
    sample: Sample,
    others: Mapping[str, Sample],
    scores: Mapping[str, Mapping],
    *,
    seed: int,
) -> None:
    """Draw ROC curves: the network's with a band over groups, and the two strongest methods'."""
    grid = np.linspace(0, 1, 101)
    with drawing(path, 3.6, 3.6) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8)
        low, high = np.quantile(_replicas(sample, grid, seed), [0.025, 0.975], axis=0)
        axes.fill_between(grid, low, high, color=NETWORK, alpha=0.2, lw=0)
        axes.plot(grid, curve(sample, grid), color=NETWORK, label=_label("network", scores))
        ranked = sorted(others, key=lambda name: -scores[name]["auc"]["value"])[:2]
        for name, dashes in zip(ranked, ("--", ":")):
            axes.plot(
                grid, curve(others[name], grid), dashes, color=WARM, label=_label(name, scores)
            )
        axes.set(
            xlabel="real objects taken for injected",
            ylabel="injected objects found",
            aspect="equal",
            xlim=(0, 1),
            ylim=(0, 1),
        )
        axes.legend(loc="lower right", fontsize=7)


def curve(sample: Sample, grid: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Share of class 1 found at each share `grid` of class 0 taken for it."""
    order = np.argsort(-sample.score, kind="stable")
    weight = np.ones(len(order)) if weight is None else weight
    ones = np.cumsum((weight * (sample.label > 0))[order])
    zeros = np.cumsum((weight * (sample.label <= 0))[order])
    if not ones[-1] or not zeros[-1]:
        return np.full(len(grid), np.nan)
    return np.interp(grid, np.r_[0, zeros / zeros[-1]], np.r_[0, ones / ones[-1]])


def by_magnitude(path: str | os.PathLike, test: Mapping) -> None:
    """Draw the AUC of each bin of magnitude with its interval."""
    with drawing(path, 4.2, 2.8) as figure:
        axes = figure.subplots()
        axes.axhspan(0.5, EQUIVALENT, color=QUIET, alpha=0.15, lw=0)
        axes.axhline(0.5, color=QUIET, lw=0.8)
        for each in test["bins"]:
            centre, auc = (each["low"] + each["high"]) / 2, each["auc"]
            if auc["value"] is None:
                continue
            low, high = (
                auc[end] if auc[end] is not None else auc["value"] for end in ("low", "high")
            )
            seen = each["p_value"] is not None and each["p_value"] < 0.05
            ink = NETWORK if seen else QUIET
            axes.plot([each["low"], each["high"]], [auc["value"]] * 2, color=ink, lw=1)
            axes.plot([centre] * 2, [low, high], color=ink, lw=1)
            axes.plot(centre, auc["value"], "o", color=ink, ms=4)
        axes.set(xlabel="g magnitude (AB, without dust)", ylabel="area under the ROC curve")


def gallery(path: str | os.PathLike, test: Examples, score: np.ndarray) -> None:
    """Draw real and injected stamps of the same brightness, one below the other.

    Two lines a percentile of the g flux, one a class, show the object nearest to it: its colour
    image, then image and inverse variance of each band.
    """
    channels = test.x.shape[-1]
    with drawing(path, 7.2, 0.55 * 2 * len(PERCENTILES) + 0.2) as figure:
        axes = figure.subplots(2 * len(PERCENTILES), channels + 1)
        for line, percentile in enumerate(PERCENTILES):
            for label, name in ((0, "real"), (1, "injected")):
                rows = np.flatnonzero(test.y == label)
                g = test.index["g"].to_numpy()[rows]
                row = rows[np.argmin(np.abs(g - np.quantile(g, 1 - percentile / 100)))]
                mine = axes[2 * line + label]
                title = f"{name}\ng {test.index['g'].iloc[row]:.1f}\nP {score[row]:.2f}"
                mine[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=6)
                _stamp(mine, test.x[row])
        figure.subplots_adjust(
            left=0.12, right=0.99, top=0.99, bottom=0.01, wspace=0.04, hspace=0.06
        )


def colour_image(stamp: np.ndarray) -> np.ndarray:
    """Colour image (S, S, 3) in [0, 1] of a stamp (S, S, 6), after Lupton et al. (2004, PASP 116,
    133): the sum of the bands is stretched, and hues are kept."""
    bands = np.stack([stamp[..., 4] * 0.6, stamp[..., 2], stamp[..., 0] * 1.6], -1)
    noise = np.median(np.abs(bands)) * 1.5 + 1e-9
    total = np.maximum(bands.mean(-1, keepdims=True), 1e-9)
    stretched = np.arcsinh(total / (2 * noise)) / 5
    return np.clip(bands / total * stretched + 0.08, 0, 1)


def _stamp(axes, stamp: np.ndarray) -> None:
    bands = stamp.shape[-1] // 2
    images = [(colour_image(stamp) if bands == 3 else np.arcsinh(stamp[..., 0]), {})]
    for band in range(bands):
        image, ivar = stamp[..., 2 * band], stamp[..., 2 * band + 1]
        spread = np.median(np.abs(image)) * 1.5 + 1e-9
        images.append((image, {"cmap": "gray_r", "vmin": -2 * spread, "vmax": 10 * spread}))
        deep = max(np.median(ivar), 1e-9)
        images.append((ivar, {"cmap": "gray", "vmin": 0.9 * deep, "vmax": 1.02 * deep}))
    for place, (axis, (image, looks)) in enumerate(zip(axes, images)):
        axis.imshow(image, origin="lower", interpolation="nearest", **looks)
        axis.set(xticks=[], yticks=[])
        for side in axis.spines.values():
            side.set_visible(False)
        if place:
            axis.set_ylabel("")


def _replicas(sample: Sample, grid: np.ndarray, seed: int) -> np.ndarray:
    _, group = np.unique(sample.groups, return_inverse=True)
    times = multiplicities(int(group.max()) + 1, _REPLICAS, seed)
    curves = np.array([curve(sample, grid, weight[group]) for weight in times])
    return curves[np.isfinite(curves).all(1)]


def _label(name: str, scores: Mapping[str, Mapping]) -> str:
    title = "network" if name == "network" else BASELINES.get(name, name)
    return f"{title} ({scores[name]['auc']['value']:.3f})"
