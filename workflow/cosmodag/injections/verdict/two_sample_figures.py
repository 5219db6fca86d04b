"""Figures of a two-sample test of real and injected objects."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.bootstrap import multiplicities
from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title
from cosmodag.imaging import colour_images
from cosmodag.injections.verdict.occlusion import OcclusionExample
from cosmodag.injections.verdict.rank_tests import Sample
from cosmodag.injections.verdict.two_sample import EQUIVALENCE_LIMIT, LEVEL

PERCENTILES = (99, 75, 50, 25, 1)
"""Percentiles of the g flux of the objects in a gallery."""
BANDS = ("g", "r", "z")
CLASSES = ("real", "injected")
N_REPLICAS = 200
_ROW_HEIGHT = 1.42
"""Height of a row of the gallery in inches."""

Placement = Callable[[float, float, float], Axes]


def roc(
    path: str | os.PathLike,
    sample: Sample,
    others: Mapping[str, Sample],
    scores: Mapping[str, Mapping],
    *,
    seed: int,
) -> None:
    """Draw the ROC curves of the network, with its interval, and of the two best baselines.

    Parameters
    ----------
    path : path
        SVG file to write.
    sample : Sample
        Scores of the network on the test set.
    others : mapping of str to Sample
        Scores of the baselines.
    scores : mapping of str to mapping
        `auc` of the network and of the baselines.
    seed : int
        Seed of the bootstrap over groups.
    """
    grid = np.linspace(0, 1, 101)
    with drawing(path, 3.6, 3.6) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8)
        low, high = np.quantile(_curve_replicas(sample, grid, seed), [0.025, 0.975], axis=0)
        axes.fill_between(grid, low, high, color=NETWORK, alpha=0.2, lw=0)
        axes.plot(grid, roc_curve(sample, grid), color=NETWORK, label=_label("network", scores))
        ranked = sorted(others, key=lambda name: -scores[name]["auc"]["value"])[:2]
        for name, dashes in zip(ranked, ("--", ":")):
            curve = roc_curve(others[name], grid)
            axes.plot(grid, curve, dashes, color=WARM, label=_label(name, scores))
        axes.set(
            xlabel="fraction of real objects classified as injected",
            ylabel="fraction of injected objects classified as injected",
            aspect="equal",
            xlim=(0, 1),
            ylim=(0, 1),
        )
        axes.legend(loc="lower right", fontsize=7)


def roc_curve(sample: Sample, grid: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return the true positive rate as a function of the false positive rate.

    Parameters
    ----------
    sample : Sample
        Scores of a test set of N examples.
    grid : numpy.ndarray, shape (G,)
        False positive rates.
    weight : numpy.ndarray, shape (N,), optional
        Weight of each example; 1 by default.

    Returns
    -------
    numpy.ndarray, shape (G,)
        True positive rates; NaN if a class is empty.
    """
    order = np.argsort(-sample.score, kind="stable")
    weight = np.ones(len(order)) if weight is None else weight
    ones = np.cumsum((weight * (sample.label > 0))[order])
    zeros = np.cumsum((weight * (sample.label <= 0))[order])
    if not ones[-1] or not zeros[-1]:
        return np.full(len(grid), np.nan)
    return np.interp(grid, np.r_[0, zeros / zeros[-1]], np.r_[0, ones / ones[-1]])


def by_magnitude(path: str | os.PathLike, test: Mapping[str, Any]) -> None:
    """Draw the AUC in bins of magnitude with its intervals.

    Parameters
    ----------
    path : path
        SVG file to write.
    test : mapping
        Result of `cosmodag.injections.verdict.two_sample.two_sample_test`.
    """
    with drawing(path, 4.2, 2.8) as figure:
        axes = figure.subplots()
        axes.axhspan(0.5, EQUIVALENCE_LIMIT, color=QUIET, alpha=0.15, lw=0)
        axes.axhline(0.5, color=QUIET, lw=0.8)
        for entry in test["bins"]:
            centre, auc = (entry["low"] + entry["high"]) / 2, entry["auc"]
            if auc["value"] is None:
                continue
            low, high = (
                auc[end] if auc[end] is not None else auc["value"] for end in ("low", "high")
            )
            significant = entry["p_value"] is not None and entry["p_value"] < LEVEL
            ink = NETWORK if significant else QUIET
            axes.plot([entry["low"], entry["high"]], [auc["value"]] * 2, color=ink, lw=1)
            axes.plot([centre] * 2, [low, high], color=ink, lw=1)
            axes.plot(centre, auc["value"], "o", color=ink, ms=4)
        axes.set(xlabel="g magnitude (AB, corrected)", ylabel="area under the ROC curve")


