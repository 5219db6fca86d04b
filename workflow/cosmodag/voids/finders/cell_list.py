"""Cell lists: tracers sorted into the cells of a coarse mesh, for fast neighbour searches."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike


class CellList(NamedTuple):
    """Tracers in the order of the cells that contain them.

    Cells are numbered with z fastest, so the tracers of a row of cells along z are contiguous.

    Attributes
    ----------
    position : numpy.ndarray, shape (N, 3), float64
        Sorted positions in Mpc/h.
    order : numpy.ndarray, shape (N,), int64
        Row of each sorted tracer in the input.
    start : numpy.ndarray, shape (nx * ny * nz + 1,), int64
        Index of the first tracer of each cell.
    shape : numpy.ndarray, shape (3,), int64
        Cells along each axis.
    cell : numpy.ndarray, shape (3,), float64
        Sides of a cell in Mpc/h.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    """

    position: np.ndarray
    order: np.ndarray
    start: np.ndarray
    shape: np.ndarray
    cell: np.ndarray
    box_size: np.ndarray
    periodic: bool


def sort_into_cells(
    positions: ArrayLike, box_size: ArrayLike, *, periodic: bool, occupancy: float
) -> CellList:
    """Sort tracers into the cells of a mesh.

    Parameters
    ----------
    positions : array-like, shape (N, 3)
        Positions in Mpc/h, 0 ≤ x ≤ box_size.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    occupancy : float
        Mean number of tracers per cell. Smaller cells cost more visits to empty rows, larger cells
        more tests of tracers that are out of reach.

    Returns
    -------
    CellList
        The sorted tracers.
    """
    positions, box_size = np.asarray(positions), np.asarray(box_size, dtype=np.float64)
    side = np.cbrt(box_size.prod() * occupancy / max(len(positions), 1))
    shape = np.clip(np.floor(box_size / side), 1, 1024).astype(np.int64)
    cell = box_size / shape
    position, order, start = _counting_sort(positions, shape, cell)
    return CellList(position, order, start, shape, cell, box_size, periodic)


@numba.njit(cache=True, nogil=True)
def _counting_sort(positions, shape, cell):
    """Sort by cell in two passes; bound by scattered writes to memory."""
    cell_index = np.empty(len(positions), dtype=np.int64)
    start = np.zeros(shape.prod() + 1, dtype=np.int64)
    for n in range(len(positions)):
        index = 0
        for axis in range(3):
            along = min(int(positions[n, axis] / cell[axis]), shape[axis] - 1)
            index = index * shape[axis] + along
        cell_index[n] = index
        start[index + 1] += 1
    start = np.cumsum(start)
    next_slot = start[:-1].copy()
    order = np.empty(len(positions), dtype=np.int64)
    sorted_position = np.empty((len(positions), 3))
    for n in range(len(positions)):
        slot = next_slot[cell_index[n]]
        next_slot[cell_index[n]] += 1
        order[slot] = n
        for axis in range(3):
            sorted_position[slot, axis] = positions[n, axis]
    return sorted_position, order, start
