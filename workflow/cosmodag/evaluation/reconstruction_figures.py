"""Figures of images beside their reconstructions."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.drawing import colour_bar, drawing, hide_frames
from cosmodag.evaluation.names import baseline_title


@dataclass(frozen=True)
class ChannelStyle:
    """How the images of an experiment are drawn.

    Attributes
    ----------
    example : str
        Name of an example.
    labels : mapping from channel to str
        Label of the colour bar, with its unit; the channel's name where it is missing.
    colormaps : mapping from channel to str
        Names of matplotlib's colour maps.
    title : callable
        Takes examples and a row and returns the example's title.
    """

    example: str = "image"
    labels: Mapping[str, str] = field(default_factory=dict)
    colormaps: Mapping[str, str] = field(default_factory=dict)
    title: Callable[[Examples, int], str] = lambda examples, row: ""


def rows_by_error(error: np.ndarray, count: int = 4) -> np.ndarray:
    """Return rows of examples from the smallest to the largest error, evenly spaced in rank."""
    order = np.argsort(error, kind="stable")
    places = np.linspace(0.05, 0.95, min(count, len(order))) * (len(order) - 1)
    return order[np.round(places).astype(int)]


def reconstructions(
    path: str | os.PathLike,
    examples: Examples,
    reconstructed: Mapping[str, np.ndarray],
    rows: Sequence[int],
    style: ChannelStyle,
) -> None:
    """Draw images beside their reconstructions, one line per example.

    The first channel is drawn; errors are those of all channels.

    Parameters
    ----------
    path : path
    examples : Examples
    reconstructed : mapping from predictor to numpy.ndarray
        Reconstructions, shaped like the images.
    rows : sequence of int
        Examples to draw.
    style : ChannelStyle
        Labels and colour maps of the channels.
    """
    channel = examples.channels[0]
    with drawing(path, 7.2, 0.4 + 6.6 / (1 + len(reconstructed)) * len(rows)) as figure:
        axes = figure.subplots(len(rows), 1 + len(reconstructed), squeeze=False)
        for line, row in zip(axes, rows):
            original = examples.x[row, ..., 0]
            limits = {
                "vmin": original.min(),
                "vmax": original.max(),
                "cmap": style.colormaps.get(channel),
            }
            for axis, image in zip(
                line, [original, *(each[row, ..., 0] for each in reconstructed.values())]
            ):
                last = axis.imshow(image.T, origin="lower", **limits)
            for axis, each in zip(line[1:], reconstructed.values()):
                error = np.sqrt(np.mean((each[row] - examples.x[row]) ** 2))
                axis.set_xlabel(f"rms error {error:.2f}", fontsize=7)
            line[0].set_xlabel(style.title(examples, row), fontsize=7)
            colour_bar(figure, last, line, style.labels.get(channel, channel))
        for axis, name in zip(axes[0], [style.example, *reconstructed]):
            axis.set_title(baseline_title(name))
            axis.title.set_wrap(True)
        hide_frames(axes)
