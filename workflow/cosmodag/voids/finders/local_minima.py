"""Local minima of a field on a mesh, to better than a cell."""

import numba
import numpy as np


def find_minima(field: np.ndarray, threshold: float, *, periodic: bool) -> np.ndarray:
    """Find the local minima of a field below a threshold.

    A minimum is a cell with a value not above those of the 26 cells around it. Its position is
    refined along each axis by the parabola through the cell and its two neighbours.

    Parameters
    ----------
    field : numpy.ndarray, shape (nx, ny, nz), float32
        Values on the mesh.
    threshold : float
        Largest value of a minimum.
    periodic : bool
        Whether the mesh is periodic.

    Returns
    -------
    numpy.ndarray, shape (M, 3), float64
        Positions in cells; whole numbers are the centres of cells.
    """
    cells = np.argwhere(_minima(field, threshold, periodic))
    return _refine(field, cells, periodic)


@numba.njit(parallel=True, cache=True)
def _minima(field, threshold, periodic):
    """Mark the minima; bound by reading the field, as most cells are above the threshold."""
    marks = np.zeros(field.shape, dtype=np.bool_)
    for i in numba.prange(field.shape[0]):
        for j in range(field.shape[1]):
            for k in range(field.shape[2]):
                if field[i, j, k] < threshold:
                    marks[i, j, k] = _is_minimum(field, i, j, k, periodic)
    return marks


@numba.njit(cache=True, nogil=True)
def _neighbour(index, step, cells, periodic):
    """Return the next cell along an axis, or the cell itself at the face of an open box."""
    if periodic:
        return (index + step) % cells
    return min(max(index + step, 0), cells - 1)


@numba.njit(cache=True, nogil=True)
def _is_minimum(field, i, j, k, periodic):
    """Return whether no cell around a cell has a lower value."""
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
    """Move each minimum along each axis to the lowest point of a parabola."""
    positions = np.empty((len(cells), 3))
    neighbour = np.empty(3, dtype=np.int64)
    for n in range(len(cells)):
        value = field[cells[n, 0], cells[n, 1], cells[n, 2]]
        for axis in range(3):
            adjacent = np.empty(2)
            for side in range(2):
                neighbour[:] = cells[n]
                neighbour[axis] = _neighbour(
                    cells[n, axis], 2 * side - 1, field.shape[axis], periodic
                )
                adjacent[side] = field[neighbour[0], neighbour[1], neighbour[2]]
            curvature = adjacent[0] + adjacent[1] - 2 * value
            shift = 0.5 * (adjacent[0] - adjacent[1]) / curvature if curvature > 0 else 0.0
            positions[n, axis] = cells[n, axis] + shift
    return positions
