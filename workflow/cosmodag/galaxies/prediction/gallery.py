"""Galleries of galaxy images: with predictions below each, or with similar galaxies beside."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cosmodag.evaluation.drawing import QUIET, WARM, drawing
from cosmodag.imaging.colour_images import rgb_from_bands

MAX_IMAGES = 48
"""Largest number of images in a gallery."""
N_COLUMNS = 6
MAX_SIMILAR = 10
"""Largest number of similar galaxies in a row."""


class StampImages(NamedTuple):
    """Images whose first channels are bands.

    Attributes
    ----------
    x : numpy.ndarray, shape (N, S, S, C)
    bands : tuple of str
        Names of the first channels.
    """

    x: np.ndarray
    bands: tuple[str, ...]


def draw_gallery(
    path: str | os.PathLike, images: StampImages, table: pd.DataFrame, columns: Sequence[str]
) -> None:
    """Draw the first images of a table, at most 48, with their predictions.

    Images outside the training distribution have a thick frame.

    Parameters
    ----------
    path : path-like
        SVG to write.
    images : StampImages
        Images of the first rows.
    table : pandas.DataFrame
        Predictions: `id`, `outside`, and for each parameter its mean and interval; `cluster` if it
        is known.
    columns : sequence of str
        Names of the parameters.
    """
    shown = min(MAX_IMAGES, len(images.x))
    n_rows = -(-shown // N_COLUMNS)
    n_columns = min(N_COLUMNS, shown)
    text_height = 0.14 * (1 + len(columns) + ("cluster" in table))
    height = 0.3 + n_rows * (1.35 + text_height)
    with drawing(path, max(1.4 * n_columns, 2.8), height) as figure:
        figure.suptitle(_title(table, shown), fontsize=8)
        axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axis in axes[shown:]:
            axis.set_axis_off()
        for axis, image, row in zip(axes, images.x, table.to_dict("records")):
            axis.imshow(rgb_from_bands(image[..., : len(images.bands)], images.bands))
            _frame(axis, bool(row["outside"]))
            axis.set_xlabel("\n".join(_caption(row, columns)), fontsize=5.5)


def draw_similar(
    path: str | os.PathLike, images: Sequence[StampImages], table: pd.DataFrame
) -> None:
    """Draw images, each in a row with the galaxies found for it.

    Parameters
    ----------
    path : path-like
        SVG to write.
    images : sequence of StampImages
        For each of the first images, itself and the n galaxies found for it, shape (n + 1, …).
    table : pandas.DataFrame
        Table of `find_similar`: n rows for each image.
    """
    number = len(images[0].x) - 1
    n_columns = min(number, MAX_SIMILAR) + 1
    with drawing(path, 1.1 * n_columns, 0.3 + 1.4 * len(images)) as figure:
        axes = figure.subplots(len(images), n_columns, squeeze=False)
        for row, (line, shown) in enumerate(zip(axes, images)):
            found = table[row * number :].head(n_columns - 1).to_dict("records")
            captions = [_short(str(found[0]["id"]))]
            captions += [f"{_short(str(e['similar']))}\n{e['distance']:.2f}" for e in found]
            for axis, image, caption in zip(line, shown.x, captions):
                axis.imshow(rgb_from_bands(image[..., : len(shown.bands)], shown.bands))
                _frame(axis, axis is line[0])
                axis.set_xlabel(caption, fontsize=5.5)


def _title(table: pd.DataFrame, shown: int) -> str:
    """Return the title of the gallery."""
    title = "framed: outside the training distribution" if table["outside"][:shown].any() else ""
    if shown < len(table):
        title = f"the first {shown} of {len(table)}" + f"; {title}" * bool(title)
    return title


def _caption(row: dict, columns: Sequence[str]) -> list[str]:
    """Return the lines below an image: its name, parameters and cluster."""
    lines = [_short(str(row["id"]))]
    for column in columns:
        half_width = (row[f"{column}_high"] - row[f"{column}_low"]) / 2
        title = column.replace("_", " ")
        lines.append(f"{title} {row[column]:.2f} ± {half_width:.2f}".replace("-", "−"))
    if "cluster" in row:
        cluster = int(row["cluster"])
        lines.append("in no cluster" if cluster < 0 else f"cluster {cluster}")
    return lines


def _short(name: str) -> str:
    """Return a name, or the end of a long one."""
    return name if len(name) <= 24 else f"…{name[-23:]}"


def _frame(axis: Axes, outside: bool) -> None:
    """Draw the frame of an image."""
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set(visible=True, color=WARM if outside else QUIET, linewidth=2.0 if outside else 0.4)
