"""The mesh of one box in a file, read block by block."""

import dataclasses
import itertools
from collections.abc import Sequence

import h5py
import numpy as np


@dataclasses.dataclass(frozen=True)
class BoxMesh:
    """One box of an HDF5 dataset of shape (boxes, nx, ny, nz), read block by block."""

    dataset: h5py.Dataset
    box: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.dataset.shape[1:]

    @property
    def chunks(self) -> tuple[int, ...]:
        return (self.dataset.chunks or self.dataset.shape)[1:]

    @property
    def itemsize(self) -> int:
        return self.dataset.dtype.itemsize

    def __getitem__(self, region: tuple[slice, slice, slice]) -> np.ndarray:
        return self.dataset[(self.box, *region)]


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
