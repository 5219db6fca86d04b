"""Structural similarity of images."""

import numpy as np
from scipy import ndimage

WIDTH, REACH = 1.5, 5
"""Standard deviation of the Gaussian window, and its half-width, in pixels."""
STABILITY = (0.01, 0.03)
"""Constants K1 and K2 that keep ratios finite."""
BATCH = 64


def structural_similarity(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the mean structural similarity of each image with the true one.

    Parameters
    ----------
    images, truth : numpy.ndarray, shape (N, H, W, C)
        Images of more than 10 pixels per side. The range of values is that of each true image.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        1 where both are equal; the mean over channels and over pixels whose window lies inside.
        The range of a constant image is taken as 1.

    References
    ----------
    Wang et al. 2004, IEEE Transactions on Image Processing 13, 600.
    """
    batches = [np.s_[start : start + BATCH] for start in range(0, len(truth), BATCH)]
    return np.concatenate([_similarity(images[batch], truth[batch]) for batch in batches])


def _similarity(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the mean structural similarity (N,) of one batch."""
    given, truth = (np.asarray(each, np.float64) for each in (images, truth))
    span = np.ptp(truth, axis=(1, 2, 3), keepdims=True)
    first, second = ((k * np.where(span > 0, span, 1.0)) ** 2 for k in STABILITY)
    one, other = _local(given), _local(truth)
    spread = _local(given**2) - one**2 + _local(truth**2) - other**2
    common = _local(given * truth) - one * other
    similar = (2 * one * other + first) * (2 * common + second)
    similar /= (one**2 + other**2 + first) * (spread + second)
    return similar.mean((1, 2, 3))


def _local(images: np.ndarray) -> np.ndarray:
    """Return the mean in the window around each pixel whose window lies inside."""
    inside = np.s_[:, REACH:-REACH, REACH:-REACH]
    return ndimage.gaussian_filter(images, WIDTH, axes=(1, 2), radius=REACH)[inside]
