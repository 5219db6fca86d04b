"""VoidFinder's filter that sets isolated field galaxies apart from those of the walls."""

import numba
import numpy as np

from cosmodag.voids.finders.cell_list import CellList, sort_into_cells
from cosmodag.voids.finders.neighbours import nearest_within

THIRD = 3
OCCUPANCY = 2


def is_wall_galaxy(positions: np.ndarray, box_size: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Tell wall galaxies from field galaxies by the distance to the third nearest neighbour.

    A field galaxy has d3 > mean(d3) + 1.5 sigma(d3) (Hoyle & Vogeley 2002, ApJ 566, 641); it may
    lie inside a void.

    Parameters
    ----------
    positions : (N, 3) array
        Positions in Mpc/h.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether neighbours are sought across the faces of the box.

    Returns
    -------
    (N,) bool array
        With fewer than four galaxies, where d3 is unknown, all are wall galaxies.
    """
    if len(positions) <= THIRD:
        return np.ones(len(positions), dtype=bool)
    cells = sort_into_cells(positions, box_size, periodic=periodic, occupancy=OCCUPANCY)
    distance = np.empty(len(positions))
    distance[cells.order] = _third_nearest(cells)
    return distance <= distance.mean() + 1.5 * distance.std()


@numba.njit(parallel=True, cache=True)
def _third_nearest(cells: CellList):
    """Distance to the third neighbour of each sorted tracer, in a sphere doubled as needed."""
    distance = np.empty(len(cells.position))
    for block in numba.prange((len(cells.position) + 1023) // 1024):
        squared, image = np.empty(THIRD + 1), np.empty(3)  # the tracer itself is one of the four
        for n in range(block * 1024, min((block + 1) * 1024, len(cells.position))):
            reach = cells.cell.max()
            nearest_within(cells.position[n], reach, cells, squared, image)
            while not squared[-1] < np.inf:
                reach *= 2
                nearest_within(cells.position[n], reach, cells, squared, image)
            distance[n] = np.sqrt(squared[-1])
    return distance
