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
    """Sum over the subcells of each sphere; bound by reading its cells."""
    shape = np.array(field.shape)
    means = np.empty(len(radius))
    for n in numba.prange(len(radius)):
        first = np.floor((centre[n] - radius[n]) / cell).astype(np.int64) * SUBCELLS
        last = (np.floor((centre[n] + radius[n]) / cell).astype(np.int64) + 1) * SUBCELLS
        total, count = 0.0, 0
        for x in range(first[0], last[0]):
            dx2 = ((x + 0.5) / SUBCELLS * cell[0] - centre[n, 0]) ** 2
            for y in range(first[1], last[1]):
                d2 = dx2 + ((y + 0.5) / SUBCELLS * cell[1] - centre[n, 1]) ** 2
                for z in range(first[2], last[2]):
                    dz = (z + 0.5) / SUBCELLS * cell[2] - centre[n, 2]
                    if d2 + dz * dz >= radius[n] * radius[n]:
                        continue
                    count += 1
                    i, j, k = x // SUBCELLS, y // SUBCELLS, z // SUBCELLS
                    in_box = 0 <= i < shape[0] and 0 <= j < shape[1] and 0 <= k < shape[2]
                    if in_box or periodic:
                        total += field[i % shape[0], j % shape[1], k % shape[2]]
        means[n] = total / max(count, 1)
    return means
