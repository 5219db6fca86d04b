"""Images and inverse variances as signal-to-noise ratio and relative depth."""

import warnings
from collections.abc import Sequence

import numpy as np

STRETCH = 50.0
"""Factor that amplifies deviations of the noise from a stamp's median: 2 % becomes one unit."""

MAX_SAMPLES = 16
"""Pixels along each side of a stamp from which its median is taken."""


def signal_and_depth(values: np.ndarray) -> np.ndarray:
    """Convert pairs of image and inverse variance to signal-to-noise ratio and relative depth.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, H, W, 2B)
        Image (nanomaggies) and inverse variance (nanomaggies^-2) of each band in turn.

    Returns
    -------
    numpy.ndarray, shape of `values`, float32
        For each band two channels. The first is the inverse hyperbolic sine of image times root
        inverse variance, linear in the noise and logarithmic in bright light. The second, stretched
        alike, is the deviation of a pixel's root inverse variance from the median of its stamp's
        good pixels; a galaxy's own light lowers it by a few per cent. Bad pixels, with inverse
        variance 0, have no signal and the lowest depth.

    References
    ----------
    Lupton, Gunn & Szalay 1999, AJ 118, 1406.
    """
    root = np.sqrt(values[..., 1::2], dtype=np.float32)
    output = np.empty(values.shape, np.float32)
    np.multiply(values[..., ::2], root, out=output[..., ::2])
    median = _medians(root)
    np.divide(root, median, out=root)
    root -= 1
    np.multiply(root, STRETCH, out=output[..., 1::2])
    return np.arcsinh(output, out=output)


def _medians(root: np.ndarray) -> np.ndarray:
    """Return the median of each stamp's good pixels per band, (…, 1, 1, B); 1 if all are bad.

    Depth varies slowly over a stamp, so a sub-grid of the pixels of large stamps is enough.
    """
    step_y, step_x = (max(1, length // MAX_SAMPLES) for length in root.shape[-3:-1])
    sampled = root[..., ::step_y, ::step_x, :]
    good = np.where(sampled > 0, sampled, np.float32(np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of stamps without a good pixel
        medians = np.nanmedian(good, axis=(-3, -2), keepdims=True)
    return np.nan_to_num(medians, nan=1.0).astype(np.float32)


def is_paired(channels: Sequence[str]) -> bool:
    """Return whether channels are pairs of an image and its inverse variance, by their names.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels.

    Examples
    --------
    >>> is_paired(["g_image", "g_ivar"])
    True
    """
    return len(channels) > 0 and all(
        name.endswith("_ivar" if number % 2 else "_image") for number, name in enumerate(channels)
    )