def gallery(
    path: str | os.PathLike, test: Examples, score: np.ndarray, bands: Sequence[str] = BANDS
) -> None:
    """Draw real and injected stamps of equal brightness side by side.

    For each percentile of the g flux and each class, the nearest object is shown: a colour image,
    then image and inverse variance of each band, with the real object in the upper row.

    Parameters
    ----------
    path : path
        SVG file to write.
    test : Examples
        Stamps with their classes and g magnitudes.
    score : numpy.ndarray, shape (N,)
        Predicted probability of class 1.
    bands : sequence of str
        Bands of the channels.
    """
    g, channels = test.index["g"].to_numpy(), test.x.shape[-1]
    titles = [f"{band}{kind}" for band in bands[: channels // 2] for kind in ("", " ivar")]
    with drawing(path, 7.2, 0.25 + _ROW_HEIGHT * len(PERCENTILES)) as figure:
        place = _placement(figure)
        lefts = np.linspace(3.4, 7.2, channels + 1)
        for line, percentile in enumerate(PERCENTILES):
            top = 0.25 + _ROW_HEIGHT * line
            for label, name in enumerate(CLASSES):
                rows = np.flatnonzero(test.y == label)
                row = rows[np.argmin(np.abs(g[rows] - np.quantile(g[rows], 1 - percentile / 100)))]
                axes = place(0.45 + 1.44 * label, top + 0.05, 1.16)
                axes.imshow(colour_images.rgb_from_pairs(test.x[row]), origin="lower")
                axes.set_xlabel(f"{name}, g {g[row]:.1f}, P {score[row]:.2f}", fontsize=6.5)
                planes = plane_images(test.x[row])
                for number, (left, (image, options)) in enumerate(zip(lefts, planes)):
                    axes = place(left, top + 0.05 + 0.6 * label, 0.57)
                    axes.imshow(image, origin="lower", **options)
                    if line + label == 0:
                        axes.set_title(titles[number], fontsize=7, loc="center", pad=3)
            figure.text(
                0, 1 - (top + 0.63) / figure.get_figheight(), f"{percentile} %", va="center"
            )


def occlusion_maps(path: str | os.PathLike, examples: Sequence[Sequence[OcclusionExample]]) -> None:
    """Draw stamps and below each its occlusion map.

    Parameters
    ----------
    path : path
        SVG file to write.
    examples : sequence of sequence of OcclusionExample
        Examples of the real and of the injected class.
    """
    columns = max(max(len(of_class) for of_class in examples), 1)
    maxima = [float(np.abs(e.occlusion).max()) for of_class in examples for e in of_class]
    limit = max(maxima or [1.0])
    colours = LinearSegmentedColormap.from_list("evidence", [NETWORK, "#f4f4f2", WARM])
    with drawing(path, 0.9 + 1.05 * columns + 0.75, 0.15 + 2.3 * len(examples)) as figure:
        place, image = _placement(figure), None
        for line, (name, of_class) in enumerate(zip(CLASSES, examples)):
            top = 0.1 + 2.3 * line
            text = f"{name}\n{'' if of_class else '(none is confident)'}"
            figure.text(0, 1 - (top + 0.5) / figure.get_figheight(), text, va="center")
            for column, example in enumerate(of_class):
                axes = place(0.9 + 1.05 * column, top, 0.98)
                axes.imshow(colour_images.rgb_from_pairs(example.stamp), origin="lower")
                axes = place(0.9 + 1.05 * column, top + 1.02, 0.98)
                image = axes.imshow(
                    example.occlusion, origin="lower", cmap=colours, vmin=-limit, vmax=limit
                )
                axes.set_xlabel(f"P {example.probability:.3f}", fontsize=7)
        if image is not None:
            height = figure.get_figheight()
            left, width = 0.9 + 1.05 * columns + 0.1, figure.get_figwidth()
            axes = figure.add_axes((left / width, 1 - 2.1 / height, 0.09 / width, 2.0 / height))
            bar = figure.colorbar(image, cax=axes)
            bar.outline.set_visible(False)
            bar.set_label("evidence for injected (logit)", fontsize=7)
            axes.tick_params(labelsize=7)


def plane_images(stamp: np.ndarray) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """Yield each plane of a stamp with its greyscale, dark where the flux is high.

    Images range from -2 to 10 times the noise. Inverse variances range from 0.9 to 1.02 times their
    median, which shows the decrease of a few per cent by the photon noise of a galaxy.

    Parameters
    ----------
    stamp : numpy.ndarray, shape (S, S, 2B)
        Image and inverse variance of each band.

    Yields
    ------
    plane : numpy.ndarray, shape (S, S)
        Image or inverse variance.
    options : dict
        Keyword arguments of `matplotlib.axes.Axes.imshow`.
    """
    for band in range(stamp.shape[-1] // 2):
        image, ivar = stamp[..., 2 * band], stamp[..., 2 * band + 1]
        noise = np.median(np.abs(image)) * 1.5 + 1e-9
        yield image, {"cmap": "gray_r", "vmin": -2 * noise, "vmax": 10 * noise}
        median = max(np.median(ivar), 1e-9)
        yield ivar, {"cmap": "gray", "vmin": 0.9 * median, "vmax": 1.02 * median}


def _placement(figure: Figure) -> Placement:
    """Return a function that adds square axes at inches from the left and the top, of a side."""
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()

    def place(left: float, top: float, side: float) -> Axes:
        axes = figure.add_axes(
            (left / width, 1 - (top + side) / height, side / width, side / height)
        )
        axes.set(xticks=[], yticks=[])
        axes.xaxis.labelpad = 2
        axes.spines[:].set_visible(False)
        return axes

    return place


def _curve_replicas(sample: Sample, grid: np.ndarray, seed: int) -> np.ndarray:
    """Return bootstrap replicas over groups of a ROC curve, (R, G)."""
    _, group = np.unique(sample.groups, return_inverse=True)
    weights = multiplicities(int(group.max()) + 1, N_REPLICAS, seed)
    curves = np.array([roc_curve(sample, grid, weight[group]) for weight in weights])
    return curves[np.isfinite(curves).all(1)]


def _label(name: str, scores: Mapping[str, Mapping]) -> str:
    """Return the label of a curve with its AUC."""
    title = "network" if name == "network" else baseline_title(name)
    return f"{title} ({scores[name]['auc']['value']:.3f})"
