"""The mesh of one box in a file, read block by block."""

import dataclasses
import itertools
from collections.abc import Sequence

import h5py
import numpy as np


@dataclasses.dataclass(frozen=True)
class BoxMesh:
    """One box of an HDF5 dataset with one mesh per box, read block by block.

    Attributes
    ----------
    dataset : h5py.Dataset, shape (boxes, nx, ny, nz)
        The meshes of all boxes.
    box : int
        Index of the box.
    """

    dataset: h5py.Dataset
    box: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the mesh, (nx, ny, nz)."""
        return self.dataset.shape[1:]

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk of the file; that of the mesh if the dataset is contiguous."""
        return (self.dataset.chunks or self.dataset.shape)[1:]

    @property
    def itemsize(self) -> int:
        """Bytes per cell."""
        return self.dataset.dtype.itemsize

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        return self.dataset[(self.box, *region)]


def read_region(
    mesh: BoxMesh | np.ndarray, corner: Sequence[int], lengths: Sequence[int]
) -> np.ndarray:
    """Read a block of a periodic mesh.

    Parameters
    ----------
    mesh : BoxMesh or numpy.ndarray, shape (nx, ny, nz)
        The mesh; the block continues at its beginning where it crosses its end.
    corner, lengths : sequence of int, shape (3,)
        Lower corner and sides of the block in cells.

    Returns
    -------
    numpy.ndarray, shape `lengths`
        The block, of the dtype of the mesh.
    """
    segments = []
    for start, length, cells in zip(corner, lengths, mesh.shape):
        start = int(start) % cells
        source = slice(start, min(start + length, cells))
        before_end = source.stop - source.start
        along = [(source, slice(0, before_end))]
        if before_end < length:
            along.append((slice(0, length - before_end), slice(before_end, length)))
        segments.append(along)
    region = None
    for combination in itertools.product(*segments):
        block = mesh[tuple(source for source, _ in combination)]
        if block.shape == tuple(lengths):
            return block
        if region is None:
            region = np.empty(tuple(lengths), dtype=block.dtype)
        region[tuple(target for _, target in combination)] = block
    assert region is not None  # there is at least one segment along each axis
    return region
