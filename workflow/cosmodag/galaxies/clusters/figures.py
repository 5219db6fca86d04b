"""Figures of groups of galaxies: their members, where they lie, and what is unlike all others."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps

from cosmodag.evaluation.drawing import QUIET, drawing
from cosmodag.galaxies.clusters.groupings import ALONE

SHOWN = 9
"""Galaxies of a group that a gallery shows."""
UNMEASURED = "not measured"
_SIDE = 0.68


def members(path: str | os.PathLike, lines: Sequence[tuple[str, Sequence[np.ndarray]]]) -> None:
    """Draw galaxies of each group in a line.

    Parameters
    ----------
    path
        SVG to write.
    lines : sequence of (str, sequence of numpy.ndarray)
        What is said of a group, and pictures (S, S, 3) of galaxies that are in it.
    """
    with drawing(path, 7.2, 0.1 + 0.75 * max(len(lines), 1)) as figure:
        figure.set_layout_engine("none")
        width, height = figure.get_size_inches()
        for line, (name, pictures) in enumerate(lines):
            top = 0.05 + 0.75 * line
            figure.text(0, 1 - (top + _SIDE / 2) / height, name, va="center", fontsize=7)
            for column, picture in enumerate(pictures):
                left = 0.95 + 0.7 * column
                place = [left / width, 1 - (top + _SIDE) / height, _SIDE / width, _SIDE / height]
                axes = figure.add_axes(place)
                axes.imshow(picture, origin="lower")
                axes.set_axis_off()


def places(path: str | os.PathLike, position: np.ndarray, groups: np.ndarray) -> None:
    """Draw where examples (N, 2) lie on a map, in the colours of their groups (N,)."""
    inks = colormaps["tab10"].colors + colormaps["Set3"].colors
    with drawing(path, 4.6, 4.4) as figure:
        axis = figure.subplots()
        for group in np.unique(groups):
            here = position[groups == group]
            ink = QUIET if group == ALONE else inks[group % len(inks)]
            axis.plot(
                *here.T, "o", color=ink, markersize=2.5, markeredgewidth=0, label=group_name(group)
            )
        axis.set(xticks=[], yticks=[], xlabel="t-SNE of the latent", aspect="equal")
        axis.legend(fontsize=7, markerscale=2, loc="best")


def outliers(
    path: str | os.PathLike, pictures: Sequence[np.ndarray], scores: Sequence[float]
) -> None:
    """Draw galaxies that are unlike the others, with how far from them they lie."""
    columns = min(len(pictures), 6)
    rows = -(-len(pictures) // columns)
    with drawing(path, 7.2, 1.35 * rows) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, picture, score in zip(axes, pictures, scores):
            axis.imshow(picture, origin="lower")
            axis.set_title(f"{score:.1f}", fontsize=7, loc="center", pad=2)


def group_name(group: int) -> str:
    """What a group is called."""
    return {ALONE: "in no group"}.get(int(group), f"group {group}" if group >= 0 else UNMEASURED)


def lines_of(
    groups: np.ndarray, pictures: Mapping[int, Sequence[np.ndarray]]
) -> list[tuple[str, Sequence[np.ndarray]]]:
    """What `members` draws of groups (N,) and of pictures of some of each."""
    return [
        (f"{group_name(group)}\n{np.mean(groups == group):.1%}", each)
        for group, each in sorted(pictures.items(), key=lambda item: (item[0] < 0, item[0]))
    ]
