"""Intervals of fractions and errors in bins, over independent groups or, for one group, binomial.

Most bins have an interval from a bootstrap over groups, see `cosmodag.evaluation.bootstrap`. It
fails where hardly any trial succeeds, or hardly any fails, and where few groups contribute. There
it is extended to the binomial interval of Wilson [1]_, which is the interval for one group.

References
----------
.. [1] Wilson 1927, J. Am. Stat. Assoc. 22, 209.
"""

import numpy as np
from scipy.special import ndtri

from cosmodag.evaluation.bootstrap import LEVEL, Interval, bounds

FEW = 10
"""Successes, failures or groups below which a bootstrap over groups is not trusted by itself."""
REPLICAS = 500
"""Replicas of histograms, which take longer than those of fractions."""


def wilson(n_successes: float, n_trials: float, level: float = LEVEL) -> Interval:
    """Return a fraction with its binomial interval.

    Parameters
    ----------
    n_successes, n_trials : float
        Numbers; the trials are above 0.
    level : float
        Probability inside the interval.

    Returns
    -------
    dict
        `value`, `low` and `high`.

    Examples
    --------
    >>> {key: round(value, 3) for key, value in wilson(10, 10).items()}
    {'value': 1.0, 'low': 0.722, 'high': 1.0}
    """
    z = float(ndtri((1 + level) / 2))
    value = n_successes / n_trials
    scale = 1 + z**2 / n_trials
    centre = (value + z**2 / (2 * n_trials)) / scale
    half = z * np.sqrt(value * (1 - value) / n_trials + (z / (2 * n_trials)) ** 2) / scale
    return {
        "value": float(value),
        "low": float(np.clip(centre - half, 0, value)),
        "high": float(np.clip(centre + half, value, 1)),
    }


def fraction_interval(
    n_successes: float, n_trials: float, replicas: np.ndarray, n_groups: int
) -> Interval:
    """Return a fraction with its interval.

    Parameters
    ----------
    n_successes, n_trials : float
        Numbers in all groups; the trials are above 0.
    replicas : numpy.ndarray, shape (R,)
        The fraction in replicas of the groups.
    n_groups : int
        Number of groups that contribute.

    Returns
    -------
    dict
        `value`, `low` and `high`.
    """
    binomial = wilson(n_successes, n_trials)
    if n_groups < 2:
        return binomial
    found = bounds(n_successes / n_trials, replicas, n_groups, limits=(0, 1))
    if min(n_successes, n_trials - n_successes, n_groups) >= FEW and found["low"] is not None:
        return found
    lows, highs = ([each[end] for each in (binomial, found)] for end in ("low", "high"))
    return {
        "value": binomial["value"],
        "low": min(low for low in lows if low is not None),
        "high": max(high for high in highs if high is not None),
    }


def resampled(histogram: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return replicas of a histogram of independent items.

    Parameters
    ----------
    histogram : numpy.ndarray, shape (H,)
        Numbers of items, at least one.
    seed : int
        Seed of the draws.

    Returns
    -------
    numpy.ndarray, shape (R, H), int64
    """
    total = int(histogram.sum())
    return np.random.default_rng(seed).multinomial(total, histogram / total, size=REPLICAS)
