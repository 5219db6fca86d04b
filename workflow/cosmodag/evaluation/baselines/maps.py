"""Baselines that predict probability maps, fitted on the training split, tuned on validation.

Each takes the training and validation examples and the test inputs and returns probabilities of
the mask for validation and test, so that one set of scores serves networks and baselines.
scikit-learn is imported by what fits, since it takes seconds and evaluations only read predictions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from cosmodag.cutouts.known_pixels import flat_pixels, known_pixels
from cosmodag.evaluation.baselines import features
from cosmodag.evaluation.baselines.examples import Examples, Predictions, subset
from cosmodag.evaluation.baselines.index_only import index_only_maps
from cosmodag.gridding.tidal_tensor import tidal_eigenvalues

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

_SMOOTHINGS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_EIGENVALUE_THRESHOLDS = (0.0, 0.1, 0.2, 0.4)
# Examples on which smoothings are fitted and compared: plenty for a curve of one variable.
_FEW = 200
# Examples whose pixels are predicted at once.
_AT_ONCE = 32
# Trees tried against each other on validation: (leaves, least pixels a leaf, learning rate).
_TREES = ((15, 100, 0.1), (31, 200, 0.08), (63, 400, 0.06))


def all_void(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict the training split's base rate everywhere, the chance level of every score."""
    rate = np.float32(np.nanmean(train.y))
    return Predictions(*(np.full(each.y.shape, rate, np.float32) for each in (valid, test)))


