"""Picture of the slices of a cube and of what a network predicts of them."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, colour_bar, drawing
from cosmodag.reionization.evaluation.slice_figures import UNITS
from cosmodag.reionization.prediction.slice_predictions import Quantity

N_IMAGES = 4
"""Slices that are drawn, evenly spaced."""


def draw_predictions(
    path: str | os.PathLike,
    x: np.ndarray,
    places: pd.DataFrame,
    field: str,
    quantities: Mapping[str, Quantity],
    combined: Mapping[str, Quantity],
    maps: np.ndarray | None = None,
) -> None:
    """Draw slices as the network sees them, and the predictions for all slices and for the cube.

    Parameters
    ----------
    path : path
        SVG to write; PNG, PDF and the numbers are written beside it.
    x : numpy.ndarray, shape (N, side, side, 1)
        Slices with noise.
    places : pandas.DataFrame, N rows
        Names and places of the slices.
    field : str
        Field of the slices.
    quantities, combined : mapping from str to Quantity
        Predictions for the slices and for the cube.
    maps : numpy.ndarray, shape (N, side, side), optional
        Probability that each pixel is ionized.
    """
    shown = np.unique(np.linspace(0, len(x) - 1, N_IMAGES).round().astype(int))
    images = {UNITS.get(field, field): (x[shown, ..., 0], "magma")}
    if maps is not None:
        images["probability of being ionized"] = (maps[shown], "Blues")
    n_lines = len(images) + len(quantities)
    with drawing(path, 7.2, 0.5 + 2.1 * n_lines, dpi=150) as figure:
        grid = figure.add_gridspec(n_lines, N_IMAGES)
        for line, (label, (values, colours)) in enumerate(images.items()):
            limits = {"vmin": values.min(), "vmax": values.max(), "cmap": colours}
            axes = [figure.add_subplot(grid[line, number]) for number in range(len(shown))]
            for axis, image, row in zip(axes, values, shown):
                last = axis.imshow(image.T, origin="lower", **limits)
                axis.set(xticks=[], yticks=[])
                axis.set_title(places["id"].iloc[row], fontsize=6)
            colour_bar(figure, last, axes, label)
        for line, (column, quantity) in enumerate(quantities.items(), len(images)):
            wide = N_IMAGES if quantity.probability is None else N_IMAGES - 1
            _draw_slices(figure.add_subplot(grid[line, :wide]), quantity, combined[column])
            if quantity.probability is not None:
                draw = _draw_marginal if quantity.is_continuous else _draw_classes
                draw(figure.add_subplot(grid[line, wide]), quantity, combined[column])


def _draw_slices(axis: Axes, quantity: Quantity, combined: Quantity) -> None:
    """Draw the prediction for each slice with its intervals, and that for the cube."""
    number = np.arange(len(quantity.mean))
    for level, alpha in (("95", 0.15), ("68", 0.3)):
        low, high = quantity.intervals[level]
        axis.fill_between(number, low, high, color=NETWORK, alpha=alpha, lw=0, step="mid")
    axis.plot(number, quantity.mean, ".", color=NETWORK, markersize=3, label="slices")
    low, high = combined.intervals["68"]
    axis.axhspan(float(low[0]), float(high[0]), color=WARM, alpha=0.25, lw=0)
    axis.axhline(float(combined.mean[0]), color=WARM, lw=1, label="cube")
    axis.set(xlabel="slice, in the order of the table", ylabel=quantity.name.replace("_", " "))
    axis.legend(fontsize=6)


def _draw_classes(axis: Axes, quantity: Quantity, combined: Quantity) -> None:
    """Draw the probability of each value: of the cube, and its mean over slices."""
    assert quantity.probability is not None
    assert combined.probability is not None
    place = np.arange(len(quantity.values))
    axis.bar(place, combined.probability[0], color=WARM, alpha=0.6, label="cube")
    axis.plot(
        place, quantity.probability.mean(axis=0), "o", color=QUIET, markersize=3, label="slices"
    )
    axis.set_xticks(place, [f"{value:g}" for value in quantity.values], rotation=90, fontsize=6)
    axis.set(xlabel=quantity.name.replace("_", " "), ylabel="probability", ylim=(0, 1))
    axis.legend(fontsize=6)


def _draw_marginal(axis: Axes, quantity: Quantity, combined: Quantity) -> None:
    """Draw the posterior density of a parameter: of the cube, and its mean over slices."""
    assert quantity.probability is not None
    assert combined.probability is not None
    width = quantity.values[1] - quantity.values[0]
    slices = quantity.probability.mean(axis=0)
    axis.fill_between(
        quantity.values, combined.probability[0] / width, color=WARM, alpha=0.6, lw=0, label="cube"
    )
    axis.plot(quantity.values, slices / width, color=QUIET, lw=1, label="slices")
    axis.set(xlabel=quantity.name.replace("_", " "), ylabel="density", ylim=(0, None))
    axis.legend(fontsize=6)
