"""Simple classifiers of two classes by what a catalogue says of an object.

They see measured numbers alone: never names, bricks, places on the sky or in the image.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.index_only import index_only_numbers

MEASURED = (
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
"""Beginnings of the columns that are measured on an object."""

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
# Trees tried against each other on validation: (leaves, least examples a leaf, learning rate).
_TREES = ((4, 40, 0.1), (8, 40, 0.05), (15, 30, 0.05))


def described(examples: Examples) -> Examples:
    """The examples with what was measured on each, (N, F), in the place of its stamp.

    Raises
    ------
    InputError
        If the index holds nothing measured.
    """
    names = sorted(name for name in examples.index if name.startswith(MEASURED))
    if not names:
        raise InputError(
            f"dataset: no column among {', '.join(MEASURED)}…, by which simple methods could judge"
        )
    features = examples.index[names].to_numpy(np.float64)
    return examples._replace(x=np.concatenate([features, _derived(examples.index)], axis=1))


def rate(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """The training split's share of class 1: chance level."""
    value = np.float32(train.y.mean())
    return Predictions(*(np.full(len(each.y), value, np.float32) for each in (valid, test)))


def logistic(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Logistic regression on measurements made normal, its penalty chosen on validation."""
    models = (
        make_pipeline(
            QuantileTransformer(
                n_quantiles=min(200, len(train.y)), output_distribution="normal", random_state=seed
            ),
            LogisticRegression(C=penalty, max_iter=500),
        )
        for penalty in _PENALTIES
    )
    return _best(models, train, valid, test)


def trees(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Gradient-boosted trees on measurements, grown until validation stops improving."""
    models = (
        HistGradientBoostingClassifier(
            max_iter=400,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=least,
            early_stopping=True,
            n_iter_no_change=25,
            random_state=seed,
        )
        for leaves, least, rate in _TREES
    )
    return _best(models, train, valid, test)


def place_only(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Mean class of the training examples nearest on the sky: must score nothing."""

    def placed(examples: Examples) -> Examples:
        index = pd.DataFrame(index=examples.index.index)
        for number, axis in enumerate("xyz"):
            column = ("ra", "dec")[number] if number < 2 else None
            value = examples.index[column] * 3600 if column in examples.index else 0.0
            index[f"lower_{axis}"] = index[f"upper_{axis}"] = value
        return examples._replace(index=index)

    found = index_only_numbers(*map(placed, (train, valid, test)), seed=seed)
    return Predictions(found.valid, found.test)


BASELINES: dict[str, Callable[..., Predictions]] = {
    "rate": rate,
    "logistic": logistic,
    "catalogue_trees": trees,
    "index_only": place_only,
}


def _derived(index: pd.DataFrame) -> np.ndarray:
    """Colours and offsets that follow from the columns, (N, K)."""
    found = []
    if {"g", "r", "z"} <= set(index.columns):
        found += [index["g"] - index["r"], index["r"] - index["z"]]
    if {"centroid_x", "centroid_y"} <= set(index.columns):
        found.append(np.hypot(index["centroid_x"], index["centroid_y"]))
    return np.column_stack(found) if found else np.empty((len(index), 0))


def _best(models, train: Examples, valid: Examples, test: Examples) -> Predictions:
    """Predictions of the model of least cross entropy on validation."""
    least, best, best_valid = np.inf, None, None
    for model in models:
        watched = {}
        if isinstance(model, HistGradientBoostingClassifier):
            watched = {"X_val": valid.x, "y_val": valid.y}
        model.fit(train.x, train.y, **watched)
        predicted = np.clip(model.predict_proba(valid.x)[:, 1], 1e-6, 1 - 1e-6)
        entropy = -np.mean(np.log(np.where(valid.y > 0, predicted, 1 - predicted)))
        if entropy < least:
            least, best, best_valid = entropy, model, predicted
    return Predictions(
        best_valid.astype(np.float32), best.predict_proba(test.x)[:, 1].astype(np.float32)
    )
