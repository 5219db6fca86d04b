"""Overlapping windows that cover a map, and weights with which their predictions are averaged.

A network sees less of the surroundings of a pixel near the edge of its window. So windows overlap
by half, and each prediction is weighted by a taper that falls to zero towards the edges of its
window. The weights of all windows add up to 1 in each pixel, also at the edge of an open map, so
that no seams show.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

WINDOWS_PER_BATCH = 256
"""Windows in memory at the same time."""


@dataclass(frozen=True)
class Tiling:
    """Windows along one axis of a map.

    Attributes
    ----------
    length : int
        Length of the axis in pixels.
    pixels : numpy.ndarray, shape (windows, side), int64
        Pixels of each window in the map; those beyond the end of a periodic axis are at its
        beginning.
    weights : numpy.ndarray, shape (windows, side), float64
        Weight of each pixel of each window. In each pixel of the map their sum is 1.
    """

    length: int
    pixels: np.ndarray
    weights: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """First pixel of each window, shape (windows,), int64."""
        return self.pixels[:, 0]


def tile(length: int, side: int, *, periodic: bool) -> Tiling:
    """Cover one axis of a map by windows that are at most half their side apart.

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
    """
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


def predict_map(
    plane: np.ndarray,
    tilings: tuple[Tiling, Tiling],
    factor: int,
    predict: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Predict a map from overlapping windows of a plane.

    Parameters
    ----------
    plane : numpy.ndarray, shape (rows, columns, channels), float32
        Input of the network. A periodic plane is continued beyond its end by the side of a window.
    tilings : tuple of Tiling
        Windows along rows and columns of the map.
    factor : int
        Cells of the plane per pixel of the map.
    predict : callable
        Takes windows (n, side, side, channels) and returns maps (n, pixels, pixels).

    Returns
    -------
    numpy.ndarray, shape (rows, columns), float32
        Weighted mean of the predictions in each pixel of the map.
    """
    down, across = tilings
    total = np.zeros((down.length, across.length))
    for batch in _batches(len(down.pixels), len(across.pixels)):
        windows = [_window(plane, down, across, place, factor) for place in batch]
        for (row, column), prediction in zip(batch, predict(np.stack(windows))):
            weights = down.weights[row][:, None] * across.weights[column]
            total[np.ix_(down.pixels[row], across.pixels[column])] += weights * prediction
    return total.astype(np.float32)


def _window(
    plane: np.ndarray, down: Tiling, across: Tiling, place: np.ndarray, factor: int
) -> np.ndarray:
    """Return the part of a plane that one window covers."""
    side = down.pixels.shape[1] * factor
    i, j = down.starts[place[0]] * factor, across.starts[place[1]] * factor
    return plane[i : i + side, j : j + side]


def _batches(n_rows: int, n_columns: int) -> Iterator[np.ndarray]:
    """Yield the row and column of the windows, (n, 2), in batches."""
    places = np.stack(np.unravel_index(np.arange(n_rows * n_columns), (n_rows, n_columns)), axis=1)
    for start in range(0, len(places), WINDOWS_PER_BATCH):
        yield places[start : start + WINDOWS_PER_BATCH]
