"""Searches of a cell list: nearest tracers of a point, and the first that a sphere touches.

All searches visit rows of cells along z, whose tracers lie side by side in memory; they are bound
by reading the tracers of the cells that a sphere cuts. In a periodic box rows are unwrapped, so
tracers come back as the images that stand next to the point asked about.
"""

import numba
import numpy as np

from cosmodag.voids.finders.cell_list import CellList


@numba.njit(cache=True, nogil=True)
def _cells_along(lower, upper, axis, cells: CellList):
    """First and last cell that an interval cuts along an axis; clipped in an open box."""
    first = int(np.floor(lower / cells.cell[axis]))
    last = int(np.floor(upper / cells.cell[axis]))
    if not cells.periodic:
        first = max(first, 0)
        last = min(last, cells.shape[axis] - 1)
    return first, last


@numba.njit(cache=True, nogil=True)
def _gap_squared(point, index, width):
    """Square of the distance from a coordinate to a cell, 0 within it."""
    gap = max(index * width - point, point - (index + 1) * width, 0.0)
    return gap * gap


@numba.njit(cache=True, nogil=True)
def nearest_within(point, reach, cells: CellList, squared, image):
    """Find the nearest tracers of a point within a distance.

    Parameters
    ----------
    point : (3,) array
    reach : float
        Distance in Mpc/h beyond which nothing is looked for.
    cells : CellList
    squared : (K,) array
        Filled with the squared distances of the K nearest, ascending; inf where there are fewer.
    image : (3,) array
        Filled with the position of the nearest.

    Returns
    -------
    int
        Sorted index of the nearest tracer, or -1.
    """
    squared[:] = np.inf
    found = -1
    nx, ny, nz = cells.shape
    limit = reach * reach
    i0, i1 = _cells_along(point[0] - reach, point[0] + reach, 0, cells)
    for i in range(i0, i1 + 1):
        gap_x = _gap_squared(point[0], i, cells.cell[0])
        if gap_x > limit:
            continue
        shift_x = (i // nx) * cells.box_size[0]
        half = np.sqrt(limit - gap_x)
        j0, j1 = _cells_along(point[1] - half, point[1] + half, 1, cells)
        for j in range(j0, j1 + 1):
            rest = limit - gap_x - _gap_squared(point[1], j, cells.cell[1])
            if rest < 0:
                continue
            shift_y = (j // ny) * cells.box_size[1]
            row = ((i % nx) * ny + j % ny) * nz
            half = np.sqrt(rest)
            k, k1 = _cells_along(point[2] - half, point[2] + half, 2, cells)
            while k <= k1:
                wraps = k // nz
                stop = min(k1, wraps * nz + nz - 1)
                shift_z = wraps * cells.box_size[2]
                first, last = (
                    cells.start[row + k - wraps * nz],
                    cells.start[row + stop - wraps * nz + 1],
                )
                for n in range(first, last):
                    x = cells.position[n, 0] + shift_x
                    y = cells.position[n, 1] + shift_y
                    z = cells.position[n, 2] + shift_z
                    d2 = (x - point[0]) ** 2 + (y - point[1]) ** 2 + (z - point[2]) ** 2
                    if d2 < squared[-1] and d2 <= limit:
                        if d2 < squared[0]:
                            found = n
                            image[0], image[1], image[2] = x, y, z
                        _insert(squared, d2)
                        limit = min(limit, squared[-1])
                k = stop + 1
    return found


@numba.njit(cache=True, nogil=True)
def _insert(ascending, value):
    """Put a value into a short ascending array, dropping the largest."""
    slot = len(ascending) - 1
    while slot > 0 and ascending[slot - 1] > value:
        ascending[slot] = ascending[slot - 1]
        slot -= 1
    ascending[slot] = value


@numba.njit(cache=True, nogil=True)
def first_touched(centre, direction, touching, largest, step, cells: CellList, image):
    """Move a sphere that stays in touch with a tracer until it touches another.

    The sphere's centre moves as c(t) = centre + t direction, its surface through `touching`. A
    tracer q ahead of it is met at t = (|centre - q|^2 - |centre - p|^2) / (2 direction (q - p)),
    p the tracer touched; all met before t lie in the sphere at t, so a sphere that grows by
    doubling steps and stops once it holds a tracer finds the first exactly.

    Parameters
    ----------
    centre, direction : (3,) arrays
        Centre of the sphere in Mpc/h; unit vector.
    touching : (3,) array
        Tracer on the surface in Mpc/h.
    largest : float
        Radius in Mpc/h at which to give up.
    step : float
        First t to look up to, in Mpc/h.
    cells : CellList
    image : (3,) array
        Filled with the position of the tracer met.

    Returns
    -------
    t : float
        How far the centre moves in Mpc/h, if a tracer is met.
    found : int
        Sorted index of the tracer met, or -1.
    """
    nx, ny, nz = cells.shape
    away = centre - touching
    radius = np.sqrt(away[0] ** 2 + away[1] ** 2 + away[2] ** 2)
    slack = 1e-9 * radius
    moved = centre.copy()
    found, best = -1, -1.0
    while found < 0 and radius < largest:
        best = step
        for axis in range(3):
            moved[axis] = centre[axis] + step * direction[axis]
            away[axis] = moved[axis] - touching[axis]
        limit = away[0] ** 2 + away[1] ** 2 + away[2] ** 2
        radius = np.sqrt(limit)
        i0, i1 = _cells_along(moved[0] - radius, moved[0] + radius, 0, cells)
        for i in range(i0, i1 + 1):
            gap_x = _gap_squared(moved[0], i, cells.cell[0])
            shift_x = (i // nx) * cells.box_size[0]
            half = np.sqrt(max(limit - gap_x, 0.0))
            j0, j1 = _cells_along(moved[1] - half, moved[1] + half, 1, cells)
            for j in range(j0, j1 + 1):
                rest = limit - gap_x - _gap_squared(moved[1], j, cells.cell[1])
                if rest < 0:
                    continue
                shift_y = (j // ny) * cells.box_size[1]
                row = ((i % nx) * ny + j % ny) * nz
                half = np.sqrt(rest)
                k, k1 = _cells_along(moved[2] - half, moved[2] + half, 2, cells)
                while k <= k1:
                    wraps = k // nz
                    stop = min(k1, wraps * nz + nz - 1)
                    shift_z = wraps * cells.box_size[2]
                    first = cells.start[row + k - wraps * nz]
                    last = cells.start[row + stop - wraps * nz + 1]
                    for n in range(first, last):
                        x = cells.position[n, 0] + shift_x
                        y = cells.position[n, 1] + shift_y
                        z = cells.position[n, 2] + shift_z
                        px, py, pz = x - touching[0], y - touching[1], z - touching[2]
                        ahead = px * direction[0] + py * direction[1] + pz * direction[2]
                        if ahead <= slack:
                            continue
                        # |centre - q|^2 - |centre - p|^2, without the loss of large squares
                        excess = (
                            px * (x + touching[0] - 2 * centre[0])
                            + py * (y + touching[1] - 2 * centre[1])
                            + pz * (z + touching[2] - 2 * centre[2])
                        )
                        if excess <= 2 * ahead * best:
                            best, found = max(excess / (2 * ahead), 0.0), n
                            image[0], image[1], image[2] = x, y, z
                    k = stop + 1
        step *= 2
    return best, found
