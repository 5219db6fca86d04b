"""Stamps of any size cropped, padded or shrunk to one size about their centre."""

import zlib

import numpy as np
from PIL import Image

from cosmodag.errors import InputError

PADDINGS = ("noise", "zeros")
BORDER = 3
"""Width in pixels of the border from which background and noise are measured."""
MIN_BORDER = 30
"""Pixels of the border, at least, from which the noise of masked pixels is measured."""
MAD_TO_SIGMA = 1.4826
"""Standard deviation of a Gaussian in units of its median absolute deviation."""


def border_noise(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure the background and the noise of a stamp along its border.

    Both are medians, so that a few bright pixels of neighbours have little effect.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W)
        Stamp with its bands first.

    Returns
    -------
    background : numpy.ndarray, shape (B,), float64
        Median of the border in each band, in the unit of the image.
    noise : numpy.ndarray, shape (B,), float64
        Standard deviation per pixel, estimated from the median absolute deviation.
    """
    inner = np.zeros(image.shape[1:], bool)
    inner[BORDER:-BORDER, BORDER:-BORDER] = True
    border = image[:, ~inner].astype(np.float64)
    background = np.median(border, axis=1)
    return background, MAD_TO_SIGMA * np.median(np.abs(border - background[:, None]), axis=1)


def fill_masked(image: np.ndarray) -> np.ndarray:
    """Replace masked pixels by noise like that along the border of each band.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W), float32
        Stamp whose masked pixels are not finite. Each band needs two other pixels.

    Returns
    -------
    numpy.ndarray, shape (B, H, W), float32
        The same image, if no pixel is masked. Equal images give equal results.
    """
    masked = ~np.isfinite(image)
    if not masked.any():
        return image
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(image)))
    filled = image.copy()
    inner = np.zeros(image.shape[1:], bool)
    inner[BORDER:-BORDER, BORDER:-BORDER] = True
    for band, bad in zip(filled, masked):
        sample = band[~inner & ~bad]
        if len(sample) < MIN_BORDER:
            sample = band[~bad]
        background = np.median(sample)
        noise = MAD_TO_SIGMA * np.median(np.abs(sample - background))
        band[bad] = background + noise * rng.standard_normal(int(bad.sum()), np.float32)
    return filled


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Average the pixels of a stamp until its shorter side has a given length, at constant flux.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W), float32
        Stamp with its bands first.
    side : int
        Length of the shorter side in pixels.

    Returns
    -------
    numpy.ndarray, shape (B, H', W'), float32
        A stamp whose shorter side is no longer than `side` is returned unchanged.
    """
    height, width = image.shape[1:]
    if min(height, width) <= side:
        return image
    scale = side / min(height, width)
    size = round(width * scale), round(height * scale)
    planes = [Image.fromarray(plane).resize(size, Image.Resampling.BOX) for plane in image]
    area = height * width / (size[0] * size[1])
    return np.stack([np.asarray(plane, np.float32) for plane in planes]) * np.float32(area)


def crop_or_pad(
    image: np.ndarray, side: int, *, padding: str = "noise", rng: np.random.Generator | None = None
) -> np.ndarray:
    """Crop or pad each axis of a stamp about its centre.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W)
        Stamp with its bands first.
    side : int
        Side of the result in pixels.
    padding : {"noise", "zeros"}
        Fill of the pixels beyond the stamp. "noise" draws Gaussian noise with the background and
        the standard deviation of the stamp's border. "zeros" reveals the size of the stamp to a
        network.
    rng : numpy.random.Generator, optional
        Generator of the noise; required where a stamp is padded with noise.

    Returns
    -------
    numpy.ndarray, shape (B, side, side), float32

    Raises
    ------
    InputError
        If the padding is unknown.
    ValueError
        If the stamp has to be padded with noise and `rng` is None.

    Examples
    --------
    >>> crop_or_pad(np.ones((1, 2, 2), np.float32), 4, padding="zeros").sum()
    np.float32(4.0)
    """
    if padding not in PADDINGS:
        raise InputError(f"padding {padding!r}: choose from {', '.join(PADDINGS)}")
    result = np.zeros((len(image), side, side), np.float32)
    if padding == "noise" and min(image.shape[1:]) < side:
        if rng is None:
            raise ValueError("rng is required where a stamp is padded with noise")
        background, noise = border_noise(image)
        result = rng.standard_normal(result.shape, np.float32)
        result *= noise[:, None, None].astype(np.float32)
        result += background[:, None, None].astype(np.float32)
    target, source = zip(*(_centred_slices(length, side) for length in image.shape[1:]))
    result[:, *target] = image[:, *source]
    return result


def _centred_slices(length: int, side: int) -> tuple[slice, slice]:
    """Return the slices of the result and of the stamp that coincide along an axis."""
    common = min(length, side)
    target, source = (side - common) // 2, (length - common) // 2
    return slice(target, target + common), slice(source, source + common)
