"""Averages over independent boxes, with errors from the scatter between the boxes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class BoxAverage(NamedTuple):
    """A ratio of sums over boxes.

    Attributes
    ----------
    value : numpy.ndarray, shape (B,), float64
        The ratio; NaN where no box contributes.
    error : numpy.ndarray, shape (B,), float64
        Standard error; NaN where fewer than two boxes contribute.
    deviation : numpy.ndarray, shape (n, B), float64
        Contribution of each box to the error.
    """

    value: np.ndarray
    error: np.ndarray
    deviation: np.ndarray

    def mean(self, selected: np.ndarray) -> tuple[float, float]:
        """Return the mean of some of the ratios and its standard error.

        Parameters
        ----------
        selected : numpy.ndarray, shape (B,), bool
            Which ratios to average; their errors need not be independent.
        """
        if not selected.any():
            return np.nan, np.nan
        n_boxes = len(self.deviation)
        error = _standard_error(self.deviation[:, selected].mean(axis=1), n_boxes)
        return float(self.value[selected].mean()), float(error)


def average_over_boxes(numerators: ArrayLike, denominators: ArrayLike) -> BoxAverage:
    """Return the ratio of two sums over boxes, with the linearised error of such a ratio.

    Parameters
    ----------
    numerators, denominators : array-like, shape (n, B)
        What each of n independent boxes adds to the sums. Where the denominator of a box is 0, it
        does not contribute.

    Returns
    -------
    BoxAverage

    Examples
    --------
    >>> average = average_over_boxes([[4.0], [6.0]], [[2.0], [2.0]])
    >>> average.value.tolist(), average.error.round(12).tolist()
    ([2.5], [0.5])
    """
    numerators = np.asarray(numerators, dtype=np.float64)
    denominators = np.asarray(denominators, dtype=np.float64)
    total = denominators.sum(axis=0)
    known = np.where(total > 0, total, np.nan)
    value = numerators.sum(axis=0) / known
    deviation = (numerators - value * denominators) / known
    return BoxAverage(value, _standard_error(deviation, (denominators > 0).sum(axis=0)), deviation)


def _standard_error(deviation: np.ndarray, n_boxes: ArrayLike) -> np.ndarray:
    """Return the error of a sum over boxes, NaN for fewer than two of them."""
    n_boxes = np.asarray(n_boxes, dtype=np.float64)
    factor = np.where(n_boxes > 1, n_boxes / np.maximum(n_boxes - 1, 1), np.nan)
    return np.sqrt(factor * (deviation**2).sum(axis=0))
