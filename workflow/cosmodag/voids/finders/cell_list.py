"""Tracers sorted into the cells of a coarse mesh, so that neighbours are found in a few reads."""

from typing import NamedTuple

import numba
import numpy as np


class CellList(NamedTuple):
    """Tracers in the order of the cells they lie in, and where each cell begins.

    Cells are numbered with z fastest, so the tracers of a row of cells along z are one slice.

    Attributes
    ----------
    position : (N, 3) float64 array
        Sorted positions in Mpc/h.
    order : (N,) int64 array
        Row of each sorted tracer in the array that was given.
    start : (nx * ny * nz + 1,) int64 array
        First tracer of each cell.
    shape : (3,) int64 array
        Cells along each axis.
    cell : (3,) float64 array
        Sides of a cell in Mpc/h.
    box_size : (3,) float64 array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats.
    """

    position: np.ndarray
    order: np.ndarray
    start: np.ndarray
    shape: np.ndarray
    cell: np.ndarray
    box_size: np.ndarray
    periodic: bool


def sort_into_cells(
    positions: np.ndarray, box_size: np.ndarray, *, periodic: bool, occupancy: float
) -> CellList:
    """Sort tracers into the cells of a mesh.

    Parameters
    ----------
    positions : (N, 3) array
        Positions in Mpc/h, 0 ≤ x ≤ box_size.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats.
    occupancy : float
        Tracers to a cell on average. In smaller cells, walking rows of empty cells costs more
        than reading tracers; in larger ones, tracers out of reach are read.
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    side = np.cbrt(box_size.prod() * occupancy / max(len(positions), 1))
    shape = np.clip(np.floor(box_size / side), 1, 1024).astype(np.int64)
    cell = box_size / shape
    position, order, start = _counting_sort(np.asarray(positions), shape, cell)
    return CellList(position, order, start, shape, cell, box_size, periodic)


@numba.njit(cache=True, nogil=True)
def _counting_sort(positions, shape, cell):
    """Sort by cell number in two passes; bound by scattered writes of memory."""
    number = np.empty(len(positions), dtype=np.int64)
    start = np.zeros(shape.prod() + 1, dtype=np.int64)
    for n in range(len(positions)):
        index = 0
        for axis in range(3):
            along = min(int(positions[n, axis] / cell[axis]), shape[axis] - 1)
            index = index * shape[axis] + along
        number[n] = index
        start[index + 1] += 1
    start = np.cumsum(start)
    filled = start[:-1].copy()
    order = np.empty(len(positions), dtype=np.int64)
    ordered = np.empty((len(positions), 3))
    for n in range(len(positions)):
        slot = filled[number[n]]
        filled[number[n]] += 1
        order[slot] = n
        for axis in range(3):
            ordered[slot, axis] = positions[n, axis]
    return ordered, order, start
