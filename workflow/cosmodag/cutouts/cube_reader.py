"""Cubes of a grid and of the void masks in it, cut when they are asked for."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.box_mesh import read_region


class CubeReader:
    """Cuts cubes out of a grid file and a labels file.

    The files are opened at the first cube that a process reads, so that a reader made before a fork
    shares no HDF5 state with the processes that come of it.

    Parameters
    ----------
    grid_file, labels_file : path
    labels : sequence of str
        Labels that become channels of the target.
    side : int
        In cells.
    factor : int
        Cells to a voxel of the target along each axis.
    """

    def __init__(
        self,
        grid_file: str | os.PathLike,
        labels_file: str | os.PathLike,
        *,
        labels: Sequence[str],
        side: int,
        factor: int = 1,
    ):
        self.paths = (grid_file, labels_file)
        self.labels, self.side, self.factor = list(labels), side, factor
        self._process = None

    @classmethod
    def of(cls, source: Mapping, folder: str | os.PathLike) -> "CubeReader":
        """Reader by what an examples file or a dataset says of its cubes.

        Parameters
        ----------
        source : mapping
            `grid_file` and `labels_file` (relative to `folder`), `labels`, `side` and `factor`.
        folder : path
        """
        return cls(
            Path(folder) / source["grid_file"],
            Path(folder) / source["labels_file"],
            labels=[str(label) for label in source["labels"]],
            side=int(source["side"]),
            factor=int(source["factor"]),
        )

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of an input cube."""
        return (self.side,) * 3 + (1,)

    @property
    def y_shape(self) -> tuple[int, ...]:
        """Shape of a target cube."""
        return (self.side // self.factor,) * 3 + (len(self.labels),)

    def overdensity(self, box: str, corner: Sequence[int]) -> np.ndarray:
        """Galaxy overdensity of the cube at `corner` (cells), shape (side, side, side, 1)."""
        files = self._open()
        number = files.boxes.index(box)
        mass = read_region(files.grid_mesh(number), corner, (self.side,) * 3)
        return (mass / np.float32(files.mean_mass(number)) - 1)[..., np.newaxis]

    def fractions(self, box: str, corner: Sequence[int]) -> np.ndarray:
        """Fraction of each voxel inside voids, shape (voxels, voxels, voxels, labels), float32."""
        files = self._open()
        number = files.boxes.index(box)
        fractions = np.empty(self.y_shape, dtype=np.float32)
        for channel, label in enumerate(self.labels):
            mesh, ratio = files.mask_mesh(number, label), files.mask_ratio(label)
            first = [edge // r for edge, r in zip(corner, ratio)]
            past = [-(-(edge + self.side) // r) for edge, r in zip(corner, ratio)]
            cells = read_region(mesh, first, [b - a for a, b in zip(first, past)])
            for axis, r in enumerate(ratio):
                cells = cells.repeat(r, axis=axis)
            cut = tuple(slice(edge % r, edge % r + self.side) for edge, r in zip(corner, ratio))
            blocks = cells[cut].reshape((self.side // self.factor, self.factor) * 3)
            fractions[..., channel] = blocks.mean(axis=(1, 3, 5))
        return fractions

    def _open(self) -> BoxFiles:
        if self._process != os.getpid():
            self._stack = contextlib.ExitStack()
            self._files = self._stack.enter_context(open_boxes(*self.paths, self.labels))
            self._process = os.getpid()
        return self._files
