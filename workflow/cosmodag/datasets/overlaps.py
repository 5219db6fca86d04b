"""Overlap in space between sub-boxes of different splits, and sub-boxes too near each other."""

import numba
import numpy as np

TOUCHING = 1e-6
"""Overlap along an axis that counts as touching, as a fraction of the box."""


def find_overlaps(
    lower: np.ndarray,
    upper: np.ndarray,
    box_size: np.ndarray,
    split: np.ndarray,
    *,
    periodic: bool,
) -> tuple[int, tuple[int, int]]:
    """Count the pairs of sub-boxes of one box that overlap and belong to different splits.

    A sweep along x: sub-boxes are sorted by their lower edge and compared with those that begin
    before they end. Memory grows as N; time as N times the number of neighbours along one axis.

    Parameters
    ----------
    lower, upper : numpy.ndarray, shape (N, 3), float64
        Corners in Mpc/h; `upper` may exceed a periodic box.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    split : numpy.ndarray, shape (N,), int
        Number of the split of each sub-box.
    periodic : bool
        Whether the box is periodic.

    Returns
    -------
    n_pairs : int
        Number of pairs; a pair that overlaps on both sides of a periodic box counts twice.
    pair : tuple of int
        Rows of one of the pairs, (-1, -1) if there is none.

    Examples
    --------
    >>> lower = np.array([[0.0, 0, 0], [5, 5, 5]])
    >>> find_overlaps(lower, lower + 10, np.full(3, 50.0), np.array([0, 1]), periodic=False)
    (1, (0, 1))
    """
    order = np.argsort(lower[:, 0], kind="stable")
    # A periodic image of each sub-box follows one box further on, where others wrap into it.
    images = 2 if periodic else 1
    rows = np.tile(order, images)
    shift = np.repeat(np.arange(images) * box_size[0], len(order))
    starts = lower[rows, 0] + shift
    n_pairs, a, b = _sweep(
        starts, rows, len(order), lower, upper, np.asarray(box_size), split, periodic
    )
    return int(n_pairs), (int(a), int(b))


def box_neighbours(
    lower: np.ndarray,
    upper: np.ndarray,
    box_size: np.ndarray,
    other: np.ndarray,
    *,
    periodic: bool,
    buffer: float,
) -> np.ndarray:
    """Return for each sub-box one of the other set that lies nearer than a buffer.

    The distance is that of the nearest points of two sub-boxes; those that overlap are near at any
    buffer. The sweep is that of `find_overlaps`.

    Parameters
    ----------
    lower, upper : numpy.ndarray, shape (N, 3), float64
        Corners in Mpc/h; `upper` may exceed a periodic box.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    other : numpy.ndarray, shape (N,), bool
        Which of the two sets each sub-box belongs to.
    periodic : bool
        Whether the box is periodic.
    buffer : float
        Smallest allowed distance in Mpc/h.

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        Row of a sub-box of the other set; -1 where there is none.

    Examples
    --------
    >>> lower = np.array([[0.0, 0, 0], [15, 0, 0]])
    >>> box, other = np.full(3, 50.0), np.array([False, True])
    >>> box_neighbours(lower, lower + 10, box, other, periodic=False, buffer=6).tolist()
    [1, 0]
    >>> box_neighbours(lower, lower + 10, box, other, periodic=False, buffer=5).tolist()
    [-1, -1]
    """
    order = np.argsort(lower[:, 0], kind="stable")
    images = 2 if periodic else 1
    rows = np.tile(order, images)
    starts = lower[rows, 0] + np.repeat(np.arange(images) * box_size[0], len(order))
    return _near(
        starts, rows, len(order), lower, upper, np.asarray(box_size), other, periodic, buffer
    )


@numba.njit(cache=True, nogil=True)
def _near(starts, rows, count, lower, upper, box_size, other, periodic, buffer):
    """Mark pairs of different sets whose distance is below the buffer."""
    neighbours = np.full(count, -1, np.int64)
    reach = buffer - TOUCHING * box_size.min()
    for n in range(count):
        a = rows[n]
        end = upper[a, 0] + buffer
        m = n + 1
        while m < starts.size and starts[m] < end:
            b = rows[m]
            m += 1
            if other[a] == other[b] or (neighbours[a] >= 0 and neighbours[b] >= 0):
                continue
            square = 0.0
            for axis in range(3):
                gap = _gap(
                    lower[a, axis],
                    upper[a, axis],
                    lower[b, axis],
                    upper[b, axis],
                    box_size[axis],
                    periodic,
                )
                square += gap * gap
            if square < reach * reach:
                neighbours[a], neighbours[b] = b, a
    return neighbours


@numba.njit(cache=True, nogil=True, inline="always")
def _gap(lower_a, upper_a, lower_b, upper_b, length, periodic):
    """Return the distance between two intervals, 0 where they overlap or touch."""
    if periodic:
        ahead, behind = lower_b - lower_a, lower_a - lower_b
        ahead -= length * np.floor(ahead / length)
        behind -= length * np.floor(behind / length)
        return max(0.0, min(ahead - (upper_a - lower_a), behind - (upper_b - lower_b)))
    return max(0.0, max(lower_b - upper_a, lower_a - upper_b))


@numba.njit(cache=True, nogil=True)
def _sweep(starts, rows, count, lower, upper, box_size, split, periodic):
    """Count overlapping pairs along sorted lower edges; return the last pair too."""
    n_pairs, first, second = 0, -1, -1
    for n in range(count):
        a = rows[n]
        end = upper[a, 0] - TOUCHING * box_size[0]
        m = n + 1
        while m < starts.size and starts[m] < end:
            b = rows[m]
            m += 1
            if split[a] == split[b]:
                continue
            disjoint = False
            for axis in (1, 2):
                length = box_size[axis]
                disjoint |= not _intervals_overlap(
                    lower[a, axis], upper[a, axis], lower[b, axis], upper[b, axis], length, periodic
                )
            if not disjoint:
                n_pairs += 1
                first, second = a, b
    return n_pairs, first, second


@numba.njit(cache=True, nogil=True, inline="always")
def _intervals_overlap(lower_a, upper_a, lower_b, upper_b, length, periodic):
    """Return whether two intervals overlap by more than touching."""
    ahead, behind = lower_b - lower_a, lower_a - lower_b
    if periodic:
        ahead -= length * np.floor(ahead / length)
        behind -= length * np.floor(behind / length)
        touching = TOUCHING * length
        return ahead < upper_a - lower_a - touching or behind < upper_b - lower_b - touching
    touching = TOUCHING * length
    return lower_b < upper_a - touching and lower_a < upper_b - touching
