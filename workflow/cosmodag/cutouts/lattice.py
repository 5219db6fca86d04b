"""Where sub-boxes stand in a box, and in which of its disjoint regions."""

import numpy as np

from cosmodag.errors import InputError


def positions_along(
    cells: int, window: int, stride: int, *, wrap: bool = False, count: int | None = None
) -> np.ndarray:
    """Lower edges 0, stride, 2 stride, … of the windows along one axis.

    Parameters
    ----------
    cells : int
        Cells of the grid along the axis.
    window : int
        Length of a window in cells.
    stride : int
        Distance between neighbours in cells.
    wrap : bool
        Whether windows may pass the end of a periodic grid and go on at its beginning.
    count : int, optional
        Keep only the first `count` positions. The published protocol takes 22 along each axis of
        1050 cells (side 224, stride 37), one fewer than fit.

    Returns
    -------
    numpy.ndarray, shape (positions,), int64
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
            f"{count} positions asked for along an axis where {fit} fit (cells {cells}, window "
            f"{window}, stride {stride})"
        )
    return np.arange(count or max(fit, 1)) * stride


def region_of(
    positions: np.ndarray,
    window: int,
    cells: int,
    regions: int,
    *,
    buffer: float = 0.0,
    periodic: bool = False,
) -> np.ndarray:
    """Region along one axis that wholly contains each window, -1 where a window straddles.

    The axis is cut into `regions` equal parts. With a buffer, half of it is taken off each side of
    a part that adjoins another one, so that sub-boxes of two regions are at least `buffer` apart.

    Parameters
    ----------
    positions : numpy.ndarray of int
        Lower edges in cells.
    window, cells : int
        Length of a window and of the axis in cells.
    regions : int
        Number of parts; 1 contains every window, wrapped ones too.
    buffer : float
        Smallest distance between sub-boxes of different regions, in cells.
    periodic : bool
        Whether the first and the last part adjoin.

    Returns
    -------
    numpy.ndarray, shape of `positions`, int64
    """
    if regions == 1:
        return np.zeros(len(positions), dtype=np.int64)
    length = cells / regions
    region = (positions // length).astype(np.int64)
    lower = region * length + buffer / 2
    upper = (region + 1) * length - buffer / 2
    if not periodic:
        lower = np.where(region == 0, 0, lower)
        upper = np.where(region == regions - 1, cells, upper)
    contained = (positions >= lower) & (positions + window <= upper)
    return np.where(contained, region, -1)
