"""Merging of overlapping spheres into voids."""

import numba
import numpy as np

MAXIMAL_OVERLAP = 0.1
"""Largest volume fraction of a maximal sphere that larger maximal spheres overlap."""
JOINING_OVERLAP = 0.5
"""Volume fraction of a sphere that the maximal sphere of its void overlaps."""


def merge_spheres(
    centre: np.ndarray, radius: np.ndarray, box_size: np.ndarray, *, periodic: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Select maximal spheres, and assign the others to the voids of those that overlap them.

    A sphere is maximal if no larger maximal sphere overlaps more than 10 % of its volume. Another
    sphere joins a void if exactly one maximal sphere overlaps at least half of its volume.

    Parameters
    ----------
    centre : numpy.ndarray, shape (S, 3), float64
        Centres in Mpc/h.
    radius : numpy.ndarray, shape (S,), float64
        Radii in Mpc/h, descending.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    maximal : numpy.ndarray, shape (M,), int64
        Rows of the maximal spheres, in descending order of radius.
    void : numpy.ndarray, shape (S,), int64
        Void of each sphere, 0 … M - 1, or -1 for spheres that belong to none.
    """
    chains = _empty_chains(centre, radius, box_size)
    maximal = _select(centre, radius, *chains, box_size, periodic, MAXIMAL_OVERLAP)
    return maximal, _join(centre, radius, *chains, maximal, box_size, periodic)


def select_separate(
    centre: np.ndarray, radius: np.ndarray, box_size: np.ndarray, *, periodic: bool
) -> np.ndarray:
    """Select the spheres that overlap no larger selected sphere.

    Parameters
    ----------
    centre : numpy.ndarray, shape (S, 3), float64
        Centres in Mpc/h.
    radius : numpy.ndarray, shape (S,), float64
        Radii in Mpc/h, descending.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    numpy.ndarray, shape (M,), int64
        Rows of the selected spheres, in descending order of radius.
    """
    chains = _empty_chains(centre, radius, box_size)
    return _select(centre, radius, *chains, box_size, periodic, 0.0)


def is_outside(
    points: np.ndarray,
    centre: np.ndarray,
    radius: np.ndarray,
    box_size: np.ndarray,
    *,
    periodic: bool,
) -> np.ndarray:
    """Return which points lie outside all spheres.

    Parameters
    ----------
    points : numpy.ndarray, shape (N, 3), float64
        Points in Mpc/h.
    centre : numpy.ndarray, shape (S, 3), float64
        Centres of the spheres in Mpc/h.
    radius : numpy.ndarray, shape (S,), float64
        Radii in Mpc/h.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        True for points outside.
    """
    return _is_outside(points, centre, radius, box_size, periodic)


@numba.njit(parallel=True, cache=True)
def _is_outside(points, centre, radius, box_size, periodic):
    """Test each point against all spheres; bound by distances."""
    outside = np.ones(len(points), dtype=np.bool_)
    for n in numba.prange(len(points)):
        for s in range(len(radius)):
            if _squared_distance(points[n], centre[s], box_size, periodic) < radius[s] ** 2:
                outside[n] = False
                break
    return outside


@numba.njit(cache=True, nogil=True)
def _squared_distance(one, other, box_size, periodic):
    """Return the squared distance of two points, between nearest images if periodic."""
    squared = 0.0
    for axis in range(3):
        offset = one[axis] - other[axis]
        if periodic:
            offset -= box_size[axis] * np.round(offset / box_size[axis])
        squared += offset * offset
    return squared


def _empty_chains(
    centre: np.ndarray, radius: np.ndarray, box_size: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cell of each sphere, and the heads and links of empty lists of spheres by cell.

    Cells are as wide as the largest sphere, so spheres overlap those of adjacent cells only.
    """
    widest = 2 * radius.max(initial=0) or box_size.min()
    shape = np.maximum(np.floor(box_size / widest), 1).astype(np.int64)
    index = np.clip((centre / (box_size / shape)).astype(np.int64), 0, shape - 1)
    return index, np.full(shape, -1), np.full(len(radius), -1)


@numba.njit(cache=True, nogil=True)
def overlap_fraction(distance, radius, other):
    """Return the fraction of the volume of a sphere that another sphere overlaps.

    Parameters
    ----------
    distance : float
        Distance between the centres in Mpc/h.
    radius, other : float
        Radii of the sphere and of the other sphere in Mpc/h.

    Returns
    -------
    float
        Volume fraction.
    """
    if distance >= radius + other:
        return 0.0
    if distance <= abs(radius - other):
        return min(other / radius, 1.0) ** 3
    lens = (radius + other - distance) ** 2 * (
        distance**2 + 2 * distance * (radius + other) - 3 * (radius - other) ** 2
    )
    return lens / (16 * distance * radius**3)


@numba.njit(cache=True, nogil=True)
def _select(centre, radius, index, head, following, box_size, periodic, allowed):
    """Select spheres one by one and add each to the linked list of its cell."""
    maximal = np.empty(len(radius), dtype=np.int64)
    count = 0
    for s in range(len(radius)):
        overlaps, _ = _overlapping(
            s, allowed, centre, radius, index, head, following, box_size, periodic
        )
        if overlaps == 0:
            maximal[count] = s
            count += 1
            i, j, k = index[s]
            following[s] = head[i, j, k]
            head[i, j, k] = s
    return maximal[:count].copy()


@numba.njit(parallel=True, cache=True)
def _join(centre, radius, index, head, following, maximal, box_size, periodic):
    """Return the void of each sphere."""
    void_of = np.full(len(radius), -1)
    void_of[maximal] = np.arange(len(maximal))
    void = void_of.copy()
    for s in numba.prange(len(radius)):
        if void_of[s] < 0:
            overlaps, last = _overlapping(
                s, JOINING_OVERLAP, centre, radius, index, head, following, box_size, periodic
            )
            if overlaps == 1:
                void[s] = void_of[last]
    return void


@numba.njit(cache=True, nogil=True)
def _overlapping(s, fraction, centre, radius, index, head, following, box_size, periodic):
    """Return the number of listed spheres that overlap more than a fraction, and one of them."""
    count, last = 0, -1
    i0, i1 = _neighbouring(index[s, 0], head.shape[0], periodic)
    j0, j1 = _neighbouring(index[s, 1], head.shape[1], periodic)
    k0, k1 = _neighbouring(index[s, 2], head.shape[2], periodic)
    for i in range(i0, i1):
        for j in range(j0, j1):
            for k in range(k0, k1):
                other = head[i % head.shape[0], j % head.shape[1], k % head.shape[2]]
                while other >= 0:
                    squared = _squared_distance(centre[s], centre[other], box_size, periodic)
                    if overlap_fraction(np.sqrt(squared), radius[s], radius[other]) > fraction:
                        count += 1
                        last = other
                    other = following[other]
    return count, last


@numba.njit(cache=True, nogil=True)
def _neighbouring(index, cells, periodic):
    """Return the range of cells adjacent to a cell along an axis, each cell once."""
    if cells < 3:
        return 0, cells
    if periodic:
        return index - 1, index + 2
    return max(index - 1, 0), min(index + 2, cells)
