"""Stamps of any size brought to one: larger ones cropped, smaller ones padded, about the middle."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

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


def shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """Average the pixels of a larger stamp until its shorter side is as wanted; flux is kept.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W), float32
        A stamp that is not larger is given back as it is.
    side : int
    """
    height, width = image.shape[1:]
    if min(height, width) <= side:
        return image
    scale = side / min(height, width)
    size = round(width * scale), round(height * scale)
    planes = [Image.fromarray(plane).resize(size, Image.Resampling.BOX) for plane in image]
    lost = height * width / (size[0] * size[1])
    return np.stack([np.asarray(plane, np.float32) for plane in planes]) * np.float32(lost)


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
