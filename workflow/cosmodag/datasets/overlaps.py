"""Overlap in space between sub-boxes of different splits."""

import numba
import numpy as np

TOUCHING = 1e-6
"""Overlap along an axis that counts as mere touching, as a fraction of the box."""


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
    before they end. Memory grows as N; time as N times the neighbours along one axis.

    Parameters
    ----------
    lower, upper : numpy.ndarray, shape (N, 3)
        Corners in Mpc/h; `upper` may exceed a periodic box.
    box_size : numpy.ndarray, shape (3,)
        In Mpc/h.
    split : numpy.ndarray of int, shape (N,)
    periodic : bool

    Returns
    -------
    pairs : int
        A pair that overlaps on both sides of a periodic box counts twice.
    first : tuple of int
        One of the pairs, (-1, -1) where there is none.
    """
    order = np.argsort(lower[:, 0], kind="stable")
    # In a periodic box a sub-box is met again one box further on, where others wrap into it.
    images = 2 if periodic else 1
    rows = np.tile(order, images)
    shift = np.repeat(np.arange(images) * box_size[0], len(order))
    starts = lower[rows, 0] + shift
    pairs, a, b = _sweep(
        starts, rows, len(order), lower, upper, np.asarray(box_size), split, periodic
    )
    return int(pairs), (int(a), int(b))


@numba.njit(cache=True, nogil=True)
def _sweep(starts, rows, count, lower, upper, box_size, split, periodic):
    pairs, first, second = 0, -1, -1
    for n in range(count):
        a = rows[n]
        end = upper[a, 0] - TOUCHING * box_size[0]
        m = n + 1
        while m < starts.size and starts[m] < end:
            b = rows[m]
            m += 1
            if split[a] == split[b]:
                continue
            apart = False
            for axis in (1, 2):
                length = box_size[axis]
                apart |= not _intervals_overlap(
                    lower[a, axis], upper[a, axis], lower[b, axis], upper[b, axis], length, periodic
                )
            if not apart:
                pairs += 1
                first, second = a, b
    return pairs, first, second


@numba.njit(cache=True, nogil=True, inline="always")
def _intervals_overlap(lower_a, upper_a, lower_b, upper_b, length, periodic):
    ahead, behind = lower_b - lower_a, lower_a - lower_b
    if periodic:
        ahead -= length * np.floor(ahead / length)
        behind -= length * np.floor(behind / length)
        touching = TOUCHING * length
        return ahead < upper_a - lower_a - touching or behind < upper_b - lower_b - touching
    touching = TOUCHING * length
    return lower_b < upper_a - touching and lower_a < upper_b - touching
