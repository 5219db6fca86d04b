"""Flat patches of a cube across an axis, and sums over its planes."""

import numba
import numpy as np


def cut_patches(
    cube: np.ndarray, axis: int, corners: np.ndarray, side: int, out: np.ndarray
) -> np.ndarray:
    """Copy patches one cell deep out of a cube.

    Parameters
    ----------
    cube : (n, n, n) float32
        C-contiguous or not.
    axis : int
        Across which patches lie; their rows and columns are the other axes, in their order.
    corners : (N, 3) int64
        Lower corners along x, y and z in cells.
    side : int
        Of a patch in cells.
    out : (N, side, side) float32
        Is filled; may be a channel of maps, which last in memory.

    Returns
    -------
    numpy.ndarray
        `out`.
    """
    if axis == 2:
        # Neighbours in depth lie beside each other in memory, so they are copied together.
        order = np.lexsort((corners[:, 2], corners[:, 1], corners[:, 0]))
        _cut_columns(cube, corners[order], order, side, out)
    else:
        _cut_rows(cube, axis, corners, side, out)
    return out


@numba.njit(cache=True, nogil=True)
def _cut_rows(cube, axis, corners, side, out):
    """Copy patches whose columns run along z; bound by memory."""
    for n in range(len(corners)):
        x, y, z = corners[n]
        for i in range(side):
            if axis == 0:
                for j in range(side):
                    out[n, i, j] = cube[x, y + i, z + j]
            else:
                for j in range(side):
                    out[n, i, j] = cube[x + i, y, z + j]


@numba.njit(cache=True, nogil=True)
def _cut_columns(cube, corners, places, side, out):
    """Copy patches across z, a column of cells at a time; bound by writes to as many patches."""
    for i in range(side):
        for j in range(side):
            for n in range(len(corners)):
                x, y, z = corners[n]
                out[places[n], i, j] = cube[x + i, y + j, z]


@numba.njit(cache=True, nogil=True, fastmath={"reassoc"})
def plane_sums(cube, axis):
    """Sum of each plane of a cube across an axis, and how many of its cells are not 0.

    Bound by memory.

    Parameters
    ----------
    cube : (n, n, n) float32
    axis : int

    Returns
    -------
    sums : (n,) float64
    filled : (n,) int64
    """
    n = cube.shape[0]
    sums, filled = np.zeros(n), np.zeros(n, np.int64)
    for i in range(n):
        for j in range(n):
            if axis == 2:
                for k in range(n):
                    sums[k] += cube[i, j, k]
                    filled[k] += cube[i, j, k] != 0
            else:
                total, number = 0.0, 0
                for k in range(n):
                    total += cube[i, j, k]
                    number += cube[i, j, k] != 0
                plane = i if axis == 0 else j
                sums[plane] += total
                filled[plane] += number
    return sums, filled
