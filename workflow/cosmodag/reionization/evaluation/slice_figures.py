"""Figures of slices of the 21-cm sky and of what was read off them."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.figures import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import BASELINES

UNITS = {
    "brightness_temperature": "brightness temperature (mK)",
    "density": "density contrast",
    "neutral_fraction": "neutral fraction",
}
_MAPS = {"brightness_temperature": "magma", "density": "viridis", "neutral_fraction": "Blues"}
_INKS = (NETWORK, WARM, QUIET)


def spread_of(error: np.ndarray, count: int = 4) -> np.ndarray:
    """Rows of examples from the least to the largest error, evenly spaced, none hand-picked."""
    order = np.argsort(error, kind="stable")
    places = np.linspace(0.05, 0.95, min(count, len(order))) * (len(order) - 1)
    return order[np.round(places).astype(int)]


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
            _bar(figure, last, axes[line], UNITS.get(channel, channel))
        if truth is not None:
            for axis, row in zip(axes[-1], rows):
                last = axis.imshow(truth[row].T, origin="lower", cmap="Blues", vmin=0, vmax=1)
            _bar(figure, last, axes[-1], "ionized")
        for axis, row in zip(axes[0], rows):
            axis.set_title(_name(examples, row))
        _bare(axes)


def reconstructions(
    path: str | os.PathLike,
    examples: Examples,
    given: Mapping[str, np.ndarray],
    rows: Sequence[int],
    called: str = "slice",
) -> None:
    """Draw slices beside what the network and simple methods give back, a line an example.

    Of images of three channels, as of others, the first is drawn; errors are those of all.
    """
    channel = examples.channels[0]
    with drawing(path, 7.2, 0.4 + 6.6 / (1 + len(given)) * len(rows)) as figure:
        axes = figure.subplots(len(rows), 1 + len(given), squeeze=False)
        for line, row in zip(axes, rows):
            original = examples.x[row, ..., 0]
            limits = {"vmin": original.min(), "vmax": original.max(), "cmap": _MAPS.get(channel)}
            for axis, image in zip(
                line, [original, *(each[row, ..., 0] for each in given.values())]
            ):
                last = axis.imshow(image.T, origin="lower", **limits)
            for axis, each in zip(line[1:], given.values()):
                error = np.sqrt(np.mean((each[row] - examples.x[row]) ** 2))
                axis.set_xlabel(f"rms error {error:.2f}", fontsize=7)
            line[0].set_xlabel(_name(examples, row), fontsize=7)
            _bar(figure, last, line, UNITS.get(channel, channel))
        for axis, name in zip(axes[0], [called, *given]):
            axis.set_title(BASELINES.get(name, name))
            axis.title.set_wrap(True)
        _bare(axes)


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
        _bar(figure, image, axis, "share of the true class")


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
    kept = np.unique(np.linspace(0, len(truth) - 1, min(most, len(truth))).astype(int))
    known = np.unique(truth)
    room = 0.7 * np.min(np.diff(known)) if len(known) > 1 else 1.0
    place = truth.astype(np.float64)
    for value in known:
        rows = kept[truth[kept] == value]
        rows = rows[np.argsort(predicted[rows], kind="stable")]
        place[rows] += room * (np.linspace(-0.5, 0.5, len(rows)) if len(rows) > 1 else 0)
    low, high = (edge[kept] for edge in intervals["68"])
    with drawing(path, 4.6, 4.4) as figure:
        axis = figure.subplots()
        ends = [known[0], known[-1]]
        axis.plot(ends, ends, color=QUIET, linewidth=1, label="equality")
        axis.vlines(place[kept], low, high, color=NETWORK, linewidth=0.5, alpha=0.35)
        axis.plot(
            place[kept],
            predicted[kept],
            "o",
            color=NETWORK,
            markersize=2,
            markeredgewidth=0,
            label="test slices, 68 % interval",
        )
        name = name.replace("_", " ")
        axis.set(xlabel=f"true {name}", ylabel=f"expected {name}")
        axis.legend(loc="upper left")


def by_redshift(
    path: str | os.PathLike, curves: Mapping[str, Sequence[Mapping]], score: str = "accuracy"
) -> None:
    """Draw a score against redshift with its intervals, the network's and a simple method's."""
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for ink, (name, curve) in zip(_INKS, curves.items()):
            _curve(axis, curve, ink, BASELINES.get(name, name))
        axis.set(xlabel="redshift", ylabel=score, ylim=(0, 1.02))
        axis.grid(axis="y")
        axis.legend(fontsize=7)


def coherences(path: str | os.PathLike, curves: Mapping[str, Sequence[Mapping]]) -> None:
    """Draw the cross-coherence with the true map against wavenumber."""
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for ink, (name, curve) in zip(_INKS, curves.items()):
            _curve(axis, curve, ink, BASELINES.get(name, name))
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
            axis.plot(length, share, dashes, color=ink, label=BASELINES.get(name, name))
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
        _bare(axes)


def _curve(axis: Axes, curve: Sequence[Mapping], ink: str, label: str) -> None:
    """Draw values with their intervals as bars, those that are defined."""
    known = [each for each in curve if each["value"] is not None]
    for each in known:
        if each["low"] is not None:
            axis.plot([each["at"]] * 2, [each["low"], each["high"]], color=ink, lw=1, alpha=0.6)
    places, values = [each["at"] for each in known], [each["value"] for each in known]
    axis.plot(places, values, "o-", color=ink, markersize=4, label=label)


def _name(examples: Examples, row: int) -> str:
    """What is known of an example: redshift and escape fraction."""
    told = examples.index.iloc[row]
    words = [f"z = {told['redshift']:g}"] if "redshift" in told else []
    words += [f"fesc = {told['escape_fraction']:g}"] if "escape_fraction" in told else []
    return ", ".join(words)


def _bar(figure, image, axes, label: str) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=24, pad=0.02)
    bar.set_label(label, fontsize=7)
    bar.outline.set_visible(False)


def _bare(axes: np.ndarray) -> None:
    """Take ticks and frames off images."""
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        for side in axis.spines.values():
            side.set_visible(False)
