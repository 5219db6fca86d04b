"""Flat patches of a cube across an axis, and what whole planes hold."""

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
def plane_sums(cube, axis, planes):
    """Sums of planes of a cube across an axis; bound by memory.

    Parameters
    ----------
    cube : (n, n, n) float32
    axis : int
    planes : (N,) int64
        Which planes.

    Returns
    -------
    (N,) float64
    """
    n = cube.shape[0]
    sums = np.zeros(len(planes))
    if axis == 2:  # a plane is strewn over memory: all are summed at once
        every = np.zeros(n)
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    every[k] += cube[i, j, k]
        return every[planes]
    for place in range(len(planes)):
        total = 0.0
        for i in range(n):
            row = cube[planes[place], i] if axis == 0 else cube[i, planes[place]]
            for k in range(n):
                total += row[k]
        sums[place] = total
    return sums


@numba.njit(cache=True, nogil=True)
def planes_filled(cube, axis, planes):
    """Whether planes of a cube across an axis hold anything but 0; looks no further than it must.

    Parameters as in `plane_sums`.

    Returns
    -------
    (N,) bool
    """
    n = cube.shape[0]
    filled = np.zeros(len(planes), np.bool_)
    for place in range(len(planes)):
        p = planes[place]
        for i in range(n):
            for j in range(n):
                if axis == 0:
                    value = cube[p, i, j]
                elif axis == 1:
                    value = cube[i, p, j]
                else:
                    value = cube[i, j, p]
                if value != 0:
                    filled[place] = True
                    break
            if filled[place]:
                break
    return filled
