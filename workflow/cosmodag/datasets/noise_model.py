"""Images and inverse variances told as signal and noise, which is what a network can compare."""

import warnings
from collections.abc import Sequence

import numpy as np

STRETCH = 50.0
"""By how much departures of the noise from a stamp's median are drawn out: 2 % becomes one unit."""

SAMPLED = 16
"""Pixels along each side of a stamp that its median is taken from."""


def noise_model(values: np.ndarray) -> np.ndarray:
    """Turn pairs of image and inverse variance into signal-to-noise and relative depth.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, H, W, 2B)
        Image (nanomaggies) and inverse variance (nanomaggies^-2) of each band in turn.

    Returns
    -------
    numpy.ndarray, shape of `values`, float32
        For each band the inverse hyperbolic sine of image times root inverse variance, linear in
        the noise and logarithmic in bright light (Lupton, Gunn & Szalay 1999, AJ 118, 1406); and,
        stretched alike, by how much the root inverse variance of a pixel departs from the median of
        its stamp's good pixels. A galaxy's own light lowers it by a few per cent. Bad pixels, of
        inverse variance 0, have no signal and the lowest depth.
    """
    root = np.sqrt(values[..., 1::2], dtype=np.float32)
    told = np.empty(values.shape, np.float32)
    np.multiply(values[..., ::2], root, out=told[..., ::2])
    typical = _medians(root)
    np.divide(root, typical, out=root)
    root -= 1
    np.multiply(root, STRETCH, out=told[..., 1::2])
    return np.arcsinh(told, out=told)


def _medians(root: np.ndarray) -> np.ndarray:
    """Median of each stamp's good pixels in each band, (…, 1, 1, B); 1 where all are bad.

    Depth varies slowly over a stamp, so of large stamps a grid of pixels is enough.
    """
    down, across = (max(1, length // SAMPLED) for length in root.shape[-3:-1])
    some = root[..., ::down, ::across, :]
    good = np.where(some > 0, some, np.float32(np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of stamps without a good pixel
        medians = np.nanmedian(good, axis=(-3, -2), keepdims=True)
    return np.nan_to_num(medians, nan=1.0).astype(np.float32)


def is_paired(channels: Sequence[str]) -> bool:
    """Whether channels are pairs of an image and its inverse variance, by their names."""
    return len(channels) > 0 and all(
        name.endswith("_ivar" if number % 2 else "_image") for number, name in enumerate(channels)
    )
