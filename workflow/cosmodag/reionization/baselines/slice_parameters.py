"""Redshift and escape fraction of both slices of a pair, by their statistics."""

import numpy as np
import pandas as pd

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.ordered_classes import discriminant, perceptron, with_features
from cosmodag.reionization.baselines.slice_features import features_of_slices

_PARAMETERS = ("redshift_class", "escape_fraction_class")
"""Columns of the index that are classified."""


def same_parameters(
    train: Examples, valid: Examples, test: Examples, *, seed: int
) -> list[Predictions]:
    """Return vectors whose product is the probability that two slices have the same parameters.

    Redshift and escape fraction of each slice are classified by its statistics.

    Parameters
    ----------
    train, valid, test : Examples
        Pairs of slices as channels of `x`.
    seed : int
        Seed of the classifiers.

    Returns
    -------
    list of Predictions
        Embeddings of the validation and the test split, shape (N, 2 D), float32, by a linear
        discriminant and by perceptrons; an empty list for parameters without classes.
    """
    names = [name for name in _PARAMETERS if name in train.index]
    splits, half = (train, valid, test), train.x.shape[-1] // 2
    index = pd.concat([each.index[names] for each in splits])
    codes = index.groupby(names).ngroup().to_numpy() if names else np.zeros(len(index), int)
    numbers = np.arange(codes.max() + 1)
    if len(numbers) < 2:
        return []
    classes = np.split(codes, np.cumsum([len(each.x) for each in splits])[:-1])
    sides = []
    for part in (slice(half), slice(half, None)):
        described = [
            with_features(each._replace(y=y), features_of_slices(each.x[..., part]))
            for each, y in zip(splits, classes, strict=True)
        ]
        sides.append(
            [fit(*described, values=numbers, seed=seed) for fit in (discriminant, perceptron)]
        )
    return [
        Predictions(
            np.concatenate([first.valid, second.valid], 1),
            np.concatenate([first.test, second.test], 1),
        )
        for first, second in zip(*sides, strict=True)
    ]
