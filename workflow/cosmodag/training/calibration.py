"""Temperature scaling of probabilities (Guo et al. 2017, arXiv:1706.04599)."""

from collections.abc import Callable

import numpy as np
from scipy import optimize, special


def fit_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Return the temperature T that minimizes the cross entropy of sigmoid(logits / T).

    Dividing all logits by one number does not change the ranking of cells. It corrects
    probabilities that are too confident or too cautious.

    Parameters
    ----------
    logits : numpy.ndarray, any shape
        Logits of the validation split.
    y : numpy.ndarray, shape of `logits`
        Truth: 0 or 1, or fractions between.

    Returns
    -------
    float
        Temperature between 0.05 and 20.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599.

    Examples
    --------
    >>> logits = np.linspace(-4, 4, 101)
    >>> round(fit_temperature(2 * logits, 1 / (1 + np.exp(-logits))), 3)
    2.0
    """
    logits = np.asarray(logits, dtype=np.float64).ravel()
    y = np.asarray(y, dtype=np.float64).ravel()

    def slope(inverse: float) -> float:
        return float(np.mean(logits * (special.expit(inverse * logits) - y)))

    return _temperature(slope)


def fit_class_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Return the temperature T that minimizes the cross entropy of softmax(logits / T).

    Parameters
    ----------
    logits : numpy.ndarray, shape (N, K)
        Logits of the validation split.
    y : numpy.ndarray, shape (N,), int
        Class of each example.

    Returns
    -------
    float
        Temperature between 0.05 and 20.

    References
    ----------
    Guo et al. 2017, arXiv:1706.04599.
    """
    logits = np.asarray(logits, dtype=np.float64)
    true_logit = np.take_along_axis(logits, np.asarray(y)[:, None], 1).mean()

    def slope(inverse: float) -> float:
        return float((special.softmax(inverse * logits, 1) * logits).sum(1).mean() - true_logit)

    return _temperature(slope)


def _temperature(slope: Callable[[float], float]) -> float:
    """Find the root of the cross entropy's slope in 1/T, in which it is convex."""
    low, high = 1 / 20, 1 / 0.05
    if slope(low) >= 0:
        return 1 / low
    if slope(high) <= 0:
        return 1 / high
    return 1 / optimize.brentq(slope, low, high, xtol=1e-6)
