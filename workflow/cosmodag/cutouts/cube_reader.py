"""Cubes of a grid and of label masks, cut out of their files when they are read."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.box_mesh import BoxMesh, read_region
from cosmodag.cutouts.known_pixels import LEAST_KNOWN
from cosmodag.cutouts.survey_channels import SELECTION


class CubeReader:
    """Reader of cubes from a grid file and a labels file.

    Each process opens the files when it reads its first cube, so that processes forked from the
    one that made the reader share no HDF5 state with it.

    Parameters
    ----------
    grid_file, labels_file : path-like
        File of kind "grid" and file of kind "labels".
    labels : sequence of str
        Labels that become channels of the target.
    side : int
        Side of a cube in cells.
    factor : int
        Cells per voxel of the target along each axis.
    fields : sequence of str
        Fields of the grid file that become channels of the input, beside the overdensity.
    """

    def __init__(
        self,
        grid_file: str | os.PathLike,
        labels_file: str | os.PathLike,
        *,
        labels: Sequence[str],
        side: int,
        factor: int = 1,
        fields: Sequence[str] = (),
    ):
        self.paths = (grid_file, labels_file)
        self.labels, self.side, self.factor = list(labels), side, factor
        self.fields = list(fields)
        self._process: int | None = None

    @classmethod
    def from_attributes(cls, attributes: Mapping, folder: str | os.PathLike) -> "CubeReader":
        """Return the reader that the attributes of an examples file or a dataset describe.

        Parameters
        ----------
        attributes : mapping
            `grid_file` and `labels_file` (relative to `folder`), `labels`, `side`, `factor` and,
            where there are any, `fields`.
        folder : path-like
            Folder that the paths are relative to.

        Returns
        -------
        CubeReader
        """
        return cls(
            Path(folder) / attributes["grid_file"],
            Path(folder) / attributes["labels_file"],
            labels=[str(label) for label in attributes["labels"]],
            side=int(attributes["side"]),
            factor=int(attributes["factor"]),
            fields=[str(field) for field in attributes.get("fields", ())],
        )

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of an input cube, (side, side, side, 1 + fields)."""
        return (self.side,) * 3 + (1 + len(self.fields),)

    @property
    def y_shape(self) -> tuple[int, ...]:
        """Shape of a target cube, (voxels, voxels, voxels, labels); one more in a survey."""
        return (self.side // self.factor,) * 3 + (len(self.labels) + self.observed,)

    @property
    def observed(self) -> bool:
        """Whether a part of the boxes is unknown, since they are observed by a survey."""
        return SELECTION in self.fields

    def inputs(self, box: str, corner: Sequence[int]) -> np.ndarray:
        """Return the overdensity in a cube, and the fields beside it.

        Parameters
        ----------
        box : str
            Name of the box.
        corner : sequence of int, shape (3,)
            Lower corner of the cube in cells.

        Returns
        -------
        numpy.ndarray, shape (side, side, side, 1 + fields), float32
            Mass over its mean, minus 1; then each field.
        """
        files = self._open()
        row = files.boxes.index(box)
        meshes = [files.grid_mesh(row), *(files.field_mesh(row, field) for field in self.fields)]
        return cube_channels(meshes, files.mean_mass(row), corner, self.side)

    def fractions(self, box: str, corner: Sequence[int]) -> np.ndarray:
        """Return the fraction of each voxel of a cube that lies inside the masks.

        Parameters
        ----------
        box : str
            Name of the box.
        corner : sequence of int, shape (3,)
            Lower corner of the cube in cells.

        Returns
        -------
        numpy.ndarray, shape (voxels, voxels, voxels, labels), float32
            Volume fractions between 0 and 1. In a survey there is one more channel, `KNOWN`: 1 in
            voxels of which half the cells or more are inside.
        """
        files = self._open()
        row = files.boxes.index(box)
        fractions = np.empty(self.y_shape, dtype=np.float32)
        for channel, label in enumerate(self.labels):
            mesh, ratio = files.mask_mesh(row, label), files.mask_ratio(label)
            lower = [edge // r for edge, r in zip(corner, ratio)]
            upper = [-(-(edge + self.side) // r) for edge, r in zip(corner, ratio)]
            cells = read_region(mesh, lower, [b - a for a, b in zip(lower, upper)])
            for axis, r in enumerate(ratio):
                cells = cells.repeat(r, axis=axis)
            cube = tuple(slice(edge % r, edge % r + self.side) for edge, r in zip(corner, ratio))
            fractions[..., channel] = self._voxel_means(cells[cube])
        if self.observed:
            selection = read_region(files.field_mesh(row, SELECTION), corner, (self.side,) * 3)
            fractions[..., -1] = self._voxel_means(selection > 0) >= LEAST_KNOWN
        return fractions

    def _voxel_means(self, cells: np.ndarray) -> np.ndarray:
        """Return the means of the cells of a cube over each voxel."""
        blocks = cells.reshape((self.side // self.factor, self.factor) * 3)
        return blocks.mean(axis=(1, 3, 5))

    def _open(self) -> BoxFiles:
        """Return the files, opened by this process."""
        if self._process != os.getpid():
            self._stack = contextlib.ExitStack()
            self._files = self._stack.enter_context(open_boxes(*self.paths, self.labels))
            self._process = os.getpid()
        return self._files


def cube_channels(
    meshes: Sequence[BoxMesh | np.ndarray],
    mean_mass: float,
    corner: Sequence[int],
    side: int,
) -> np.ndarray:
    """Return the overdensity in a cube of a box, and the fields beside it.

    Parameters
    ----------
    meshes : sequence of BoxMesh or numpy.ndarray, shape (nx, ny, nz)
        Mass per cell, then fields.
    mean_mass : float
        Mean mass per cell.
    corner : sequence of int, shape (3,)
        Lower corner of the cube in cells; it continues at the beginning of the box where it crosses
        its end.
    side : int
        Side of the cube in cells.

    Returns
    -------
    numpy.ndarray, shape (side, side, side, meshes), float32
        Mass over its mean, minus 1; then each field.
    """
    mass, *fields = meshes
    lengths = (side,) * 3
    channels = np.empty((*lengths, len(meshes)), np.float32)
    channels[..., 0] = read_region(mass, corner, lengths) / np.float32(mean_mass) - 1
    for number, field in enumerate(fields, start=1):
        channels[..., number] = read_region(field, corner, lengths)
    return channels
