"""Sums over spherical shells about voids, of the cells of a mesh and of galaxies."""

import numba
import numpy as np

from cosmodag.voids.finders.cell_list import CellList

OCCUPANCY = 4.0
"""Mean number of galaxies per cell of a cell list."""


@numba.njit(cache=True)
def _cells_within(reach, centre, cell, shape, periodic):
    """Return the first and the last cell along each axis that a sphere touches.

    In a periodic box they may lie beyond its ends.
    """
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        first[axis] = int(np.floor((centre[axis] - reach) / cell[axis]))
        last[axis] = int(np.floor((centre[axis] + reach) / cell[axis]))
        if not periodic:
            first[axis] = max(first[axis], 0)
            last[axis] = min(last[axis], shape[axis] - 1)
    return first, last


@numba.njit(parallel=True, cache=True)
def cells_in_shells(field, cell, centre, width, n_shells, periodic):
    """Sum a field over the cells in shells; bound by reading the cells within reach.

    A cell belongs to the shell of its centre.

    Parameters
    ----------
    field : numpy.ndarray, shape (nx, ny, nz), float32
        Values on the mesh.
    cell : numpy.ndarray, shape (3,), float64
        Sides of a cell in Mpc/h.
    centre : numpy.ndarray, shape (M, 3), float64
        Centres of the shells in Mpc/h.
    width : numpy.ndarray, shape (M,), float64
        Width of the shells about each centre in Mpc/h.
    n_shells : int
        Shells per centre.
    periodic : bool
        Whether the box is periodic; in an open box there are no cells outside.

    Returns
    -------
    sums, counts : numpy.ndarray, shape (M, n_shells), float64
        Sums of the values of the cells in each shell, and numbers of these cells.
    """
    shape = field.shape
    sums, counts = np.zeros((len(centre), n_shells)), np.zeros((len(centre), n_shells))
    for n in numba.prange(len(centre)):
        reach = n_shells * width[n]
        first, last = _cells_within(reach, centre[n], cell, shape, periodic)
        for i in range(first[0], last[0] + 1):
            dx = (i + 0.5) * cell[0] - centre[n, 0]
            for j in range(first[1], last[1] + 1):
                dy = (j + 0.5) * cell[1] - centre[n, 1]
                if dx * dx + dy * dy >= reach * reach:
                    continue
                row = field[i % shape[0], j % shape[1]]
                half = np.sqrt(reach * reach - dx * dx - dy * dy)
                lower = max(int(np.floor((centre[n, 2] - half) / cell[2])), first[2])
                upper = min(int(np.floor((centre[n, 2] + half) / cell[2])), last[2])
                for k in range(lower, upper + 1):
                    dz = (k + 0.5) * cell[2] - centre[n, 2]
                    shell = int(np.sqrt(dx * dx + dy * dy + dz * dz) / width[n])
                    if shell < n_shells:
                        sums[n, shell] += row[k % shape[2]]
                        counts[n, shell] += 1
    return sums, counts


@numba.njit(parallel=True, cache=True)
def galaxies_in_shells(galaxies: CellList, weight, centre, width, n_shells):
    """Sum the weights of galaxies in shells; bound by reading the galaxies within reach.

    Parameters
    ----------
    galaxies : CellList
        The galaxies.
    weight : numpy.ndarray, shape (N,), float64
        Their weights, in the order of the cell list.
    centre : numpy.ndarray, shape (M, 3), float64
        Centres of the shells in Mpc/h.
    width : numpy.ndarray, shape (M,), float64
        Width of the shells about each centre in Mpc/h. In a periodic box, a shell that reaches
        beyond half a side is counted as far as nearest images lie in it.
    n_shells : int
        Shells per centre.

    Returns
    -------
    numpy.ndarray, shape (M, n_shells), float64
        Sum of the weights in each shell.
    """
    sides, shape, cell = galaxies.box_size, galaxies.shape, galaxies.cell
    sums = np.zeros((len(centre), n_shells))
    for n in numba.prange(len(centre)):
        reach = n_shells * width[n]
        first, last = _cells_within(reach, centre[n], cell, shape, galaxies.periodic)
        for axis in range(3):
            if last[axis] - first[axis] >= shape[axis]:  # each cell once
                first[axis], last[axis] = 0, shape[axis] - 1
        for i in range(first[0], last[0] + 1):
            for j in range(first[1], last[1] + 1):
                row = ((i % shape[0]) * shape[1] + j % shape[1]) * shape[2]
                for k in range(first[2], last[2] + 1):
                    index = row + k % shape[2]
                    for m in range(galaxies.start[index], galaxies.start[index + 1]):
                        squared = 0.0
                        for axis in range(3):
                            offset = galaxies.position[m, axis] - centre[n, axis]
                            if galaxies.periodic:
                                offset -= sides[axis] * np.round(offset / sides[axis])
                            squared += offset * offset
                        shell = int(np.sqrt(squared) / width[n])
                        if shell < n_shells:
                            sums[n, shell] += weight[m]
    return sums
