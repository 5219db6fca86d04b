"""Summary statistics of slices of the 21-cm sky: their histogram and their power spectrum.

The histogram is computed for the slice and, since noise hides the signal in single pixels, for
smoothed versions of it. Slices are treated as periodic, which has little effect on patches.
"""

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.baselines.features import spectrum

CHANNELS = {"brightness_temperature", "density", "neutral_fraction"}
"""Channels of slices of the 21-cm sky."""

_QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_SMOOTHINGS = (0.0, 1.0, 2.0, 4.0)
"""Standard deviations of the Gaussian filters in pixels."""


def replace_by_features(examples: Examples) -> Examples:
    """Replace the slices of examples by their features.

    Parameters
    ----------
    examples : Examples
        Slices as `x`, shape (N, H, W, C).

    Returns
    -------
    Examples
        Features as `x`, shape (N, F), float32.
    """
    slices = tqdm(examples.x, desc="features of slices", unit="slice", disable=None)
    return examples._replace(x=np.stack([slice_features(x) for x in slices]))


def slice_features(x: np.ndarray) -> np.ndarray:
    """Return the features of one slice.

    The features of each channel are mean, standard deviation, skewness, kurtosis, quantiles,
    minimum and maximum for several smoothings; the fraction of pixels at the minimum; and the
    logarithm of the power in 12 bins of wavenumber.

    Parameters
    ----------
    x : numpy.ndarray, shape (H, W, C), float32
        Slice.

    Returns
    -------
    numpy.ndarray, shape (F,), float32
        Features.

    Examples
    --------
    >>> slice_features(np.zeros((16, 16, 1), np.float32)).shape
    (89,)
    """
    features = []
    for field in np.moveaxis(np.asarray(x, np.float64), -1, 0):
        for smoothing in _SMOOTHINGS:
            smooth = ndimage.gaussian_filter(field, smoothing, mode="wrap") if smoothing else field
            centred = smooth - smooth.mean()
            std = centred.std()
            normalized = centred / (std + 1e-9)
            features += [smooth.mean(), std, np.mean(normalized**3), np.mean(normalized**4)]
            features += [*np.quantile(smooth, _QUANTILES), smooth.min(), smooth.max()]
        features.append(np.mean(field <= field.min()))
        features += [*spectrum(field)]
    return np.asarray(features, dtype=np.float32)
