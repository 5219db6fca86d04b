"""Structural similarity of images: whether light lies where it should, not how much is amiss."""

import numpy as np
from scipy import ndimage

WIDTH, REACH = 1.5, 5
"""Standard deviation of the Gaussian window, and the pixels on either side of its middle."""
STABLE = (0.01, 0.03)
TAKEN_AT_ONCE = 64


def structural_similarity(given: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean structural similarity of each image with the true one (Wang et al. 2004, IEEE TIP 13,
    600).

    Parameters
    ----------
    given, truth : arrays (N, H, W, C)
        Images of more than 10 pixels a side. The range of values is that of each true image.

    Returns
    -------
    (N,) array
        1 where both are equal; the mean over channels and over pixels whose window lies inside.
        An image of one value throughout is equal or it is not: its range is taken as 1.
    """
    parts = range(0, len(truth), TAKEN_AT_ONCE)
    each = [np.s_[start : start + TAKEN_AT_ONCE] for start in parts]
    return np.concatenate([_similarity(given[part], truth[part]) for part in each])


def _similarity(given: np.ndarray, truth: np.ndarray) -> np.ndarray:
    given, truth = (np.asarray(each, np.float64) for each in (given, truth))
    span = np.ptp(truth, axis=(1, 2, 3), keepdims=True)
    first, second = ((k * np.where(span > 0, span, 1.0)) ** 2 for k in STABLE)
    one, other = _local(given), _local(truth)
    spread = _local(given**2) - one**2 + _local(truth**2) - other**2
    common = _local(given * truth) - one * other
    similar = (2 * one * other + first) * (2 * common + second)
    similar /= (one**2 + other**2 + first) * (spread + second)
    return similar.mean((1, 2, 3))


def _local(images: np.ndarray) -> np.ndarray:
    """Mean in the window around each pixel whose window lies inside."""
    inside = np.s_[:, REACH:-REACH, REACH:-REACH]
    return ndimage.gaussian_filter(images, WIDTH, axes=(1, 2), radius=REACH)[inside]
