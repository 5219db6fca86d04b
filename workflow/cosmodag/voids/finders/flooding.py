"""Basins of a field on a mesh, by flooding it from its minima."""

from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True)
class Basins:
    """Basins of a density, from the deepest minimum to the shallowest.

    Attributes
    ----------
    rows : numpy.ndarray, shape (nx, ny, nz), int32
        Basin of each cell, 0 … B - 1; -1 outside the mask.
    minimum : numpy.ndarray, shape (B,), int64
        Cell of the minimum of each basin, as a place in the raveled mesh.
    ridge : numpy.ndarray, shape (B,), float64
        Density to which each basin can be flooded until the water runs into a deeper one; infinite
        where there is no deeper one.
    """

    rows: np.ndarray
    minimum: np.ndarray
    ridge: np.ndarray


def flood(
    density: np.ndarray,
    *,
    lowest_ridge: float,
    height: np.ndarray | None = None,
    inside: np.ndarray | None = None,
    periodic: bool,
) -> Basins:
    """Divide the cells of a mesh into basins.

    Cells are flooded in ascending order of density. A cell joins the basin of the lowest of its
    26 neighbours, and begins a basin if none of them is flooded yet.

    Parameters
    ----------
    density : numpy.ndarray, shape (nx, ny, nz), float32
        Values on the mesh.
    lowest_ridge : float
        Density below which ridges do not divide basins, unless they are high above both minima.
    height : numpy.ndarray, shape (nx, ny, nz), float32, optional
        Difference between the square roots of the densities of a ridge and of the minimum in a
        cell from which on the ridge is high; by default none is.
    inside : numpy.ndarray, shape (nx, ny, nz), bool, optional
        Cells to flood; all by default.
    periodic : bool
        Whether the mesh is periodic.

    Returns
    -------
    Basins

    Examples
    --------
    >>> row = np.array([0.1, 0.9, 0.3, 0.8, 0.2, 0.9], np.float32).reshape(6, 1, 1)
    >>> basins = flood(row, lowest_ridge=0.0, periodic=True)
    >>> basins.rows.ravel(), basins.ridge
    (array([0, 0, 2, 1, 1, 0], dtype=int32), array([inf, 0.9, 0.8]))
    """
    levels = density.ravel()
    if inside is None:
        order = np.argsort(levels, kind="stable")
    else:
        order = np.flatnonzero(inside)
        order = order[np.argsort(levels[order], kind="stable")]
    high = np.full(1, np.inf, np.float32) if height is None else height.ravel()
    rows, joined, minimum, ridge = _flood(
        levels, order, density.shape, periodic, lowest_ridge, high
    )
    kept = np.flatnonzero(joined == np.arange(len(joined)))
    _relabel(rows, joined, kept)
    return Basins(rows.reshape(density.shape), minimum[kept], ridge[kept])


@numba.njit(cache=True, nogil=True)
def _root(joined, basin):
    """Return the basin that a basin has joined, and shorten the way to it."""
    while joined[basin] != basin:
        joined[basin] = joined[joined[basin]]
        basin = joined[basin]
    return basin


@numba.njit(cache=True, nogil=True)
def _flood(levels, order, shape, periodic, lowest_ridge, high):
    """Flood the cells in order; bound by reading the neighbours of each cell from memory."""
    nx, ny, nz = shape
    most = ((nx + 1) // 2) * ((ny + 1) // 2) * ((nz + 1) // 2)  # minima are no neighbours
    joined = np.empty(most, dtype=np.int32)  # over ridges that do not divide basins
    flooded = np.empty(most, dtype=np.int32)  # over all ridges below the water
    minimum = np.empty(most, dtype=np.int64)
    ridge = np.full(most, np.inf)
    rows = np.full(len(levels), -1, dtype=np.int32)
    touching = np.empty(26, dtype=np.int32)
    count = 0
    for cell in order:
        i, j, k = cell // (ny * nz), cell // nz % ny, cell % nz
        level, below, n_touching = levels[cell], np.inf, 0
        for dx in range(-1, 2):
            x = i + dx
            if periodic:
                x %= nx
            elif x < 0 or x >= nx:
                continue
            for dy in range(-1, 2):
                y = j + dy
                if periodic:
                    y %= ny
                elif y < 0 or y >= ny:
                    continue
                for dz in range(-1, 2):
                    z = k + dz
                    if periodic:
                        z %= nz
                    elif z < 0 or z >= nz:
                        continue
                    neighbour = (x * ny + y) * nz + z
                    basin = rows[neighbour]
                    if basin < 0 or neighbour == cell:
                        continue
                    touching[n_touching] = basin
                    n_touching += 1
                    if levels[neighbour] < below:
                        below = levels[neighbour]
                        rows[cell] = basin
        if n_touching == 0:
            rows[cell] = joined[count] = flooded[count] = count
            minimum[count] = cell
            count += 1
            continue
        for n in range(n_touching):
            if touching[n] == rows[cell]:
                continue
            # Basins are numbered from the deepest minimum on.
            one, other = _root(flooded, rows[cell]), _root(flooded, touching[n])
            if one != other:
                flooded[max(one, other)] = min(one, other)
                ridge[max(one, other)] = level
            one, other = _root(joined, rows[cell]), _root(joined, touching[n])
            if level < lowest_ridge and one != other:
                bottom = minimum[max(one, other)]
                height = np.sqrt(level) - np.sqrt(levels[bottom])
                if height < high[bottom % len(high)]:
                    joined[max(one, other)] = min(one, other)
    return rows, joined[:count], minimum[:count], ridge[:count]


@numba.njit(cache=True, nogil=True)
def _relabel(rows, joined, kept):
    """Replace the numbers of basins by those of the basins that they have joined."""
    new = np.full(len(joined), -1, dtype=np.int32)
    for number in range(len(kept)):
        new[kept[number]] = number
    for cell in range(len(rows)):
        if rows[cell] >= 0:
            rows[cell] = new[_root(joined, rows[cell])]
