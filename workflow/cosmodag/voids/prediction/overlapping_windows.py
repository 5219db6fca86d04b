"""Overlapping windows that cover a map or a cube, and weights that average their predictions.

A network sees less of the surroundings of a pixel near the face of its window. So windows overlap
by half, and each prediction is weighted by a taper that falls to zero towards the faces of its
window. The weights of all windows add up to 1 in each pixel, also at the faces of an open box, so
that no seams show. Along an axis that is periodic and as long as a window there is one window
without a taper, as in training on whole boxes.
"""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

WINDOWS_PER_BATCH = 256
"""Default number of windows in memory at the same time."""


@dataclass(frozen=True)
class Tiling:
    """Windows along one axis of a map or a cube.

    Attributes
    ----------
    length : int
        Length of the axis in pixels.
    pixels : numpy.ndarray, shape (windows, side), int64
        Pixels of each window; those beyond the end of a periodic axis are at its beginning.
    weights : numpy.ndarray, shape (windows, side), float64
        Weight of each pixel of each window. In each pixel of the axis their sum is 1.
    """

    length: int
    pixels: np.ndarray
    weights: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """First pixel of each window, shape (windows,), int64."""
        return self.pixels[:, 0]

    def __len__(self) -> int:
        return len(self.pixels)


def tile(length: int, side: int, *, periodic: bool) -> Tiling:
    """Cover one axis by windows that are at most half their side apart.

    Parameters
    ----------
    length : int
        Length of the axis in pixels, at least `side`.
    side : int
        Side of a window in pixels.
    periodic : bool
        Whether windows continue at the beginning of the axis. Otherwise the first and the last
        window touch its ends.

    Returns
    -------
    Tiling

    Examples
    --------
    >>> tile(8, 4, periodic=True).starts
    array([0, 2, 4, 6])
    >>> tile(8, 4, periodic=False).starts
    array([0, 2, 4])
    >>> tile(4, 4, periodic=True).starts
    array([0])
    """
    if periodic and length == side:
        return Tiling(length, np.arange(side)[None], np.ones((1, side)))
    step = max(side // 2, 1)
    if periodic:
        count = -(-length // step)
        starts = np.arange(count) * length // count
    else:
        count = -(-(length - side) // step) + 1
        starts = np.arange(count) * (length - side) // max(count - 1, 1)
    pixels = (starts[:, None] + np.arange(side)) % length
    taper = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    total = np.bincount(pixels.ravel(), np.tile(taper, count), minlength=length)
    return Tiling(length, pixels, taper / total[pixels])


def average_windows(
    tilings: Sequence[Tiling],
    factor: int,
    read: Callable[[Sequence[int]], np.ndarray],
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    batch: int = WINDOWS_PER_BATCH,
) -> np.ndarray:
    """Predict a map or a cube from overlapping windows.

    Parameters
    ----------
    tilings : sequence of Tiling
        Windows along each axis of what is predicted.
    factor : int
        Cells of the input per pixel of what is predicted, along each axis.
    read : callable
        Takes the first cell of a window along each axis, and returns the input of the network,
        (side, …, channels), float32.
    predict : callable
        Takes inputs (n, side, …, channels) and returns predictions (n, pixels, …).
    batch : int
        Windows that are read and predicted at a time.

    Returns
    -------
    numpy.ndarray, shape (length of each tiling), float32
        Weighted mean of the predictions in each pixel.
    """
    total = np.zeros([tiling.length for tiling in tilings], np.float32)
    for places in _batches([len(tiling) for tiling in tilings], batch):
        corners = [
            [int(tiling.starts[n]) * factor for tiling, n in zip(tilings, place)]
            for place in places
        ]
        predictions = predict(np.stack([read(corner) for corner in corners]))
        for place, prediction in zip(places, predictions, strict=True):
            along = [tiling.weights[n] for tiling, n in zip(tilings, place)]
            weights = functools.reduce(np.multiply.outer, along)
            pixels = np.ix_(*(tiling.pixels[n] for tiling, n in zip(tilings, place)))
            total[pixels] += weights * prediction
    return total


def _batches(counts: Sequence[int], batch: int) -> Iterator[list[tuple[int, ...]]]:
    """Yield the number along each axis of all windows, in batches."""
    places = itertools.product(*map(range, counts))
    while chosen := list(itertools.islice(places, batch)):
        yield chosen
