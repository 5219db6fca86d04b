"""Stamps of any size brought to one: larger ones cropped, smaller ones padded, about the middle."""

from collections.abc import Sequence

import numpy as np

from cosmodag.errors import InputError

PADDINGS = ("noise", "zeros")
BORDER = 3
"""Width in pixels of the border that a stamp's level and noise are measured in."""
SCATTER = 1.4826
"""Standard deviation of a Gaussian in units of its median absolute deviation."""


def border_noise(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Level and noise of a stamp, measured along its border.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W)
        The stamp, its bands first.

    Returns
    -------
    level, noise : numpy.ndarray, shape (B,), float64
        Median, and standard deviation of a pixel by the median absolute deviation, so that few
        bright pixels of neighbours count little.
    """
    inner = np.zeros(image.shape[1:], bool)
    inner[BORDER:-BORDER, BORDER:-BORDER] = True
    border = image[:, ~inner].astype(np.float64)
    level = np.median(border, axis=1)
    return level, SCATTER * np.median(np.abs(border - level[:, None]), axis=1)


def to_side(
    image: np.ndarray, side: int, *, padding: str = "noise", rng: np.random.Generator | None = None
) -> np.ndarray:
    """Crop or pad a stamp about its middle, each axis by itself.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W)
        The stamp, its bands first.
    side : int
        Pixels a side of what is returned.
    padding : {"noise", "zeros"}
        What lies beyond the stamp: Gaussian noise of the level and width of its border, or zeros,
        which tell a network how large the stamp was.
    rng : numpy.random.Generator, optional
        Where the noise comes from; not needed where nothing is padded.

    Returns
    -------
    numpy.ndarray, shape (B, side, side), float32

    Raises
    ------
    InputError
        The padding is not known.
    """
    if padding not in PADDINGS:
        raise InputError(f"padding {padding!r}: choose from {', '.join(PADDINGS)}")
    whole = np.zeros((len(image), side, side), np.float32)
    if padding == "noise" and min(image.shape[1:]) < side:
        level, noise = border_noise(image)
        whole = rng.standard_normal(whole.shape, np.float32)
        whole *= noise[:, None, None].astype(np.float32)
        whole += level[:, None, None].astype(np.float32)
    target, source = zip(*(_windows(length, side) for length in image.shape[1:]))
    whole[:, *target] = image[:, *source]
    return whole


def _windows(length: int, side: int) -> Sequence[slice]:
    """Where a stamp's pixels along an axis go, and which of them."""
    kept = min(length, side)
    begin, end = (side - kept) // 2, (length - kept) // 2
    return slice(begin, begin + kept), slice(end, end + kept)
