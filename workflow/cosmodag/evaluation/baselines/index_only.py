"""Baselines that see the position of an example and nothing of its content.

On splits by independent groups they must score nothing: whatever they earn on another split is
what a network could have earned by remembering places. They average the targets of the training
examples nearest in position, weighted by distance, see `neighbour_kernel`: in the same box, at the
same place of any box (boxes of independent seeds have nothing in common there; if this scores,
seeds are shared), or on the sky.
"""

import numpy as np

from cosmodag.cutouts.known_pixels import known_pixels
from cosmodag.evaluation.baselines import neighbour_kernel
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.positions import Units, geometric_spaces, pixel_units

_REMEMBERED, _JUDGED = 400_000, 40_000
"""Pixels of training maps that are remembered, and of validation maps that are judged."""


def index_only_numbers(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Predict the mean target of the training examples nearest in position, for numbers (N,)."""
    predicted = index_only_columns(
        *(each._replace(y=np.asarray(each.y)[:, np.newaxis]) for each in (train, valid, test))
    )
    valid_mean, test_mean = (each[:, 0].astype(np.float32) for each in predicted)
    return Predictions(valid_mean, test_mean, spread=float(np.std(valid.y - valid_mean)))


def index_only_columns(
    train: Examples, valid: Examples, test: Examples
) -> tuple[np.ndarray, np.ndarray]:
    """Predict several numbers of each example, (N, K) float64, of validation and test."""
    units = [Units.examples(each.index) for each in (train, valid, test)]
    fitted = neighbour_kernel.fit(
        geometric_spaces(train.index), units[0], train.y, units[1], valid.y
    )
    return fitted.predict(units[1]), fitted.predict(units[2])


def index_only_maps(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Predict the mean mask of the training pixels nearest in position, for maps (N, *map).

    A pixel's position is the centre of its sight line in the box, so overlapping sub-boxes give
    each other away whatever their offset. Where examples lie in no box, all pixels of a map are
    predicted alike.
    """
    if "lower_x" not in train.index:
        axes = tuple(range(1, train.y.ndim))
        means = [each._replace(y=np.nanmean(each.y, axes)) for each in (train, valid, test)]
        predicted = index_only_numbers(*means, seed=seed)
        return Predictions(
            *(
                np.broadcast_to(np.expand_dims(mean, axes), each.y.shape).astype(np.float32)
                for mean, each in zip(predicted, (valid, test))
            )
        )
    random = np.random.default_rng(seed)
    kept, judged = (
        _draw_known(random, each.y, most) for each, most in ((train, _REMEMBERED), (valid, _JUDGED))
    )
    fitted = neighbour_kernel.fit(
        geometric_spaces(train.index),
        pixel_units(train.index, train.y.shape[1:], kept),
        train.y.ravel()[kept, np.newaxis],
        pixel_units(valid.index, valid.y.shape[1:], judged),
        valid.y.ravel()[judged, np.newaxis],
    )
    return Predictions(*(_predict_maps(fitted, each) for each in (valid, test)))


def _draw_known(random: np.random.Generator, y: np.ndarray, most: int) -> np.ndarray:
    """Return the flat indices of known pixels of maps, at most so many."""
    drawn = random.permutation(y.size)
    return drawn[known_pixels(y.ravel()[drawn])][:most]


def _predict_maps(fitted: neighbour_kernel.Fitted, examples: Examples) -> np.ndarray:
    """Return the prediction of each pixel, (N, *map) float32."""
    predicted = np.empty(examples.y.size, np.float32)
    for start in range(0, examples.y.size, _REMEMBERED):
        pixels = np.arange(start, min(start + _REMEMBERED, examples.y.size))
        units = pixel_units(examples.index, examples.y.shape[1:], pixels)
        predicted[pixels] = fitted.predict(units)[:, 0]
    return predicted.reshape(examples.y.shape)
