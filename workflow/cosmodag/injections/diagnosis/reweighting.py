"""Weights that give injected objects the catalogue distribution of the real ones.

All models are cross-fitted over groups: an object is predicted by a model that was fitted to the
objects of other groups [1]_.

References
----------
.. [1] Chernozhukov et al. 2018, Econometrics Journal 21, C1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

N_FOLDS = 5
MAX_WEIGHT = 20.0
"""Largest weight in units of the mean."""
PENALTY = 1.0
"""Inverse strength of the penalty of the logistic regression, and the strength of the ridge."""


def folds(
    label: np.ndarray, groups: np.ndarray, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows to fit and the rows to predict of each fold; groups are never split.

    Folds without both classes among the rows to fit are left out.

    Parameters
    ----------
    label : numpy.ndarray, shape (N,)
        0 for real, 1 for injected objects.
    groups : numpy.ndarray, shape (N,)
        Group of each object.
    seed : int
        Seed of the order of the groups.

    Yields
    ------
    fitted, predicted : numpy.ndarray, int64
    """
    names, group = np.unique(groups, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names)) % N_FOLDS
    for number in range(min(N_FOLDS, len(names))):
        predicted = fold[group] == number
        if len(np.unique(label[~predicted])) == 2:
            yield np.flatnonzero(~predicted), np.flatnonzero(predicted)


def density_ratio(
    population: np.ndarray, label: np.ndarray, groups: np.ndarray, *, seed: int = 0
) -> np.ndarray:
    """Return weights by which injected objects follow the distribution of real ones.

    The density ratio of the classes is the odds of a logistic regression on the quantities, their
    squares and products.

    Parameters
    ----------
    population : numpy.ndarray, shape (N, P)
        Quantities of the catalogue without NaN.
    label : numpy.ndarray, shape (N,)
        0 for real, 1 for injected objects.
    groups : numpy.ndarray, shape (N,)
        Group of each object.
    seed : int
        Seed of the folds.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        1 for real objects; for injected ones the weights, with a mean of 1.
    """
    from sklearn.linear_model import LogisticRegression

    log_odds = np.zeros(len(label))
    for fitted, predicted in folds(label, groups, seed):
        model = _quadratic(LogisticRegression(C=PENALTY, max_iter=300))
        model.fit(population[fitted], label[fitted] == 0)
        log_odds[predicted] = model.decision_function(population[predicted])
    injected = label == 1
    ratio = np.exp(np.clip(log_odds[injected], -20, 20))
    ratio = np.minimum(ratio / ratio.mean(), MAX_WEIGHT)
    weight = np.ones(len(label))
    weight[injected] = ratio / ratio.mean()
    return weight


def residuals(
    values: np.ndarray, population: np.ndarray, label: np.ndarray, groups: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Return quantities minus their expectation for real objects of the same catalogue entries.

    Parameters
    ----------
    values : numpy.ndarray, shape (N, Q)
        Quantities, which may be NaN.
    population, label, groups, seed
        As for `density_ratio`.

    Returns
    -------
    numpy.ndarray, shape (N, Q), float64
    """
    from sklearn.linear_model import Ridge

    expected = np.zeros(values.shape)
    for fitted, predicted in folds(label, groups, seed):
        real = fitted[label[fitted] == 0]
        known = pd.DataFrame(values[real])
        model = _quadratic(Ridge(alpha=PENALTY))
        model.fit(population[real], known.fillna(known.median()).fillna(0).to_numpy())
        expected[predicted] = model.predict(population[predicted]).reshape(len(predicted), -1)
    return values - expected


def _quadratic(model: BaseEstimator) -> BaseEstimator:
    """Return a model of standardized quantities, their squares and products."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    return make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), model)
