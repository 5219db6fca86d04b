"""Figures of a test of two classes of stamps."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.bootstrap import multiplicities
from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title
from cosmodag.imaging import colour_images
from cosmodag.injections.verdict.two_sample import EQUIVALENT, Sample

PERCENTILES = (99, 75, 50, 25, 1)
"""Of the g flux: which objects a gallery shows."""
BANDS = ("g", "r", "z")
CLASSES = ("real", "injected")
_REPLICAS = 200
# Inches of the gallery a percentile.
_LINE = 1.42


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


def gallery(
    path: str | os.PathLike, test: Examples, score: np.ndarray, bands: Sequence[str] = BANDS
) -> None:
    """Draw real and injected stamps of the same brightness beside each other.

    At each percentile of the g flux the object of each class that is nearest to it: their colour
    images, then image and inverse variance of each band, the real object's above.
    """
    g, channels = test.index["g"].to_numpy(), test.x.shape[-1]
    names = [f"{band}{kind}" for band in bands[: channels // 2] for kind in ("", " ivar")]
    with drawing(path, 7.2, 0.25 + _LINE * len(PERCENTILES)) as figure:
        place = _places(figure)
        planes = np.linspace(3.4, 7.2, channels + 1)
        for line, percentile in enumerate(PERCENTILES):
            top = 0.25 + _LINE * line
            for label, name in enumerate(CLASSES):
                rows = np.flatnonzero(test.y == label)
                row = rows[np.argmin(np.abs(g[rows] - np.quantile(g[rows], 1 - percentile / 100)))]
                axes = place(0.45 + 1.44 * label, top + 0.05, 1.16)
                axes.imshow(colour_images.rgb_from_pairs(test.x[row]), origin="lower")
                axes.set_xlabel(f"{name}, g {g[row]:.1f}, P {score[row]:.2f}", fontsize=6.5)
                images = plane_images(test.x[row])
                for number, (left, (image, looks)) in enumerate(zip(planes, images)):
                    axes = place(left, top + 0.05 + 0.6 * label, 0.57)
                    axes.imshow(image, origin="lower", **looks)
                    if line + label == 0:
                        axes.set_title(names[number], fontsize=7, loc="center", pad=3)
            figure.text(
                0, 1 - (top + 0.63) / figure.get_figheight(), f"{percentile} %", va="center"
            )


def attention(
    path: str | os.PathLike, cases: Sequence[Sequence[tuple[np.ndarray, np.ndarray, float]]]
) -> None:
    """Draw stamps and, below each, how much of the network's answer each place brings.

    Parameters
    ----------
    path
        SVG to write.
    cases : sequence of sequences
        For the real and for the injected class its cases: the stamp (S, S, C), its map (see
        `cosmodag.injections.verdict.occlusion.occlusion_map`) and the probability of class 1.
    """
    most = max(max(len(each) for each in cases), 1)
    reach = max([float(np.abs(m).max()) for each in cases for _, m, _ in each] or [1.0])
    colours = LinearSegmentedColormap.from_list("answer", [NETWORK, "#f4f4f2", WARM])
    with drawing(path, 0.9 + 1.05 * most + 0.75, 0.15 + 2.3 * len(cases)) as figure:
        place, shown = _places(figure), None
        for line, (name, each) in enumerate(zip(CLASSES, cases)):
            top = 0.1 + 2.3 * line
            text = f"{name}\n{'' if each else '(none is sure)'}"
            figure.text(0, 1 - (top + 0.5) / figure.get_figheight(), text, va="center")
            for column, (stamp, found, probability) in enumerate(each):
                axes = place(0.9 + 1.05 * column, top, 0.98)
                axes.imshow(colour_images.rgb_from_pairs(stamp), origin="lower")
                axes = place(0.9 + 1.05 * column, top + 1.02, 0.98)
                looks = {"cmap": colours, "vmin": -reach, "vmax": reach}
                shown = axes.imshow(found, origin="lower", **looks)
                axes.set_xlabel(f"P {probability:.3f}", fontsize=7)
        if shown is not None:
            height = figure.get_figheight()
            left, width = 0.9 + 1.05 * most + 0.1, figure.get_figwidth()
            axes = figure.add_axes([left / width, 1 - 2.1 / height, 0.09 / width, 2.0 / height])
            bar = figure.colorbar(shown, cax=axes)
            bar.outline.set_visible(False)
            bar.set_label("speaks for injected (logit)", fontsize=7)
            axes.tick_params(labelsize=7)


def plane_images(stamp: np.ndarray) -> Iterator[tuple[np.ndarray, dict]]:
    """Give each plane of a stamp (S, S, 2B) with how it is to be shown, ink for light.

    Images from -2 to 10 times the noise; inverse variances from 0.9 to 1.02 times their median, so
    that the few per cent show by which a galaxy's own light lowers them.
    """
    for band in range(stamp.shape[-1] // 2):
        image, ivar = stamp[..., 2 * band], stamp[..., 2 * band + 1]
        spread = np.median(np.abs(image)) * 1.5 + 1e-9
        yield image, {"cmap": "gray_r", "vmin": -2 * spread, "vmax": 10 * spread}
        deep = max(np.median(ivar), 1e-9)
        yield ivar, {"cmap": "gray", "vmin": 0.9 * deep, "vmax": 1.02 * deep}


def _places(figure: Figure) -> Callable[[float, float, float], Axes]:
    """A function that makes square axes for an image: inches from the left and the top, side."""
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()

    def place(left: float, top: float, side: float) -> Axes:
        axes = figure.add_axes(
            [left / width, 1 - (top + side) / height, side / width, side / height]
        )
        axes.set(xticks=[], yticks=[])
        axes.xaxis.labelpad = 2
        axes.spines[:].set_visible(False)
        return axes

    return place


def _replicas(sample: Sample, grid: np.ndarray, seed: int) -> np.ndarray:
    _, group = np.unique(sample.groups, return_inverse=True)
    times = multiplicities(int(group.max()) + 1, _REPLICAS, seed)
    curves = np.array([curve(sample, grid, weight[group]) for weight in times])
    return curves[np.isfinite(curves).all(1)]


def _label(name: str, scores: Mapping[str, Mapping]) -> str:
    title = "network" if name == "network" else baseline_title(name)
    return f"{title} ({scores[name]['auc']['value']:.3f})"
