"""Baselines that predict numbers, fitted on the training split, tuned on the validation split.

Each takes examples with features in the place of images, and returns predictions for the validation
and the test split. Their spread is the scatter of the errors on the validation split. scikit-learn
is imported by what fits, since it takes seconds and evaluations only read predictions.
"""

from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.features import example_features
from cosmodag.evaluation.baselines.index_only import index_only_numbers

_RIDGE_PENALTIES = 10.0 ** np.arange(-2, 6)
# Trees tried against each other on validation: (leaves, least examples a leaf, learning rate).
_TREES = ((4, 20, 0.1), (8, 20, 0.05), (15, 10, 0.05), (31, 40, 0.05))


def with_density_features(examples: Examples) -> Examples:
    """Return the examples with the density features (N, F) of each map in its place."""
    maps = tqdm(examples.x, desc="density features", unit="example", disable=None)
    return examples._replace(x=np.stack([example_features(x) for x in maps]))


def mean(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict the mean of the training split, the chance level of every score."""
    value = np.float32(train.y.mean())
    predicted = (np.full(each.y.shape, value, np.float32) for each in (valid, test))
    return Predictions(*predicted, spread=float(train.y.std()))


def ridge(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict by linear regression on features, its penalty chosen on the validation split."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    models = (make_pipeline(StandardScaler(), Ridge(penalty)) for penalty in _RIDGE_PENALTIES)
    return _best(models, train, valid, test)


def trees(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict by gradient-boosted trees on features, with early stopping on validation."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    models = (
        HistGradientBoostingRegressor(
            max_iter=600,
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


BASELINES: dict[str, Callable[..., Predictions]] = {
    "mean": mean,
    "ridge": ridge,
    "trees": trees,
    "index_only": index_only_numbers,
}


def _best(models, train: Examples, valid: Examples, test: Examples) -> Predictions:
    """Return the predictions of the model of least squared error on validation."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    best_error, best, best_valid = np.inf, None, None
    for model in models:
        watched = {}
        if isinstance(model, HistGradientBoostingRegressor):
            watched = {"X_val": valid.x, "y_val": valid.y}
        model.fit(train.x, train.y, **watched)
        predicted = model.predict(valid.x)
        error = np.mean((predicted - valid.y) ** 2)
        if error < best_error:
            best_error, best, best_valid = error, model, predicted
    return Predictions(
        best_valid.astype(np.float32),
        best.predict(test.x).astype(np.float32),
        spread=float(np.sqrt(best_error)),
    )
