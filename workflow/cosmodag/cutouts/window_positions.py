"""Positions of windows along one axis of a box, and the disjoint regions that contain them."""

import numpy as np

from cosmodag.errors import InputError


def window_positions(
    cells: int, window: int, stride: int, *, wrap: bool = False, count: int | None = None
) -> np.ndarray:
    """Return the lower edges 0, stride, 2 stride, … of the windows along one axis.

    Parameters
    ----------
    cells : int
        Length of the axis in cells.
    window : int
        Length of a window in cells.
    stride : int
        Distance between neighbouring windows in cells.
    wrap : bool
        Whether windows may cross the end of a periodic axis and continue at its beginning.
    count : int, optional
        Number of positions; as many as fit by default.

    Returns
    -------
    numpy.ndarray, shape (positions,), int64
        Lower edges in cells.

    Raises
    ------
    InputError
        A window is longer than the axis, the stride is not positive, or `count` does not fit.

    Examples
    --------
    >>> window_positions(12, window=4, stride=3)
    array([0, 3, 6])
    """
    if window > cells:
        raise InputError(
            f"a sub-box of {window} cells does not fit into a grid of {cells} cells: choose a "
            "smaller side or depth, or a finer grid"
        )
    if stride < 1:
        raise InputError(f"stride is {stride} cells: it must be at least 1")
    fit = cells // stride if wrap else (cells - window) // stride + 1
    if count is not None and not 1 <= count <= max(fit, 1):
        raise InputError(
            f"positions: {count} along an axis where {fit} fit (cells {cells}, window {window}, "
            f"stride {stride})"
        )
    return np.arange(count or max(fit, 1)) * stride


def containing_regions(
    positions: np.ndarray,
    window: int,
    cells: int,
    n_regions: int,
    *,
    buffer: float = 0.0,
    periodic: bool = False,
) -> np.ndarray:
    """Return the region along one axis that contains each window.

    The axis is cut into regions of equal length. Half of the buffer is removed on either side of
    each boundary between two regions, so that windows of different regions are at least `buffer`
    apart.

    Parameters
    ----------
    positions : numpy.ndarray, shape (N,), int64
        Lower edges of the windows in cells.
    window, cells : int
        Length of a window and of the axis in cells.
    n_regions : int
        Number of regions; a single one contains every window, including those that wrap.
    buffer : float
        Smallest distance between windows of different regions in cells.
    periodic : bool
        Whether the last region borders on the first.

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        Index of the region, or -1 for a window that crosses a boundary or a buffer.

    Examples
    --------
    >>> containing_regions(np.array([0, 3, 6]), window=4, cells=12, n_regions=2)
    array([ 0, -1,  1])
    """
    if n_regions == 1:
        return np.zeros(len(positions), dtype=np.int64)
    length = cells / n_regions
    region = (positions // length).astype(np.int64)
    lower = region * length + buffer / 2
    upper = (region + 1) * length - buffer / 2
    if not periodic:
        lower = np.where(region == 0, 0, lower)
        upper = np.where(region == n_regions - 1, cells, upper)
    contained = (positions >= lower) & (positions + window <= upper)
    return np.where(contained, region, -1)
