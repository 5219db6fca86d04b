"""The whole boxes that sub-boxes were cut out of: their galaxies, and how voids were defined."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.window_sums import window_sums
from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind

SOURCES = ("grid", "labels")
"""Kinds of files that whole boxes are read from."""
CELLS_PER_RADIUS = 2
"""Fewest cells of a mesh along the radius of a void."""

Sources = Mapping[str, Sequence[str | os.PathLike]]
"""Files by kind; those of one batch of boxes have the same place in the list of each kind."""


@dataclass(frozen=True)
class WholeBox:
    """One box, and the sub-boxes that were cut out of it.

    Attributes
    ----------
    files : BoxFiles
        The open files that contain the box.
    number : int
        Its place in the grid file.
    rows : numpy.ndarray, shape (n,), int
        Rows of its sub-boxes in the index that the boxes were looked up for.
    """

    files: BoxFiles
    number: int
    rows: np.ndarray

    def galaxies(self, label: str, minimum_radius: float) -> np.ndarray:
        """Return the galaxy overdensity on the mesh of a label, or on the grid.

        Parameters
        ----------
        label : str
            Name of the label.
        minimum_radius : float
            Smallest radius of a void in Mpc/h, which decides whether the mesh is fine enough.

        Returns
        -------
        numpy.ndarray, shape (mx, my, mz), float32
            Overdensity.
        """
        mesh = self.files.grid_mesh(self.number)
        ratio, *_ = self.files.mask_ratio(label)
        if minimum_radius < CELLS_PER_RADIUS * ratio * self.files.cell_size.max():
            ratio = 1
        nx, ny, nz = (cells // ratio for cells in self.files.cells)
        overdensity = np.empty((nx, ny, nz), np.float32)
        for i, (plane,) in enumerate(window_sums(mesh, 0, range(0, nx * ratio, ratio), ratio)):
            overdensity[i] = plane.reshape(ny, ratio, nz, ratio).sum((1, 3))
        overdensity /= np.float32(self.files.mean_mass(self.number) * ratio**3)
        overdensity -= 1
        return overdensity


def read_definition(sources: Sources, label: str) -> dict[str, Any]:
    """Return the settings of the finder that a label comes from.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        As in `open_whole_boxes`.
    label : str
        Name of the label.

    Raises
    ------
    InputError
        The first labels file has no such label.
    """
    path = sources["labels"][0]
    with open_kind(path, "labels") as file:
        if label not in file:
            raise InputError(f"{path}: no label {label!r} in {list(file.attrs['labels'])}")
        return json.loads(file[label].attrs["settings"])


def open_whole_boxes(sources: Sources, label: str, index: pd.DataFrame) -> Iterator[WholeBox]:
    """Open the boxes of sub-boxes one after the other.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        Grid files of the galaxies and labels files of the same boxes.
    label : str
        Label that the sub-boxes are scored on.
    index : pandas.DataFrame
        Index of the sub-boxes.

    Yields
    ------
    WholeBox
        Each box that has sub-boxes.

    Raises
    ------
    InputError
        The files disagree, or a box of the index is in none of them.
    """
    grids, labels = (sources.get(kind, ()) for kind in SOURCES)
    if len(grids) != len(labels):
        raise InputError(
            f"{len(grids)} grid files and {len(labels)} labels files; give one of each per batch "
            "of boxes, in the same order"
        )
    groups = index["group"].str.split("/region-").str[0]
    missing = np.ones(len(index), bool)
    for grid_file, labels_file in zip(grids, labels):
        with open_boxes(grid_file, labels_file, [label]) as files:
            for number, (box, group) in enumerate(zip(files.boxes, files.groups)):
                rows = np.flatnonzero((index["box"] == box) & (groups == group))
                missing[rows] = False
                if len(rows):
                    yield WholeBox(files, number, rows)
    if missing.any():
        box = index["box"].to_numpy()[missing][0]
        raise InputError(
            f"box {box} is in none of the given grid files; give those of all examples"
        )
