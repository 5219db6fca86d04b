"""What a person would measure on a slice of the 21-cm sky: its histogram and its power spectrum.

Of the slice as it is and, since noise hides the signal pixel by pixel, smoothed. A slice counts as
periodic; of a patch that does it little harm.
"""

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.baselines.features import spectrum

CHANNELS = {"brightness_temperature", "density", "neutral_fraction"}
"""Channels of the 21-cm sky."""

_QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_SMOOTHINGS = (0.0, 1.0, 2.0, 4.0)


def described(examples: Examples) -> Examples:
    """The examples with the features (N, F) of each slice in its place."""
    slices = tqdm(examples.x, desc="features of slices", unit="slice", disable=None)
    return examples._replace(x=np.stack([slice_features(x) for x in slices]))


def slice_features(x: np.ndarray) -> np.ndarray:
    """Features of one slice (H, W, C): of each channel, at several smoothings, mean, spread,
    skewness, kurtosis, quantiles and the part at the lowest value; and the logarithm of its power
    in 12 rings of wavenumber. Float32 of shape (F,).
    """
    features = []
    for field in np.moveaxis(np.asarray(x, np.float64), -1, 0):
        for smoothing in _SMOOTHINGS:
            smooth = ndimage.gaussian_filter(field, smoothing, mode="wrap") if smoothing else field
            centred = smooth - smooth.mean()
            spread = centred.std()
            told = centred / (spread + 1e-9)
            features += [smooth.mean(), spread, np.mean(told**3), np.mean(told**4)]
            features += [*np.quantile(smooth, _QUANTILES), smooth.min(), smooth.max()]
        features.append(np.mean(field <= field.min()))
        features += [*spectrum(field)]
    return np.asarray(features, dtype=np.float32)
