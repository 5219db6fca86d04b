"""Calibrated intervals of predicted numbers, for any distribution of the errors.

Predicted standard deviations rank errors well but scale them badly: a few large errors widen all
intervals. So errors on the validation split are measured in units of them, and the half-width of an
interval is the quantile of these scaled errors at the wanted level: split conformal prediction
(Papadopoulos et al. 2002, ECML, LNAI 2430, 345; Lei et al. 2018, JASA 113, 1094, section 5.2),
which assumes only that validation and test errors are exchangeable. Counts are treated alike, since
their distribution is a model too.
"""

from collections.abc import Mapping

import numpy as np
from scipy import special

LEVELS = {"68": 0.6827, "95": 0.9545}
"""Probabilities within one and two standard deviations of a normal distribution."""

Intervals = dict[str, tuple[np.ndarray, np.ndarray]]


def reaches(truth: np.ndarray, mean: np.ndarray, spread: np.ndarray | float) -> dict[str, float]:
    """Return the half-widths of 68 and 95 % intervals in predicted standard deviations.

    Of n scaled errors the one of rank ⌈(n + 1) level⌉ is taken, so that a new error is smaller with
    at least the wanted probability. With fewer than 2 examples at 68 % or 21 at 95 % there is no
    such rank: the half-width is then that of a normal distribution with the errors' root mean
    square, and no less than the largest error.

    Parameters
    ----------
    truth, mean : numpy.ndarray, shape (N,)
        True and predicted values of the validation split, in the same unit.
    spread : numpy.ndarray, shape (N,), or float
        Predicted standard deviation.

    Returns
    -------
    dict from "68" and "95" to float
    """
    spread = np.maximum(spread, np.finfo(np.float32).tiny)
    errors = np.sort(np.abs(np.asarray(truth, np.float64) - mean) / spread)
    half_widths = {}
    for name, level in LEVELS.items():
        rank = conformal_rank(len(errors), level)
        if rank <= len(errors):
            half_widths[name] = float(errors[rank - 1])
        else:
            normal = special.ndtri((1 + level) / 2) * np.sqrt(np.mean(errors**2))
            half_widths[name] = float(max(normal, errors[-1]))
    return half_widths


def conformal_rank(count: int, level: float) -> int:
    """Return the rank of the value that a further one stays below with probability `level`.

    A rank above `count` means that no value suffices.
    """
    return int(np.ceil((count + 1) * level))


def intervals(
    mean: np.ndarray, spread: np.ndarray | float, reach: Mapping[str, float]
) -> Intervals:
    """Return intervals (low, high) of shape (N,), with half-widths in units of `spread`."""
    return {name: (mean - far * spread, mean + far * spread) for name, far in reach.items()}
