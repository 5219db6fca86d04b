"""Calibrated probabilities by temperature (Guo et al. 2017, arXiv:1706.04599)."""

from collections.abc import Callable

import numpy as np
from scipy import optimize, special


def fit_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Return the temperature T for which sigmoid(logits / T) has the least cross entropy.

    Dividing all logits by one number changes no ranking of cells: it makes probabilities neither
    too sure nor too cautious.

    Parameters
    ----------
    logits : array
        Logits of the validation split.
    y : array of the same size
        Truth: 0 or 1, or fractions between.

    Returns
    -------
    float
        Between 0.05 and 20.
    """
    logits = np.asarray(logits, dtype=np.float64).ravel()
    y = np.asarray(y, dtype=np.float64).ravel()

    def slope(inverse: float) -> float:
        return float(np.mean(logits * (special.expit(inverse * logits) - y)))

    return _temperature(slope)


def fit_class_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Return the temperature T for which softmax(logits / T) has the least cross entropy.

    Parameters
    ----------
    logits : array of shape (N, K)
        Logits of the validation split.
    y : integer array of shape (N,)
        The class of each example.

    Returns
    -------
    float
        Between 0.05 and 20.
    """
    logits = np.asarray(logits, dtype=np.float64)
    right = np.take_along_axis(logits, np.asarray(y)[:, None], 1).mean()

    def slope(inverse: float) -> float:
        return float((special.softmax(inverse * logits, 1) * logits).sum(1).mean() - right)

    return _temperature(slope)


def _temperature(slope: Callable[[float], float]) -> float:
    """Zero of the slope of the cross entropy with 1/T; convex in it, it has one at most."""
    low, high = 1 / 20, 1 / 0.05
    if slope(low) >= 0:
        return 1 / low
    if slope(high) <= 0:
        return 1 / high
    return 1 / optimize.brentq(slope, low, high, xtol=1e-6)
