"""Local minima of a field on a mesh, placed between cells."""

import numba
import numpy as np


def find_minima(field: np.ndarray, threshold: float, *, periodic: bool) -> np.ndarray:
    """Find the local minima of a field below a threshold, between cells.

    A minimum is a cell no higher than the 26 around it; its place is refined along each axis by
    the parabola through it and its two neighbours.

    Parameters
    ----------
    field : (nx, ny, nz) float32 array
    threshold : float
    periodic : bool
        Whether opposite faces touch.

    Returns
    -------
    (M, 3) float64 array
        Places in cells, whole numbers at the centres of cells.
    """
    below = np.argwhere(_minima(field, threshold, periodic))
    return _refine(field, below, periodic)


@numba.njit(parallel=True, cache=True)
def _minima(field, threshold, periodic):
    """Mark the minima; most cells fail at the threshold, so it is bound by reading the field."""
    marks = np.zeros(field.shape, dtype=np.bool_)
    for i in numba.prange(field.shape[0]):
        for j in range(field.shape[1]):
            for k in range(field.shape[2]):
                if field[i, j, k] < threshold:
                    marks[i, j, k] = _is_minimum(field, i, j, k, periodic)
    return marks


@numba.njit(cache=True, nogil=True)
def _neighbour(index, step, cells, periodic):
    """The next cell along an axis; the cell itself at the face of an open box."""
    if periodic:
        return (index + step) % cells
    return min(max(index + step, 0), cells - 1)


@numba.njit(cache=True, nogil=True)
def _is_minimum(field, i, j, k, periodic):
    nx, ny, nz = field.shape
    for dx in range(-1, 2):
        for dy in range(-1, 2):
            for dz in range(-1, 2):
                x = _neighbour(i, dx, nx, periodic)
                y = _neighbour(j, dy, ny, periodic)
                z = _neighbour(k, dz, nz, periodic)
                if field[x, y, z] < field[i, j, k]:
                    return False
    return True


@numba.njit(cache=True, nogil=True)
def _refine(field, cells, periodic):
    """Shift each minimum along each axis to the lowest point of a parabola."""
    places = np.empty((len(cells), 3))
    beside = np.empty(3, dtype=np.int64)
    for n in range(len(cells)):
        value = field[cells[n, 0], cells[n, 1], cells[n, 2]]
        for axis in range(3):
            around = np.empty(2)
            for side in range(2):
                beside[:] = cells[n]
                beside[axis] = _neighbour(cells[n, axis], 2 * side - 1, field.shape[axis], periodic)
                around[side] = field[beside[0], beside[1], beside[2]]
            curvature = around[0] + around[1] - 2 * value
            shift = 0.5 * (around[0] - around[1]) / curvature if curvature > 0 else 0.0
            places[n, axis] = cells[n, axis] + shift
    return places
