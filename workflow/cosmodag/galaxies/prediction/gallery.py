"""Images of galaxies with what networks say of each, side by side."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cosmodag.evaluation.drawing import QUIET, WARM, drawing
from cosmodag.imaging.colour_images import rgb_from_bands

MOST = 48
"""Images that a gallery shows at most."""
ACROSS = 6


class Pictures(NamedTuple):
    """Images (N, S, S, C) whose first channels are bands, of these names."""

    x: np.ndarray
    bands: tuple[str, ...]


def gallery(
    path: str | os.PathLike, pictures: Pictures, table: pd.DataFrame, columns: Sequence[str]
) -> None:
    """Draw the first images of a table, at most 48, each with its numbers below.

    Parameters
    ----------
    path
        SVG to write.
    pictures
        Images of the first rows.
    table
        Row by row `id`, `outside`, and for each parameter its mean and interval; `group` where it
        is known. What lies outside the training distribution has a frame.
    columns
        Names of the parameters.
    """
    shown = min(MOST, len(pictures.x))
    lines = -(-shown // ACROSS)
    across = min(ACROSS, shown)
    text = 0.14 * (1 + len(columns) + ("group" in table))
    with drawing(path, max(1.4 * across, 2.8), 0.3 + lines * (1.35 + text)) as figure:
        figure.suptitle(_title(table, shown), fontsize=8)
        axes = figure.subplots(lines, across, squeeze=False).ravel()
        for axis in axes[shown:]:
            axis.set_axis_off()
        for axis, image, row in zip(axes, pictures.x, table.to_dict("records")):
            axis.imshow(rgb_from_bands(image[..., : len(pictures.bands)], pictures.bands))
            _frame(axis, bool(row["outside"]))
            axis.set_xlabel("\n".join(_numbers(row, columns)), fontsize=5.5)


def _title(table: pd.DataFrame, shown: int) -> str:
    title = "framed: outside the training distribution" if table["outside"][:shown].any() else ""
    if shown < len(table):
        title = f"the first {shown} of {len(table)}" + f"; {title}" * bool(title)
    return title


def _numbers(row: dict, columns: Sequence[str]) -> list[str]:
    """What is written below an image: its name, parameters and group."""
    name = str(row["id"])
    lines = [name if len(name) <= 24 else f"…{name[-23:]}"]
    for column in columns:
        half = (row[f"{column}_high"] - row[f"{column}_low"]) / 2
        lines.append(f"{column.replace('_', ' ')} {row[column]:.2f} ± {half:.2f}".replace("-", "−"))
    if "group" in row:
        group = int(row["group"])
        lines.append("in no group" if group < 0 else f"group {group}")
    return lines


def _frame(axis: Axes, outside: bool) -> None:
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set(visible=True, color=WARM if outside else QUIET, linewidth=2.0 if outside else 0.4)
