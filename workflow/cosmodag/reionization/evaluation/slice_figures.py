"""Figures of slices of the 21-cm sky and of what was read off them."""

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

UNITS = {
    "brightness_temperature": "brightness temperature (mK)",
    "density": "density contrast",
    "neutral_fraction": "neutral fraction",
}
_MAPS = {"brightness_temperature": "magma", "density": "viridis", "neutral_fraction": "Blues"}
_INKS = (NETWORK, WARM, QUIET)


def slices(path: str | os.PathLike, examples: Examples, *, most: int = 6) -> None:
    """Draw slices at each redshift, one line a channel, and the ionized map where it is known.

    At each of at most `most` redshifts, evenly spaced, the example in the middle of the split's
    order is taken.
    """
    redshift = examples.index["redshift"].to_numpy()
    known = np.unique(redshift)
    known = known[np.unique(np.linspace(0, len(known) - 1, most).round().astype(int))]
    rows = [(each := np.flatnonzero(redshift == z))[len(each) // 2] for z in known]
    truth = examples.y if examples.y.ndim == 3 and examples.y.dtype == bool else None
    lines = len(examples.channels) + (truth is not None)
    with drawing(path, 7.2, 0.4 + lines * 7.0 / max(len(rows), 3)) as figure:
        axes = figure.subplots(lines, len(rows), squeeze=False)
        for line, channel in enumerate(examples.channels):
            shown = examples.x[rows, ..., line]
            limits = {"vmin": shown.min(), "vmax": shown.max(), "cmap": _MAPS.get(channel)}
            for axis, image in zip(axes[line], shown):
                last = axis.imshow(image.T, origin="lower", **limits)
            colour_bar(figure, last, axes[line], UNITS.get(channel, channel))
        if truth is not None:
            for axis, row in zip(axes[-1], rows):
                last = axis.imshow(truth[row].T, origin="lower", cmap="Blues", vmin=0, vmax=1)
            colour_bar(figure, last, axes[-1], "ionized")
        for axis, row in zip(axes[0], rows):
            axis.set_title(_name(examples, row))
        hide_frames(axes)


def coherences(path: str | os.PathLike, curves: Mapping[str, Sequence[Mapping]]) -> None:
    """Draw the cross-coherence with the true map against wavenumber."""
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for ink, (name, curve) in zip(_INKS, curves.items()):
            plot_curve(axis, curve, ink, baseline_title(name))
        axis.set(xlabel="wavenumber (cycles a pixel)", ylabel="cross-coherence r(k)")
        axis.set_ylim(min(0.0, axis.get_ylim()[0]), 1.02)
        axis.grid(axis="y")
        axis.legend(fontsize=7)


def bubble_sizes(path: str | os.PathLike, counts: Mapping[str, np.ndarray]) -> None:
    """Draw the distribution of free paths through ionized regions, true and predicted."""
    inks = ("#1f2a33", *_INKS)
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for ink, (name, count) in zip(inks, counts.items()):
            length = np.arange(1, len(count) + 1)
            share = count / max(count.sum(), 1)
            dashes = "--" if name == "truth" else "-"
            axis.plot(length, share, dashes, color=ink, label=baseline_title(name))
        # The last length, of paths that meet no end, may hold more than all others.
        highest = max(np.max(count[:-1]) / max(np.sum(count), 1) for count in counts.values())
        axis.set(
            xscale="log",
            ylim=(0, 1.15 * highest),
            xlabel="free path through ionized regions (pixels)",
            ylabel="share of paths",
        )
        axis.legend(fontsize=7)


def saliency(path: str | os.PathLike, cases: Sequence[tuple[np.ndarray, np.ndarray, str]]) -> None:
    """Draw slices above what in them moves the network's answer, as `slice_saliency` finds it."""
    with drawing(path, 7.2, 0.6 + 2 * 6.6 / max(len(cases), 3)) as figure:
        axes = figure.subplots(2, len(cases), squeeze=False)
        for column, (image, gradient, title) in enumerate(cases):
            axes[0, column].imshow(image.T, origin="lower", cmap="magma")
            axes[0, column].set_title(title, fontsize=7)
            largest = np.abs(gradient).max() or 1.0
            axes[1, column].imshow(
                gradient.T, origin="lower", cmap="RdBu_r", vmin=-largest, vmax=largest
            )
        axes[0, 0].set_ylabel("slice")
        axes[1, 0].set_ylabel("moves the answer")
        hide_frames(axes)


def _name(examples: Examples, row: int) -> str:
    """What is known of an example: redshift and escape fraction."""
    told = examples.index.iloc[row]
    words = [f"z = {told['redshift']:g}"] if "redshift" in told else []
    words += [f"fesc = {told['escape_fraction']:g}"] if "escape_fraction" in told else []
    return ", ".join(words)


STYLE = ChannelStyle("slice", UNITS, _MAPS, _name)
"""How slices are drawn."""
