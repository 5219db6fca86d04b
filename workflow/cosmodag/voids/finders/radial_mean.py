"""Mean of a field within growing spheres, to better than a cell."""

import numba
import numpy as np

BINS_PER_CELL = 4
PARTS = 2


def radius_at_threshold(
    overdensity: np.ndarray,
    box_size: np.ndarray,
    centre: np.ndarray,
    limit: np.ndarray,
    threshold: float,
    *,
    periodic: bool,
) -> np.ndarray:
    """Find the largest spheres about given centres whose mean overdensity is below a threshold.

    Each cell is shared among the shells that its eight octants' centres lie in, and the mean
    within r is the sum of the shells over their octants, so that the roughness of a sphere of
    cells cancels; between shells the mean is interpolated.

    Parameters
    ----------
    overdensity : (nx, ny, nz) float32 array
    box_size : (3,) float64 array
        Sides of the box in Mpc/h.
    centre : (M, 3) float64 array
        In Mpc/h.
    limit : (M,) float64 array
        Largest radius to look at for each centre, in Mpc/h.
    threshold : float
    periodic : bool
        Whether spheres continue through opposite faces; else they are cut there.

    Returns
    -------
    (M,) float64 array
        Radii in Mpc/h; 0 where no sphere is below the threshold.
    """
    cell = box_size / overdensity.shape
    return _radius_at_threshold(overdensity, cell, centre, limit, threshold, periodic)


@numba.njit(parallel=True, cache=True)
def _radius_at_threshold(overdensity, cell, centre, limit, threshold, periodic):
    """Each thread takes centres in turn; bound by reading the cells of the spheres."""
    radii = np.zeros(len(centre))
    width = cell.min() / BINS_PER_CELL
    for n in numba.prange(len(centre)):
        shells = int(np.ceil(limit[n] / width))
        sums, parts = np.zeros(shells), np.zeros(shells)
        _add_shells(overdensity, cell, centre[n], width, periodic, sums, parts)
        radii[n] = _last_crossing(sums, parts, threshold) * width
    return radii


@numba.njit(cache=True, nogil=True)
def _add_shells(overdensity, cell, centre, width, periodic, sums, parts):
    """Add the octants of cells around a centre to shells of a width."""
    nx, ny, nz = overdensity.shape
    reach = len(sums) * width
    lower, upper = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    for axis in range(3):
        lower[axis] = int(np.floor((centre[axis] - reach) / cell[axis]))
        upper[axis] = int(np.floor((centre[axis] + reach) / cell[axis])) + 1
        if not periodic:
            lower[axis] = max(lower[axis], 0)
            upper[axis] = min(upper[axis], overdensity.shape[axis])
    for x in range(PARTS * lower[0], PARTS * upper[0]):
        dx2 = ((x + 0.5) / PARTS * cell[0] - centre[0]) ** 2
        for y in range(PARTS * lower[1], PARTS * upper[1]):
            d2 = dx2 + ((y + 0.5) / PARTS * cell[1] - centre[1]) ** 2
            if d2 >= reach * reach:
                continue
            row = overdensity[(x // PARTS) % nx, (y // PARTS) % ny]
            half = np.sqrt(reach * reach - d2)
            first = max(int((centre[2] - half) / cell[2] * PARTS) - 1, PARTS * lower[2])
            last = min(int((centre[2] + half) / cell[2] * PARTS) + 1, PARTS * upper[2] - 1)
            for z in range(first, last + 1):
                distance = np.sqrt(d2 + ((z + 0.5) / PARTS * cell[2] - centre[2]) ** 2)
                shell = int(distance / width)
                if shell < len(sums):
                    sums[shell] += row[(z // PARTS) % nz]
                    parts[shell] += 1


@numba.njit(cache=True, nogil=True)
def _last_crossing(sums, parts, threshold):
    """The largest radius, in shells, within which the mean is below the threshold; 0 if none."""
    total, count = 0.0, 0.0
    before, crossing = 0.0, 0.0
    for shell in range(len(sums)):
        total += sums[shell]
        count += parts[shell]
        excess = total - threshold * count
        if count > 0 and excess <= 0:
            crossing = shell + 1.0
        elif before < 0 < excess:
            crossing = shell + before / (before - excess)
        before = excess
    return crossing
