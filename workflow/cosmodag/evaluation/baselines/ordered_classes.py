"""Baselines that classify into classes that stand for values, such as the redshifts of a grid.

Each takes a `ClassSplit`, with features and pixels of the images, and returns a distribution over
the classes, (N, K), for the validation and the test split. Settings are
chosen on the validation split, where the distributions are calibrated by a temperature as those of
a network are. scikit-learn is imported by what fits, since it takes seconds and evaluations only
read predictions.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from cosmodag.evaluation.baselines import neighbour_kernel, perceptrons
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.positions import Units, geometric_spaces
from cosmodag.training.calibration import fit_class_temperature

_RIDGE_PENALTIES = 10.0 ** np.arange(-2, 6)
_NEIGHBOURS = (1, 3, 10, 30, 100)
_COMPONENTS = (10, 50)
# Trees tried against each other on validation: (leaves, least examples a leaf, learning rate).
_TREES = ((8, 20, 0.1), (15, 20, 0.05))
# Weight of the training split's class frequencies in every distribution: none is impossible.
_DOUBT = 1e-3


Fit = Callable[..., Sequence[np.ndarray]]


class ClassSplit(NamedTuple):
    """One split: features (N, F), pixels (N, P), positions (N, 4), simulations and classes (N,)."""

    features: np.ndarray
    pixels: np.ndarray
    place: np.ndarray
    universe: np.ndarray
    y: np.ndarray


def with_features(
    examples: Examples, features: np.ndarray, column: int | None = None
) -> ClassSplit:
    """Return a split with its features, for the classes of one column of its y, or of y itself."""
    index = examples.index
    names = ["axis", *(("lower_x", "lower_y", "lower_z") if "lower_x" in index else ("slice",))]
    universe = next(name for name in ("box", "seed", "group") if name in index)
    y = examples.y if column is None else examples.y[:, column]
    pixels = examples.x.reshape(len(examples.x), -1)
    return ClassSplit(
        features,
        pixels,
        # Images of no simulation have no place.
        index.reindex(columns=names, fill_value=0).to_numpy(np.float64),
        index[universe].astype(str).to_numpy(),
        y.astype(int),
    )


def distribution(fit: Fit) -> Callable[..., Predictions]:
    """Return a baseline made from a function that returns distributions for both splits."""

    @functools.wraps(fit)
    def baseline(
        train: ClassSplit, valid: ClassSplit, test: ClassSplit, *, values, seed: int
    ) -> Predictions:
        found = fit(train, valid, test, np.asarray(values), seed)
        return calibrated(found, train, valid, len(values))

    return baseline


@distribution
def shares(train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int):
    """Predict the class frequencies of the training split, the chance level."""
    return [np.tile(_shares(train.y, len(values)), (len(each.y), 1)) for each in (valid, test)]


@distribution
def discriminant(
    train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int
):
    """Predict by linear discriminant analysis with shrunk covariance (Ledoit & Wolf 2004)."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    )
    model.fit(train.features, train.y)
    return [_spread_out(model, each.features, len(values)) for each in (valid, test)]


@distribution
def ridge(train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int):
    """Predict by linear regression of the value, with the normal error of the validation split."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    best_error, best = np.inf, None
    for penalty in _RIDGE_PENALTIES:
        model = make_pipeline(StandardScaler(), Ridge(penalty))
        model.fit(train.features, values[train.y])
        error = np.sqrt(np.mean((model.predict(valid.features) - values[valid.y]) ** 2))
        if error < best_error:
            best_error, best = error, model
    edges = np.r_[-np.inf, (values[1:] + values[:-1]) / 2, np.inf]
    return [
        np.diff(special.ndtr((edges - best.predict(each.features)[:, None]) / best_error), axis=1)
        for each in (valid, test)
    ]


@distribution
def trees(train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int):
    """Predict by gradient-boosted trees on the features, grown until validation stops improving."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = []
    for leaves, least, learning_rate in _TREES:
        model = HistGradientBoostingClassifier(
            max_iter=300,
            learning_rate=learning_rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=least,
            max_features=0.3,
            early_stopping=True,
            n_iter_no_change=15,
            random_state=seed,
        )
        # Trees cannot be judged by classes that the training split lacks.
        known = np.isin(valid.y, train.y)
        model.fit(train.features, train.y, X_val=valid.features[known], y_val=valid.y[known])
        fitted.append([_spread_out(model, s.features, len(values)) for s in (valid, test)])
    return _best(fitted, valid.y)


@distribution
def perceptron(
    train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int
):
    """Predict by an ensemble of perceptrons on the normalized features."""
    return perceptrons.class_probabilities(
        *(train.features, train.y),
        *(valid.features, valid.y),
        test.features,
        n_classes=len(values),
        seed=seed,
    )


