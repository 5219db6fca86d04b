"""Classification of galaxies into wall and field galaxies, after VoidFinder."""

import numba
import numpy as np
from numpy.typing import ArrayLike

from cosmodag.voids.finders.cell_list import CellList, sort_into_cells
from cosmodag.voids.finders.neighbour_search import nearest_within

NEIGHBOUR = 3
"""Order of the neighbour whose distance classifies a galaxy."""
OCCUPANCY = 2
"""Mean number of galaxies per cell of the cell list."""


def is_wall_galaxy(positions: np.ndarray, box_size: ArrayLike, *, periodic: bool) -> np.ndarray:
    """Return which galaxies are wall galaxies, by the distance to the third nearest neighbour.

    Field galaxies, which may lie inside voids, are those with d3 > mean(d3) + 1.5 sigma(d3) [1]_.

    Parameters
    ----------
    positions : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        True for wall galaxies; for all of fewer than four galaxies, which have no third neighbour.

    References
    ----------
    .. [1] Hoyle & Vogeley 2002, ApJ 566, 641.
    """
    if len(positions) <= NEIGHBOUR:
        return np.ones(len(positions), dtype=bool)
    cells = sort_into_cells(positions, box_size, periodic=periodic, occupancy=OCCUPANCY)
    distance = np.empty(len(positions))
    distance[cells.order] = _third_neighbour_distance(cells)
    return distance <= distance.mean() + 1.5 * distance.std()


@numba.njit(parallel=True, cache=True)
def _third_neighbour_distance(cells: CellList):
    """Return the distance to the third neighbour of each sorted tracer."""
    distance = np.empty(len(cells.position))
    for block in numba.prange((len(cells.position) + 1023) // 1024):
        squared = np.empty(NEIGHBOUR + 1)  # the first neighbour is the tracer itself
        image = np.empty(3)
        for n in range(block * 1024, min((block + 1) * 1024, len(cells.position))):
            reach = cells.cell.max()
            nearest_within(cells.position[n], reach, cells, squared, image)
            while not squared[-1] < np.inf:
                reach *= 2
                nearest_within(cells.position[n], reach, cells, squared, image)
            distance[n] = np.sqrt(squared[-1])
    return distance
