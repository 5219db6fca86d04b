"""Cubes of a grid and of the void masks in it, listed beforehand and cut when they are read."""

import contextlib
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from cosmodag.cutouts.box_files import BoxFiles, open_boxes
from cosmodag.cutouts.examples_file import describe_examples, join_columns, write_index
from cosmodag.cutouts.slab_maps import SubBoxShape, count_voids, voids_at
from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_plan import Lattice, plan_sub_boxes
from cosmodag.cutouts.window_sums import BoxMesh
from cosmodag.files import whole_file


def list_cubes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    side: int,
    stride: int | None = None,
    factor: int = 1,
    labels: Sequence[str] | None = None,
    positions: Sequence[int] | None = None,
    wrap: bool = False,
    regions: Sequence[int] | None = None,
    buffer: float = 0.0,
    maximum: int | None = None,
) -> int:
    """Write an examples file that lists cubes without holding them.

    A cube is a sub-box as deep as it is wide. Its input is the galaxy overdensity, its target the
    fraction of each `factor`³ cells inside voids. The file remembers where the grid and the labels
    lie relative to itself; `CubeReader` cuts the cubes out of them.

    Parameters
    ----------
    grid_file, labels_file, output : path
    side : int
        In cells.
    stride : int, optional
        Distance between neighbours along each axis in cells; `side` by default.
    factor : int
        Cells to a voxel of the target along each axis.
    labels, positions, wrap, regions, buffer, maximum
        As for `cosmodag.cutouts.sub_boxes.cut_boxes`.

    Returns
    -------
    int
        Number of cubes.

    Raises
    ------
    InputError
        The files disagree, cubes do not fit, or `side` does not divide by `factor`.
    """
    stride = side if stride is None else stride
    shape = SubBoxShape(side, side, factor=factor)
    with open_boxes(grid_file, labels_file, labels) as files:
        lattices = plan_sub_boxes(
            files,
            side=side,
            depth=side,
            stride=stride,
            stride_depth=stride,
            axes=[2],
            wrap=wrap,
            positions=positions,
            regions=regions,
            buffer=buffer,
            maximum=maximum,
        )
        columns = join_columns(
            [
                index_columns(files, box, lattice, side, side, named_regions=regions is not None)
                | {f"corner_{letter}": lattice.corners()[:, k] for k, letter in enumerate("xyz")}
                | _counts(files, box, lattice, shape)
                for box, lattice in itertools.product(range(len(files.boxes)), lattices)
            ]
        )
        with whole_file(output) as partial, h5py.File(partial, "w") as file:
            describe_examples(
                file,
                experiment="voids",
                x_channels=["overdensity"],
                y_channels=[f"fraction_{label}" for label in files.labels],
            )
            file.attrs.update(
                cubes=True, side=side, factor=factor, labels=files.labels, cell_size=files.cell_size
            )
            folder = Path(output).resolve().parent
            file.attrs["grid_file"] = os.path.relpath(Path(grid_file).resolve(), folder)
            file.attrs["labels_file"] = os.path.relpath(Path(labels_file).resolve(), folder)
            write_index(file, columns)
    return len(columns["id"])


def _counts(
    files: BoxFiles, box: int, lattice: Lattice, shape: SubBoxShape
) -> dict[str, np.ndarray]:
    parts = []
    for place in np.unique(lattice.chosen[:, 0]):
        voids = voids_at(files, box, lattice, lattice.offsets[place], shape)
        chosen = lattice.chosen[lattice.chosen[:, 0] == place, 1:]
        parts.append(count_voids(voids, chosen))
    return join_columns(parts)


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
        voxels = self.side // self.factor
        fractions = np.empty((voxels,) * 3 + (len(self.labels),), dtype=np.float32)
        for channel, label in enumerate(self.labels):
            mesh, ratio = files.mask_mesh(number, label), files.mask_ratio(label)
            first = [edge // r for edge, r in zip(corner, ratio)]
            past = [-(-(edge + self.side) // r) for edge, r in zip(corner, ratio)]
            cells = read_region(mesh, first, [b - a for a, b in zip(first, past)])
            for axis, r in enumerate(ratio):
                cells = cells.repeat(r, axis=axis)
            cut = tuple(slice(edge % r, edge % r + self.side) for edge, r in zip(corner, ratio))
            blocks = cells[cut].reshape((voxels, self.factor) * 3)
            fractions[..., channel] = blocks.mean(axis=(1, 3, 5))
        return fractions

    def _open(self) -> BoxFiles:
        if self._process != os.getpid():
            self._stack = contextlib.ExitStack()
            self._files = self._stack.enter_context(open_boxes(*self.paths, self.labels))
            self._process = os.getpid()
        return self._files


def read_region(
    mesh: BoxMesh | np.ndarray, corner: Sequence[int], lengths: Sequence[int]
) -> np.ndarray:
    """Read a block of a mesh; what passes its end goes on at its beginning.

    Parameters
    ----------
    mesh : array-like, shape (nx, ny, nz)
    corner, lengths : sequence of int, shape (3,)
        In cells of the mesh.

    Returns
    -------
    numpy.ndarray, shape `lengths`
    """
    pieces = []
    for start, length, cells in zip(corner, lengths, mesh.shape):
        start = int(start) % cells
        whole = slice(start, min(start + length, cells))
        held = whole.stop - whole.start
        pieces.append([(whole, slice(0, held))])
        if held < length:
            pieces[-1].append((slice(0, length - held), slice(held, length)))
    region = None
    for piece in itertools.product(*pieces):
        block = mesh[tuple(source for source, _ in piece)]
        if block.shape == tuple(lengths):
            return block
        if region is None:
            region = np.empty(tuple(lengths), dtype=block.dtype)
        region[tuple(place for _, place in piece)] = block
    return region
