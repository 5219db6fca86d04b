"""Searches of a cell list: nearest tracers of a point, and the first tracer that a sphere meets.

All searches visit rows of cells along z, whose tracers are contiguous in memory; they are bound by
reading the tracers of the cells that a sphere intersects. In a periodic box, tracers are returned
as their images nearest to the point.
"""

import numba
import numpy as np

from cosmodag.voids.finders.cell_list import CellList


@numba.njit(cache=True, nogil=True)
def _cells_along(lower, upper, axis, cells: CellList):
    """Return the first and the last cell that an interval intersects along an axis."""
    first = int(np.floor(lower / cells.cell[axis]))
    last = int(np.floor(upper / cells.cell[axis]))
    if not cells.periodic:
        first = max(first, 0)
        last = min(last, cells.shape[axis] - 1)
    return first, last


@numba.njit(cache=True, nogil=True)
def _gap_squared(point, index, width):
    """Return the squared distance from a coordinate to a cell, 0 inside it."""
    gap = max(index * width - point, point - (index + 1) * width, 0.0)
    return gap * gap


@numba.njit(cache=True, nogil=True)
def nearest_within(point, reach, cells: CellList, squared, image):
    """Find the nearest tracers of a point within a distance.

    Parameters
    ----------
    point : numpy.ndarray, shape (3,), float64
        Position in Mpc/h.
    reach : float
        Largest distance in Mpc/h.
    cells : CellList
        The tracers.
    squared : numpy.ndarray, shape (K,), float64
        Output: squared distances of the K nearest in ascending order; inf where there are fewer.
    image : numpy.ndarray, shape (3,), float64
        Output: position of the nearest tracer, or of its image, in Mpc/h.

    Returns
    -------
    int
        Sorted index of the nearest tracer, or -1.
    """
    squared[:] = np.inf
    nearest = -1
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
                            nearest = n
                            image[0], image[1], image[2] = x, y, z
                        _insert(squared, d2)
                        limit = min(limit, squared[-1])
                k = stop + 1
    return nearest


@numba.njit(cache=True, nogil=True)
def _insert(ascending, value):
    """Insert a value into a short ascending array and drop the largest."""
    slot = len(ascending) - 1
    while slot > 0 and ascending[slot - 1] > value:
        ascending[slot] = ascending[slot - 1]
        slot -= 1
    ascending[slot] = value


@numba.njit(cache=True, nogil=True)
def is_inside(point, region, cells: CellList):
    """Return whether a point lies in a region of the box, as all points do if it is periodic.

    Parameters
    ----------
    point : numpy.ndarray, shape (3,), float64
        Position in Mpc/h.
    region : numpy.ndarray, shape (nx, ny, nz), bool
        Cells of the region, on a mesh of the box.
    cells : CellList
        The tracers, for the box.

    Returns
    -------
    bool
    """
    if cells.periodic:
        return True
    for axis in range(3):
        if not 0 <= point[axis] <= cells.box_size[axis]:
            return False
    nx, ny, nz = region.shape
    i = min(int(point[0] / cells.box_size[0] * nx), nx - 1)
    j = min(int(point[1] / cells.box_size[1] * ny), ny - 1)
    k = min(int(point[2] / cells.box_size[2] * nz), nz - 1)
    return region[i, j, k]


@numba.njit(cache=True, nogil=True)
def first_tracer_met(centre, direction, touching, largest, step, cells: CellList, region, image):
    """Move a sphere along a line, with one tracer on its surface, until it meets another tracer.

    The centre moves as c(t) = centre + t direction, and the surface passes through the tracer p at
    `touching`. It meets a tracer q ahead of p at

        t = (|centre - q|² - |centre - p|²) / (2 direction (q - p)).

    All tracers met before t lie inside the sphere at t. The search therefore doubles t until the
    sphere contains a tracer; the first tracer met is then exact. It ends where the centre leaves
    the region.

    Parameters
    ----------
    centre : numpy.ndarray, shape (3,), float64
        Centre of the sphere in Mpc/h.
    direction : numpy.ndarray, shape (3,), float64
        Unit vector.
    touching : numpy.ndarray, shape (3,), float64
        Position of the tracer on the surface in Mpc/h.
    largest : float
        Radius in Mpc/h at which the search ends.
    step : float
        Initial t in Mpc/h.
    cells : CellList
        The tracers.
    region : numpy.ndarray, shape (nx, ny, nz), bool
        Where the centre may be, see `is_inside`.
    image : numpy.ndarray, shape (3,), float64
        Output: position of the tracer met, or of its image, in Mpc/h.

    Returns
    -------
    t : float
        Distance by which the centre moves in Mpc/h, if a tracer is met.
    met : int
        Sorted index of the tracer met, or -1.
    """
    nx, ny, nz = cells.shape
    away = centre - touching
    radius = np.sqrt(away[0] ** 2 + away[1] ** 2 + away[2] ** 2)
    slack = 1e-9 * radius
    moved = centre.copy()
    met, best = -1, -1.0
    while met < 0 and radius < largest and is_inside(moved, region, cells):
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
                        # |centre - q|² - |centre - p|², without cancellation of large squares
                        excess = (
                            px * (x + touching[0] - 2 * centre[0])
                            + py * (y + touching[1] - 2 * centre[1])
                            + pz * (z + touching[2] - 2 * centre[2])
                        )
                        if excess <= 2 * ahead * best:
                            best, met = max(excess / (2 * ahead), 0.0), n
                            image[0], image[1], image[2] = x, y, z
                    k = stop + 1
        step *= 2
    return best, met