@distribution
def neighbours(
    train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int
):
    """Predict by the nearest images in the principal components of their pixels."""
    from sklearn.decomposition import PCA

    fitted = []
    for components in _COMPONENTS:
        components = min(components, *train.pixels.shape)
        model = PCA(components, svd_solver="randomized", random_state=seed).fit(train.pixels)
        parts = [model.transform(each.pixels) for each in (train, valid, test)]
        fitted += _nearest(train.y, len(values), *parts)
    return _best(fitted, valid.y)


@distribution
def place_only(
    train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int
):
    """Predict by the training images nearest in position, in the same simulation or in any."""
    one_hot = np.eye(len(values))
    units = [_units(each) for each in (train, valid, test)]
    spaces = geometric_spaces(units[0].index)
    fitted = neighbour_kernel.fit(spaces, units[0], one_hot[train.y], units[1], one_hot[valid.y])
    found = [np.maximum(fitted.predict(each), 0) for each in units[1:]]
    return [each / each.sum(1, keepdims=True) for each in found]


@distribution
def seed_only(
    train: ClassSplit, valid: ClassSplit, test: ClassSplit, values: np.ndarray, seed: int
):
    """Predict the class frequencies of the training images of the same simulation."""
    classes = len(values)
    overall = _shares(train.y, classes)
    known = {
        name: _shares(train.y[train.universe == name], classes) for name in set(train.universe)
    }
    return [
        np.stack([known.get(name, overall) for name in each.universe]) for each in (valid, test)
    ]


BASELINES: dict[str, Callable[..., Predictions]] = {
    "shares": shares,
    "discriminant": discriminant,
    "slice_ridge": ridge,
    "slice_trees": trees,
    "neighbours": neighbours,
    "index_only": place_only,
    "seed_only": seed_only,
}


def calibrated(
    found: Sequence[np.ndarray], train: ClassSplit, valid: ClassSplit, classes: int
) -> Predictions:
    """Return distributions without zeros, calibrated by a temperature on the validation split."""
    doubt = _DOUBT * _shares(train.y, classes)
    logits = [np.log((1 - _DOUBT) * each + doubt) for each in found]
    temperature = fit_class_temperature(logits[0], valid.y)
    return Predictions(
        *(special.softmax(each / temperature, 1).astype(np.float32) for each in logits)
    )


def _units(split: ClassSplit) -> Units:
    """Return the line of sight and position of each image in its simulation."""
    index = pd.DataFrame({"box": split.universe, "axis": split.place[:, 0].astype(int)})
    for number, letter in enumerate("xyz", start=1):
        value = split.place[:, number] if number < split.place.shape[1] else 0.0
        index[f"lower_{letter}"] = index[f"upper_{letter}"] = value
    return Units.examples(index)


def _shares(y: np.ndarray, classes: int) -> np.ndarray:
    """Return the frequency of each class, none of them 0."""
    count = np.bincount(y, minlength=classes) + 1e-3
    return count / count.sum()


def _spread_out(model, features: np.ndarray, classes: int) -> np.ndarray:
    """Return the probabilities of all classes of a model that may lack some."""
    found = np.zeros((len(features), classes))
    found[:, model.classes_] = model.predict_proba(features)
    return found


def _nearest(
    y: np.ndarray, classes: int, train: np.ndarray, valid: np.ndarray, test: np.ndarray
) -> list[list[np.ndarray]]:
    """Return class frequencies among neighbours of both splits, for each number of neighbours.

    The last entry takes all of the training split.
    """
    from sklearn.neighbors import NearestNeighbors

    overall = _shares(y, classes)
    most = min(max(_NEIGHBOURS), len(y))
    search = NearestNeighbors(n_neighbors=most).fit(train)
    near = [y[search.kneighbors(each, return_distance=False)] for each in (valid, test)]
    one_hot = np.eye(classes)
    fitted = [
        [(one_hot[each[:, :k]].sum(1) + overall) / (k + 1) for each in near]
        for k in _NEIGHBOURS
        if k <= most
    ]
    return [*fitted, [np.tile(overall, (len(each), 1)) for each in near]]


def _best(fitted: Sequence[Sequence[np.ndarray]], y: np.ndarray) -> Sequence[np.ndarray]:
    """Return the distributions of least cross entropy on the validation split."""

    def entropy(pair: Sequence[np.ndarray]) -> float:
        right = np.take_along_axis(pair[0], y[:, None], 1)
        return -float(np.log((1 - _DOUBT) * right + _DOUBT / pair[0].shape[1]).mean())

    return min(fitted, key=entropy)
