"""Scores of predicted numbers (counts, volumes, parameters), with intervals over groups.

All follow from moments of truth and prediction and from the frequency of the truth in the predicted
intervals, see `conformal`, summed once per group.
"""

from collections.abc import Mapping

import numpy as np

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.conformal import LEVELS

# Lowest and highest possible value of the scores that have one.
LIMITS = {
    "r2": (-np.inf, 1),
    "rmse": (0, np.inf),
    "correlation": (-1, 1),
    "coverage_68": (0, 1),
    "coverage_95": (0, 1),
}


def count_sums(
    predicted: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
) -> tuple[np.ndarray]:
    """Return moments of each group, shape (G, 8), in sorted order.

    Parameters
    ----------
    predicted, truth : float arrays of shape (N,)
        Same unit.
    groups : array of shape (N,)
        Group of each example.
    intervals : mapping from "68" and "95" to (low, high), each of shape (N,), optional
        Predicted intervals.
    """
    truth, predicted = (np.asarray(each, dtype=np.float64) for each in (truth, predicted))
    # Moments about the mean of the truth, or cancellation would eat the digits of large volumes.
    centre = truth.mean()
    y, p = truth - centre, predicted - centre
    inside = np.full((len(LEVELS), len(y)), np.nan)
    for row, name in enumerate(LEVELS):
        if intervals is not None:
            low, high = intervals[name]
            inside[row] = (truth >= low) & (truth <= high)
    columns = np.stack([np.ones_like(y), y, p, y * y, p * p, y * p, *inside], axis=1)
    return (bootstrap.group_sums(groups, columns),)


def scores(totals: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of R sets of totals (R, 8), each of shape (R,); NaN where undefined.

    R² is 1 − residual variance / variance of the truth; `slope` is that of the regression of
    prediction on truth (1 unless predictions shrink to the mean); `bias` the mean of prediction
    minus truth.
    """
    n, y, p, yy, pp, yp, *inside = totals.T
    spread_y, spread_p = yy - y * y / n, pp - p * p / n
    covariance = yp - y * p / n
    residual = np.maximum(yy + pp - 2 * yp, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        varies = spread_y > 1e-12 * np.maximum(yy, 1e-300)
        moves = spread_p > 1e-12 * np.maximum(pp, 1e-300)
        correlation = np.where(moves, covariance / np.sqrt(spread_y * spread_p), 0.0)
        return {
            "r2": np.where(varies, 1 - residual / spread_y, np.nan),
            "rmse": np.sqrt(residual / n),
            "bias": (p - y) / n,
            "slope": np.where(varies, covariance / spread_y, np.nan),
            # A constant prediction knows nothing of the truth.
            "correlation": np.where(varies, correlation, np.nan),
            **{f"coverage_{name}": hits / n for name, hits in zip(LEVELS, inside)},
        }


def count_draws(
    predicted: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    *,
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> bootstrap.Draws:
    """Return all scores of one predictor with replicas over groups.

    Parameters are those of `count_sums`; coverages are undefined without `intervals`.
    """
    sums = count_sums(predicted, truth, groups, intervals)
    return bootstrap.draw(scores, sums, replicas=replicas, seed=seed)
