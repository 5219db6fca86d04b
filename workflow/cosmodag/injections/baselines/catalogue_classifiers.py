"""Baselines of the two-sample test: classifiers of objects by their catalogued measurements.

The classifiers use measurements only: no names, bricks, positions on the sky or in the image.
scikit-learn is imported by what fits, since it takes seconds and evaluations only read predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.index_only import index_only_numbers

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

MEASUREMENTS = (
    "flux_",
    "flux_ivar_",
    "core_flux_",
    "neighbour_flux_",
    "ivar_median_",
    "psfsize_",
    "size",
    "ellipticity",
    "centroid_",
    "bad_fraction",
)
"""Prefixes of the columns with measurements."""

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
# Candidates for gradient boosting: (leaves, minimum examples per leaf, learning rate).
_TREES = ((4, 40, 0.1), (8, 40, 0.05), (15, 30, 0.05))


def with_measurements(examples: Examples) -> Examples:
    """Replace the stamps of examples by their catalogued measurements.

    Parameters
    ----------
    examples : Examples
        N examples with an index of measurements.

    Returns
    -------
    Examples
        Examples whose `x` has shape (N, F), float64.

    Raises
    ------
    InputError
        If the index contains no measurement.
    """
    names = sorted(name for name in examples.index if name.startswith(MEASUREMENTS))
    if not names:
        raise InputError(
            f"dataset: no column of measurements ({', '.join(MEASUREMENTS)}…), which the baselines "
            "require"
        )
    features = examples.index[names].to_numpy(np.float64)
    derived = _derived_features(examples.index)
    return examples._replace(x=np.concatenate([features, derived], axis=1))


def rate(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict the frequency of class 1 in the training split, which is chance level.

    Parameters
    ----------
    train, valid, test : Examples
        Splits with classes 0 and 1.
    seed : int
        Unused.

    Returns
    -------
    Predictions
        Probabilities of class 1 for the validation and the test split.
    """
    value = np.float32(train.y.mean())
    return Predictions(
        np.full(len(valid.y), value, np.float32), np.full(len(test.y), value, np.float32)
    )


def logistic(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict by logistic regression on normalized measurements.

    Quantile transformation normalizes each measurement. The penalty is chosen on the validation
    split.

    Parameters
    ----------
    train, valid, test : Examples
        Splits, as returned by `with_measurements`.
    seed : int
        Seed of the quantile transformation.

    Returns
    -------
    Predictions
        Probabilities of class 1 for the validation and the test split.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    models = (
        make_pipeline(
            QuantileTransformer(
                n_quantiles=min(200, len(train.y)), output_distribution="normal", random_state=seed
            ),
            LogisticRegression(C=penalty, max_iter=500),
        )
        for penalty in _PENALTIES
    )
    return _best_predictions(models, train, valid, test)


def trees(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict by gradient-boosted trees on measurements, with early stopping on validation.

    Parameters
    ----------
    train, valid, test : Examples
        Splits, as returned by `with_measurements`.
    seed : int
        Seed of the boosting.

    Returns
    -------
    Predictions
        Probabilities of class 1 for the validation and the test split.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    models = (
        HistGradientBoostingClassifier(
            max_iter=400,
            learning_rate=learning_rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=least,
            early_stopping=True,
            n_iter_no_change=25,
            random_state=seed,
        )
        for leaves, least, learning_rate in _TREES
    )
    return _best_predictions(models, train, valid, test)


def position_only(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Predict the mean class of the nearest training examples on the sky; it must stay at chance.

    Parameters
    ----------
    train, valid, test : Examples
        Splits with ra and dec (degrees) in their index.
    seed : int
        Seed of the baseline.

    Returns
    -------
    Predictions
        Probabilities of class 1 for the validation and the test split.
    """
    predictions = index_only_numbers(train, valid, test, seed=seed)
    return Predictions(predictions.valid, predictions.test)


BASELINES: dict[str, Callable[..., Predictions]] = {
    "rate": rate,
    "logistic": logistic,
    "catalogue_trees": trees,
    "index_only": position_only,
}


def _derived_features(index: pd.DataFrame) -> np.ndarray:
    """Return colours and the distance of the centroid from the centre, (N, K)."""
    columns = []
    if {"g", "r", "z"} <= set(index.columns):
        columns += [index["g"] - index["r"], index["r"] - index["z"]]
    if {"centroid_x", "centroid_y"} <= set(index.columns):
        columns.append(np.hypot(index["centroid_x"], index["centroid_y"]))
    return np.column_stack(columns) if columns else np.empty((len(index), 0))


def _best_predictions(
    models: Iterable[ClassifierMixin], train: Examples, valid: Examples, test: Examples
) -> Predictions:
    """Return the predictions of the model with the least cross entropy on validation."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    candidates = []
    for model in models:
        options = {}
        if isinstance(model, HistGradientBoostingClassifier):
            options = {"X_val": valid.x, "y_val": valid.y}
        model.fit(train.x, train.y, **options)
        predicted = np.clip(model.predict_proba(valid.x)[:, 1], 1e-6, 1 - 1e-6)
        entropy = -np.mean(np.log(np.where(valid.y > 0, predicted, 1 - predicted)))
        candidates.append((entropy, model, predicted))
    _, best, best_valid = min(candidates, key=lambda candidate: candidate[0])
    best_test = best.predict_proba(test.x)[:, 1]
    return Predictions(best_valid.astype(np.float32), best_test.astype(np.float32))
