"""Means of a field on a mesh over spheres."""

import numba
import numpy as np

SUBCELLS = 2
"""Subcells per side of a cell, of which those with their centre in a sphere belong to it."""


def mean_in_spheres(
    field: np.ndarray,
    box_size: np.ndarray,
    centre: np.ndarray,
    radius: np.ndarray,
    *,
    periodic: bool,
) -> np.ndarray:
    """Return the mean of a field over whole spheres.

    Parameters
    ----------
    field : numpy.ndarray, shape (nx, ny, nz)
        Values on the mesh. Of the truth values of a mask, the mean is the fraction of a sphere that
        lies inside.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    centre : numpy.ndarray, shape (M, 3), float64
        Centres of the spheres in Mpc/h.
    radius : numpy.ndarray, shape (M,), float64
        Radii in Mpc/h, above 0.
    periodic : bool
        Whether the box is periodic; outside an open box the field is 0.

    Returns
    -------
    numpy.ndarray, shape (M,), float64

    Examples
    --------
    >>> mask = np.ones((8, 8, 8), bool)
    >>> centre, radius = np.array([[4.0, 4.0, 4.0]]), np.array([2.0])
    >>> mean_in_spheres(mask, np.array([8.0] * 3), centre, radius, periodic=False)
    array([1.])
    """
    return _mean_in_spheres(field, np.asarray(box_size) / field.shape, centre, radius, periodic)


@numba.njit(parallel=True, cache=True)
def _mean_in_spheres(field, cell, centre, radius, periodic):
    """Sum over the subcells of each sphere, row by row; bound by reading its cells."""
    nx, ny, nz = field.shape
    subcell = cell / SUBCELLS
    means = np.empty(len(radius))
    for n in numba.prange(len(radius)):
        total, count = 0.0, 0
        for x in range(*_subcells(centre[n, 0], radius[n], subcell[0])):
            i = x // SUBCELLS
            rest = radius[n] ** 2 - ((x + 0.5) * subcell[0] - centre[n, 0]) ** 2
            for y in range(*_subcells(centre[n, 1], np.sqrt(max(rest, 0.0)), subcell[1])):
                j = y // SUBCELLS
                half = rest - ((y + 0.5) * subcell[1] - centre[n, 1]) ** 2
                first, last = _subcells(centre[n, 2], np.sqrt(max(half, 0.0)), subcell[2])
                count += last - first
                if periodic:
                    i, j = i % nx, j % ny
                    for z in range(first, last):
                        k = z // SUBCELLS
                        total += field[i, j, k if 0 <= k < nz else k % nz]
                elif 0 <= i < nx and 0 <= j < ny:
                    for z in range(max(first, 0), min(last, nz * SUBCELLS)):
                        total += field[i, j, z // SUBCELLS]
        means[n] = total / max(count, 1)
    return means


@numba.njit(cache=True, nogil=True)
def _subcells(middle, half, subcell):
    """Return the first and past the last subcell with its centre in an interval along an axis."""
    first = int(np.ceil((middle - half) / subcell - 0.5))
    return first, max(int(np.floor((middle + half) / subcell - 0.5)) + 1, first)
