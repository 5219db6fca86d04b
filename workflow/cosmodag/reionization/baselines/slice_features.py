"""Summary statistics of slices of the 21-cm sky: their histogram and their power spectrum.

The histogram is computed for the slice and, since noise hides the signal in single pixels, for
smoothed versions of it. Slices are treated as periodic, which has little effect on patches.
"""

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.imaging.ring_spectra import ring_spectra

CHANNELS = {"brightness_temperature", "density", "neutral_fraction"}
"""Channels of slices of the 21-cm sky."""

_QUANTILES = np.array([0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
_SMOOTHINGS = (0.0, 1.0, 2.0, 4.0)
"""Standard deviations of the Gaussian filters in pixels."""
_ROUNDING = 1e-5
"""Means that are smaller, in standard deviations of a slice, are rounding errors of 0: they
must not serve as a feature of slices without their mean."""
_AT_ONCE = 64
"""Slices that are described at once, few enough for a processor's cache."""


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
    return examples._replace(x=features_of_slices(examples.x))


def features_of_slices(x: np.ndarray) -> np.ndarray:
    """Return the features of slices.

    The features of each channel are mean, standard deviation, skewness, kurtosis, quantiles,
    minimum and maximum for several smoothings; the fraction of pixels at the minimum; and the
    logarithm of the power in 24 rings of wavenumber.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, H, W, C), float32
        Slices.

    Returns
    -------
    numpy.ndarray, shape (N, F), float32
        Features.

    Examples
    --------
    >>> features_of_slices(np.zeros((3, 16, 16, 1), np.float32)).shape
    (3, 101)
    """
    starts = range(0, len(x), _AT_ONCE)
    parts = tqdm(starts, desc="features of slices", unit=f"{_AT_ONCE} slices", disable=None)
    return np.concatenate([_features(x[start : start + _AT_ONCE]) for start in parts])


def _features(x: np.ndarray) -> np.ndarray:
    """Return the features (N, F) of a few slices."""
    features: list[np.ndarray] = []
    for fields in np.moveaxis(np.asarray(x, np.float64), -1, 0):
        for smoothing in _SMOOTHINGS:
            smooth = fields
            if smoothing:
                smooth = ndimage.gaussian_filter(fields, (0, smoothing, smoothing), mode="wrap")
            features += _histogram(smooth.reshape(len(smooth), -1))
        lowest = fields.min((1, 2), keepdims=True)
        features.append((fields <= lowest).mean((1, 2)))
        features += [*ring_spectra(fields).T]
    return np.stack(features, axis=1).astype(np.float32)


def _histogram(pixels: np.ndarray) -> list[np.ndarray]:
    """Return moments, quantiles and extremes, (N,) each, of the pixels (N, P) of slices."""
    mean, std = pixels.mean(1), pixels.std(1)
    normalized = (pixels - mean[:, None]) / (std[:, None] + 1e-9)
    mean = np.where(np.abs(mean) < _ROUNDING * std, 0.0, mean)
    squares = normalized * normalized
    skewness, kurtosis = (squares * normalized).mean(1), (squares * squares).mean(1)
    ranked = np.sort(pixels, axis=1)  # faster than a partition at each quantile
    below, fraction = np.divmod(_QUANTILES * (pixels.shape[1] - 1), 1)
    lower, upper = ranked[:, below.astype(int)], ranked[:, below.astype(int) + 1]
    quantiles = lower + fraction * (upper - lower)
    return [mean, std, skewness, kurtosis, *quantiles.T, ranked[:, 0], ranked[:, -1]]
