"""Cumulative radial profiles of a field, to better than a cell."""

import numba
import numpy as np

SHELLS_PER_CELL = 4
"""Shells per shortest side of a cell."""
SUBCELLS = 2
"""Subcells per side of a cell, which are assigned to shells by their centres."""


def radius_at_threshold(
    overdensity: np.ndarray,
    box_size: np.ndarray,
    centre: np.ndarray,
    limit: np.ndarray,
    threshold: float,
    *,
    periodic: bool,
) -> np.ndarray:
    """Return the largest radius within which the mean overdensity is below a threshold.

    The eight octants of each cell are assigned to shells by their centres. The mean within a radius
    is the sum over the shells divided by their number of octants, so that the roughness of a sphere
    of cells cancels; between shells the mean is interpolated.

    Parameters
    ----------
    overdensity : numpy.ndarray, shape (nx, ny, nz), float32
        Overdensity on the mesh.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    centre : numpy.ndarray, shape (M, 3), float64
        Centres of the spheres in Mpc/h.
    limit : numpy.ndarray, shape (M,), float64
        Largest radius to consider for each centre in Mpc/h.
    threshold : float
        Mean overdensity at the radius.
    periodic : bool
        Whether the box is periodic; in an open box, the mean is over the part of a sphere inside.

    Returns
    -------
    numpy.ndarray, shape (M,), float64
        Radii in Mpc/h; 0 where no mean is below the threshold.
    """
    cell = box_size / overdensity.shape
    return _radius_at_threshold(overdensity, cell, centre, limit, threshold, periodic)


@numba.njit(parallel=True, cache=True)
def _radius_at_threshold(overdensity, cell, centre, limit, threshold, periodic):
    """Measure the radius at each centre; bound by reading the cells of the spheres."""
    radii = np.zeros(len(centre))
    width = cell.min() / SHELLS_PER_CELL
    for n in numba.prange(len(centre)):
        shells = int(np.ceil(limit[n] / width))
        sums, counts = np.zeros(shells), np.zeros(shells)
        _add_shells(overdensity, cell, centre[n], width, periodic, sums, counts)
        radii[n] = _last_crossing(sums, counts, threshold) * width
    return radii


@numba.njit(cache=True, nogil=True)
def _add_shells(overdensity, cell, centre, width, periodic, sums, counts):
    """Add the subcells around a centre to the sums and counts of shells."""
    nx, ny, nz = overdensity.shape
    reach = len(sums) * width
    lower, upper = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    for axis in range(3):
        lower[axis] = int(np.floor((centre[axis] - reach) / cell[axis]))
        upper[axis] = int(np.floor((centre[axis] + reach) / cell[axis])) + 1
        if not periodic:
            lower[axis] = max(lower[axis], 0)
            upper[axis] = min(upper[axis], overdensity.shape[axis])
    for x in range(SUBCELLS * lower[0], SUBCELLS * upper[0]):
        dx2 = ((x + 0.5) / SUBCELLS * cell[0] - centre[0]) ** 2
        for y in range(SUBCELLS * lower[1], SUBCELLS * upper[1]):
            d2 = dx2 + ((y + 0.5) / SUBCELLS * cell[1] - centre[1]) ** 2
            if d2 >= reach * reach:
                continue
            row = overdensity[(x // SUBCELLS) % nx, (y // SUBCELLS) % ny]
            half = np.sqrt(reach * reach - d2)
            first = max(int((centre[2] - half) / cell[2] * SUBCELLS) - 1, SUBCELLS * lower[2])
            last = min(int((centre[2] + half) / cell[2] * SUBCELLS) + 1, SUBCELLS * upper[2] - 1)
            for z in range(first, last + 1):
                distance = np.sqrt(d2 + ((z + 0.5) / SUBCELLS * cell[2] - centre[2]) ** 2)
                shell = int(distance / width)
                if shell < len(sums):
                    sums[shell] += row[(z // SUBCELLS) % nz]
                    counts[shell] += 1


@numba.njit(cache=True, nogil=True)
def _last_crossing(sums, counts, threshold):
    """Return the largest radius, in shells, with a mean below the threshold; 0 if there is none."""
    total, count = 0.0, 0.0
    before, crossing = 0.0, 0.0
    for shell in range(len(sums)):
        total += sums[shell]
        count += counts[shell]
        excess = total - threshold * count
        if count > 0 and excess <= 0:
            crossing = shell + 1.0
        elif before < 0 < excess:
            crossing = shell + before / (before - excess)
        before = excess
    return crossing
