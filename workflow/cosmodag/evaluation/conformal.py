"""Intervals of predicted numbers that hold the truth as often as they say, whatever the errors are.

A predicted standard deviation tells well which numbers are surer than others and badly how sure: a
few large errors widen all intervals. So errors on the validation split are counted in units of it,
and an interval reaches as many units to either side as hold the wanted part of them: split
conformal prediction (Papadopoulos et al. 2002, ECML, LNAI 2430, 345; Lei et al. 2018, JASA 113,
1094, section 5.2), which assumes of the errors only that validation and test are drawn alike.
Counts are no exception: their distribution, too, is only a model.
"""

from collections.abc import Mapping

import numpy as np
from scipy import stats

LEVELS = {"68": 0.6827, "95": 0.9545}
"""Parts that lie within one and two standard deviations of a normal distribution."""

Intervals = dict[str, tuple[np.ndarray, np.ndarray]]


def reaches(truth: np.ndarray, mean: np.ndarray, spread: np.ndarray | float) -> dict[str, float]:
    """How many standard deviations intervals of 68 and 95 % must reach, from validation examples.

    Of n errors the one of rank ⌈(n + 1) level⌉ is taken, so that a new one lies within it with at
    least the wanted probability. With fewer than 2 examples at 68 % or 21 at 95 % there is no such
    rank: the reach is then that of a normal distribution with the errors' root mean square, and no
    less than the largest error.

    Parameters
    ----------
    truth, mean : arrays of shape (N,)
        Of the validation split, same unit.
    spread : array of shape (N,) or float
        Predicted standard deviation.

    Returns
    -------
    dict from "68" and "95" to float
    """
    spread = np.maximum(spread, np.finfo(np.float32).tiny)
    errors = np.sort(np.abs(np.asarray(truth, np.float64) - mean) / spread)
    found = {}
    for name, level in LEVELS.items():
        rank = conformal_rank(len(errors), level)
        if rank <= len(errors):
            found[name] = float(errors[rank - 1])
        else:
            normal = stats.norm.ppf((1 + level) / 2) * np.sqrt(np.mean(errors**2))
            found[name] = float(max(normal, errors[-1]))
    return found


def conformal_rank(count: int, level: float) -> int:
    """Return the rank among so many values that a further one keeps to with that probability.

    Where it is above `count`, no value does.
    """
    return int(np.ceil((count + 1) * level))


def intervals(
    mean: np.ndarray, spread: np.ndarray | float, reach: Mapping[str, float]
) -> Intervals:
    """Intervals (low, high) of shape (N,) each that reach so many standard deviations."""
    return {name: (mean - far * spread, mean + far * spread) for name, far in reach.items()}
