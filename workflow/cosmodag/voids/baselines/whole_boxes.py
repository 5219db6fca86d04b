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
from cosmodag.voids.finders.box_labels import average_cells

SOURCES = ("grid", "labels")
"""Kinds of files that whole boxes are read from, one of each per batch of boxes."""
MATTER = "matter"
"""Kind of the grid files of matter, which may lack boxes."""
CELLS_PER_RADIUS = 2
"""Fewest cells of a mesh along the radius of a void."""

Sources = Mapping[str, Sequence[str | os.PathLike]]
"""Files by kind; those of one batch of boxes have the same place in the lists of `SOURCES`."""
BoxKey = tuple[str, str]
"""Group and name of a box."""


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

    @property
    def key(self) -> BoxKey:
        """Group and name of the box."""
        return self.files.groups[self.number], self.files.boxes[self.number]

    def mesh_shape(self, label: str) -> tuple[int, int, int]:
        """Return the shape of the mesh of a label."""
        nx, ny, nz = self.files.labels_file[label]["mask"].shape[1:]
        return nx, ny, nz

    def galaxies(self, label: str, minimum_radius: float = np.inf) -> np.ndarray:
        """Return the galaxy overdensity on the mesh of a label, or on the grid.

        Parameters
        ----------
        label : str
            Name of the label.
        minimum_radius : float
            Smallest radius of a void in Mpc/h. If it is below two cells of the mesh, the grid is
            returned.

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


def box_keys(index: pd.DataFrame) -> list[BoxKey]:
    """Return the box of each sub-box of an index; regions of a box are parts of it."""
    groups = index["group"].str.split("/region-").str[0]
    return list(zip(groups, index["box"]))


def read_matter(sources: Sources, key: BoxKey, shape: tuple[int, int, int]) -> np.ndarray:
    """Read the matter overdensity of a box on a mesh.

    Parameters
    ----------
    sources : mapping from {"matter"} to sequence of path
        Grid files of the matter, in any order.
    key : tuple of str
        Group and name of the box.
    shape : tuple of int, shape (3,)
        Shape of the mesh.

    Returns
    -------
    numpy.ndarray, shape `shape`, float32
        Matter density over its mean, minus 1.

    Raises
    ------
    InputError
        No file contains the box, or the mesh does not divide the grid of the matter.
    """
    for path in sources.get(MATTER, ()):
        with open_kind(path, "grid") as file:
            keys = list(zip(map(str, file.attrs["groups"]), map(str, file.attrs["boxes"])))
            if key in keys:
                row = keys.index(key)
                overdensity = average_cells(file["grid"][row], shape)
                overdensity /= np.float32(file.attrs["mean_density"][row])
                overdensity -= 1
                return overdensity
    raise InputError(f"the matter of box {key[1]} is in none of the given files")


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
    rows_of: dict[BoxKey, list[int]] = {}
    for row, key in enumerate(box_keys(index)):
        rows_of.setdefault(key, []).append(row)
    for grid_file, labels_file in zip(grids, labels):
        with open_boxes(grid_file, labels_file, [label]) as files:
            for number, key in enumerate(zip(files.groups, files.boxes)):
                if key in rows_of:
                    yield WholeBox(files, number, np.array(rows_of.pop(key)))
    if rows_of:
        _, box = min(rows_of)
        raise InputError(
            f"box {box} is in none of the given grid files; give those of all examples"
        )