def smoothed_density(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Predict by a threshold on the density smoothed by a Gaussian.

    The width is chosen on validation. The density becomes a probability by a step function that
    falls or rises throughout (isotonic regression on the training split), so a threshold on one is
    a threshold on the other: what is sought may lie in empty or in dense regions.
    """
    from sklearn.isotonic import IsotonicRegression

    train, judge = subset(train, _FEW, seed), subset(valid, _FEW, seed)
    best_loss, best = np.inf, None
    for smoothing in _SMOOTHINGS:
        curve = IsotonicRegression(increasing="auto", out_of_bounds="clip")
        truth, density = flat_pixels(train.y, _smoothed(train, smoothing))
        curve.fit(density, truth)
        truth, density = flat_pixels(judge.y, _smoothed(judge, smoothing))
        loss = _loss(truth, curve.predict(density))
        if loss < best_loss:
            best_loss, best = loss, (smoothing, curve)
    smoothing, curve = best
    return Predictions(
        *(
            curve.predict(_smoothed(each, smoothing).ravel()).reshape(each.y.shape).astype("f4")
            for each in (valid, test)
        )
    )


def tidal(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict by the number of collapsing axes of the density's tidal tensor on the map.

    Smoothing and eigenvalue threshold are chosen on validation; each class (void, sheet or
    filament, knot) predicts the fraction of its training pixels that lie inside the mask.
    """
    train, judge = subset(train, _FEW, seed), subset(valid, _FEW, seed)
    best_loss, best = np.inf, None
    for smoothing in _SMOOTHINGS[1:]:
        fitted, judged = (_eigenvalues(each, smoothing) for each in (train, judge))
        for threshold in _EIGENVALUE_THRESHOLDS:
            truth, classes = flat_pixels(train.y, (fitted > threshold).sum(-1))
            inside = np.bincount(classes, weights=truth, minlength=fitted.shape[-1] + 1)
            pixels = np.bincount(classes, minlength=fitted.shape[-1] + 1)
            rate = (inside + np.mean(truth)) / (pixels + 1)
            truth, classes = flat_pixels(judge.y, (judged > threshold).sum(-1))
            loss = _loss(truth, rate[classes])
            if loss < best_loss:
                best_loss, best = loss, (smoothing, threshold, rate)
    smoothing, threshold, rate = best
    return Predictions(
        *(
            rate[(_eigenvalues(each, smoothing) > threshold).sum(-1)].astype(np.float32)
            for each in (valid, test)
        )
    )


def trees(
    train: Examples,
    valid: Examples,
    test: Examples,
    *,
    seed: int = 0,
    max_pixels: int = 200_000,
    max_examples: int = 1000,
) -> Predictions:
    """Predict by gradient-boosted trees on density features of each pixel.

    In a survey the expected number of galaxies around the pixel is among the features.
    Trees grow until the validation loss stops falling; size and learning rate are chosen on
    validation among a few. `max_pixels` and `max_examples` bound the training set; the pixels are
    spread evenly over the examples.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs, truth = _pixels(train, max_pixels, max_examples, seed)
    inputs_valid, truth_valid = _pixels(valid, max_pixels // 3, max_examples // 3, seed)
    best_loss, best = np.inf, None
    for leaves, least, rate in _TREES:
        model = HistGradientBoostingClassifier(
            max_iter=500,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=least,
            l2_regularization=1.0,
            max_features=0.5,
            early_stopping=True,
            n_iter_no_change=15,
            random_state=seed,
        )
        model.fit(inputs, truth, X_val=inputs_valid, y_val=truth_valid)
        loss = _loss(truth_valid, model.predict_proba(inputs_valid)[:, 1])
        if loss < best_loss:
            best_loss, best = loss, model
    return Predictions(*(_predict_trees(best, each) for each in (valid, test)))


BASELINES: dict[str, Callable[..., Predictions]] = {
    "all_void": all_void,
    "smoothed_density": smoothed_density,
    "tidal": tidal,
    "trees": trees,
    "index_only": index_only_maps,
}


def _factor(examples: Examples) -> int:
    return examples.x.shape[1] // examples.y.shape[1]


def _coarse(examples: Examples) -> np.ndarray:
    factor = _factor(examples)
    return np.stack([features.blocks(x.mean(-1), factor).mean(-1) for x in examples.x])


def _smoothed(examples: Examples, smoothing: float) -> np.ndarray:
    field = _coarse(examples)
    width = (0,) + (smoothing,) * (field.ndim - 1)
    return ndimage.gaussian_filter(field, width, mode="reflect")


def _eigenvalues(examples: Examples, smoothing: float) -> np.ndarray:
    field = _coarse(examples)
    cell = (1.0,) * (field.ndim - 1)
    return np.stack([tidal_eigenvalues(each, cell, smoothing, periodic=False) for each in field])


def _pixels(
    examples: Examples, most: int, examples_most: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return features and truth of pixels drawn evenly from the examples."""
    examples = subset(examples, max(examples_most, 1), seed)
    factor, each = _factor(examples), max(1, most // len(examples.x))
    random = np.random.default_rng(seed)
    inputs, truth = [], []
    for number, mask in enumerate(examples.y):
        table = _features(examples, number, factor)
        rows = random.permutation(mask.size)
        rows = rows[known_pixels(mask.ravel()[rows])][:each]
        inputs.append(table.reshape(mask.size, -1)[rows])
        truth.append(mask.ravel()[rows])
    return np.concatenate(inputs), np.concatenate(truth)


def _features(examples: Examples, number: int, factor: int) -> np.ndarray:
    """Return the features of the pixels of one example, (*map, F) float32."""
    table = features.pixel_features(examples.x[number], factor)
    if examples.selection is None:
        return table
    coarse = features.blocks(examples.selection[number], factor).mean(-1)
    around = [ndimage.gaussian_filter(coarse, scale, mode="reflect") for scale in features.SCALES]
    return np.concatenate([table, np.stack([coarse, *around], axis=-1)], axis=-1)


def _predict_trees(model: HistGradientBoostingClassifier, examples: Examples) -> np.ndarray:
    factor = _factor(examples)
    predicted = np.empty(examples.y.shape, np.float32)
    for start in range(0, len(predicted), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        numbers = range(len(predicted))[rows]
        table = np.stack([_features(examples, number, factor) for number in numbers])
        flat = table.reshape(-1, table.shape[-1])
        predicted[rows] = model.predict_proba(flat)[:, 1].reshape(table.shape[:-1])
    return predicted


def _loss(truth: np.ndarray, probability: np.ndarray) -> float:
    from sklearn.metrics import log_loss

    return log_loss(truth.ravel(), probability.ravel(), labels=[False, True])
