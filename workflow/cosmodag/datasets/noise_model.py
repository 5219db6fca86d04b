"""Images and inverse variances told as signal and noise, which is what a network can compare."""

from collections.abc import Sequence

import numpy as np


def noise_model(values: np.ndarray) -> np.ndarray:
    """Turn pairs of image and inverse variance into signal-to-noise and depth.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, 2B)
        Image (nanomaggies) and inverse variance (nanomaggies^-2) of each band in turn.

    Returns
    -------
    numpy.ndarray, shape of `values`, float32
        For each band the inverse hyperbolic sine of image times root inverse variance, linear in
        the noise and logarithmic in bright light (Lupton, Gunn & Szalay 1999, AJ 118, 1406), and
        log(1 + root inverse variance), which tells how deep a pixel is. Bad pixels, of inverse
        variance 0, give 0 in both.
    """
    root = np.sqrt(values[..., 1::2], dtype=np.float32)
    told = np.empty(values.shape, np.float32)
    np.multiply(values[..., ::2], root, out=told[..., ::2])
    np.arcsinh(told[..., ::2], out=told[..., ::2])
    np.log1p(root, out=told[..., 1::2])
    return told


def is_paired(channels: Sequence[str]) -> bool:
    """Whether channels are pairs of an image and its inverse variance, by their names."""
    return len(channels) > 0 and all(
        name.endswith("_ivar" if number % 2 else "_image") for number, name in enumerate(channels)
    )
