"""Figures of slices of the 21-cm sky and of predictions from them."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.drawing import (
    NETWORK,
    QUIET,
    WARM,
    colour_bar,
    drawing,
    hide_frames,
    plot_curve,
)
from cosmodag.evaluation.names import baseline_title
from cosmodag.evaluation.reconstruction_figures import ChannelStyle
from cosmodag.reionization.evaluation.slice_saliency import SalientSlice

UNITS = {
    "brightness_temperature": "brightness temperature (mK)",
    "density": "density contrast",
    "neutral_fraction": "neutral fraction",
}
"""Label of each channel."""
_COLORMAPS = {
    "brightness_temperature": "magma",
    "density": "viridis",
    "neutral_fraction": "Blues",
}
_COLOURS = (NETWORK, WARM, QUIET)
_TRUTH = "#1f2a33"


def slices(path: str | os.PathLike, examples: Examples, *, max_redshifts: int = 6) -> None:
    """Draw one slice per redshift, one line per channel, and the map of the ionized fraction.

    Of the examples at each redshift, the middle one in the order of the split is drawn.

    Parameters
    ----------
    path : path
        Path of the figure to write.
    examples : Examples
        Slices, with ionized pixels as `y` if these are the target.
    max_redshifts : int
        Largest number of redshifts, evenly spaced in rank.
    """
    redshift = examples.index["redshift"].to_numpy()
    redshifts = np.unique(redshift)
    chosen = np.unique(np.linspace(0, len(redshifts) - 1, max_redshifts).round().astype(int))
    candidates = [np.flatnonzero(redshift == z) for z in redshifts[chosen]]
    rows = [indices[len(indices) // 2] for indices in candidates]
    truth = examples.y if examples.y.ndim == 3 and examples.y.dtype == bool else None
    lines = len(examples.channels) + (truth is not None)
    with drawing(path, 7.2, 0.4 + lines * 7.0 / max(len(rows), 3)) as figure:
        axes = figure.subplots(lines, len(rows), squeeze=False)
        for line, channel in enumerate(examples.channels):
            images = examples.x[rows, ..., line]
            style = {"vmin": images.min(), "vmax": images.max(), "cmap": _COLORMAPS.get(channel)}
            for axis, image in zip(axes[line], images):
                last = axis.imshow(image.T, origin="lower", **style)
            colour_bar(figure, last, axes[line], UNITS.get(channel, channel))
        if truth is not None:
            for axis, row in zip(axes[-1], rows):
                last = axis.imshow(truth[row].T, origin="lower", cmap="Blues", vmin=0, vmax=1)
            colour_bar(figure, last, axes[-1], "ionized")
        for axis, row in zip(axes[0], rows):
            axis.set_title(_title(examples, row))
        hide_frames(axes)


def coherences(path: str | os.PathLike, curves: Mapping[str, Sequence[Mapping]]) -> None:
    """Draw the cross-coherence with the true map against wavenumber.

    Parameters
    ----------
    path : path
        Path of the figure to write.
    curves : mapping from str to list of dict
        Curves of `ionization_scores.coherence_curve` by predictor.
    """
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for colour, (name, curve) in zip(_COLOURS, curves.items()):
            plot_curve(axis, curve, colour, baseline_title(name))
        axis.set(xlabel="wavenumber (cycles per pixel)", ylabel="cross-coherence r(k)")
        axis.set_ylim(min(0.0, axis.get_ylim()[0]), 1.02)
        axis.grid(axis="y")
        axis.legend(fontsize=7)


def bubble_sizes(path: str | os.PathLike, counts: Mapping[str, np.ndarray]) -> None:
    """Draw the distribution of free paths through ionized regions, true and predicted.

    Parameters
    ----------
    path : path
        Path of the figure to write.
    counts : mapping from str to numpy.ndarray, shape (lengths,)
        Number of free paths of each length in pixels, for "truth" and by predictor.
    """
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for colour, (name, count) in zip((_TRUTH, *_COLOURS), counts.items()):
            length = np.arange(1, len(count) + 1)
            fraction = count / max(count.sum(), 1)
            dashes = "--" if name == "truth" else "-"
            axis.plot(length, fraction, dashes, color=colour, label=baseline_title(name))
        # The last length counts paths without an end, which may outnumber all others.
        highest = max(np.max(count[:-1]) / max(np.sum(count), 1) for count in counts.values())
        axis.set(
            xscale="log",
            ylim=(0, 1.15 * highest),
            xlabel="free path through ionized regions (pixels)",
            ylabel="fraction of paths",
        )
        axis.legend(fontsize=7)


def saliency(path: str | os.PathLike, slices: Sequence[SalientSlice]) -> None:
    """Draw slices with their saliency below.

    Parameters
    ----------
    path : path
        Path of the figure to write.
    slices : sequence of SalientSlice
        Slices and gradients.
    """
    with drawing(path, 7.2, 0.6 + 2 * 6.6 / max(len(slices), 3)) as figure:
        axes = figure.subplots(2, len(slices), squeeze=False)
        for column, (image, gradient, title) in enumerate(slices):
            axes[0, column].imshow(image.T, origin="lower", cmap="magma")
            axes[0, column].set_title(title, fontsize=7)
            largest = np.abs(gradient).max() or 1.0
            axes[1, column].imshow(
                gradient.T, origin="lower", cmap="RdBu_r", vmin=-largest, vmax=largest
            )
        axes[0, 0].set_ylabel("slice")
        axes[1, 0].set_ylabel("saliency")
        hide_frames(axes)


def _title(examples: Examples, row: int) -> str:
    """Return the redshift and the escape fraction of an example, as far as they are known."""
    example = examples.index.iloc[row]
    words = [f"z = {example['redshift']:g}"] if "redshift" in example else []
    words += [f"fesc = {example['escape_fraction']:g}"] if "escape_fraction" in example else []
    return ", ".join(words)


STYLE = ChannelStyle("slice", UNITS, _COLORMAPS, _title)
"""Style of figures of slices."""
