"""Baseline: boosted trees on voids of finders and reconstructed matter in the whole box.

The features of a pixel, or of a voxel of cubes, are means along its line of sight of masks of voids
among the galaxies and in the reconstructed matter, of that matter averaged in spheres, and of the
lowest such averages within a radius. Training boxes enter with reconstructions that have not seen
them, see `reconstruction`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from cosmodag.evaluation.baselines.examples import Predictions
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.stack_features import box_fields
from cosmodag.voids.baselines.sub_box_maps import map_mesh
from cosmodag.voids.baselines.whole_boxes import open_whole_boxes

NAME = "stack"
PIXELS = 200_000
"""Pixels of the training split that the trees are fitted to."""
PIXELS_AT_ONCE = 500_000
"""Pixels whose features are made at once."""
LEAVES, LEARNING_RATE = 15, 0.1
"""Leaves of a tree, and the weight of each tree."""


class Chunk(NamedTuple):
    """Rows of examples and the features of their pixels, (pixels, F) float32."""

    rows: np.ndarray
    features: np.ndarray


def fit(
    examples: BoxExamples, searches: BoxSearches, *, seed: int = 0, max_pixels: int = PIXELS
) -> Predictions:
    """Predict masks by boosted trees on features of the whole boxes.

    Trees grow until the validation loss stops falling.

    Parameters
    ----------
    examples : BoxExamples
        Maps or cubes.
    searches : BoxSearches
        Those of the label of the examples.
    seed : int
        Seed of subsamples and trees.
    max_pixels : int
        Pixels of the training split to fit to; a third of these judges the trees.

    Raises
    ------
    InputError
        The matter cannot be reconstructed.
    """
    searches.reconstruction.check()
    features, truth = _sample(examples, searches, "train", max_pixels, seed)
    judged, judged_truth = _sample(examples, searches, "valid", max_pixels // 3, seed)
    trees = HistGradientBoostingClassifier(
        max_iter=500,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=200,
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=True,
        n_iter_no_change=15,
        random_state=seed,
    )
    trees.fit(features, truth, X_val=judged, y_val=judged_truth)
    valid, test = (_predict(trees, examples, searches, split) for split in ("valid", "test"))
    return Predictions(valid, test)


def _chunks(examples: BoxExamples, searches: BoxSearches, split: str) -> Iterator[Chunk]:
    """Yield the features of all pixels of a split, of some examples of one box at a time."""
    index, shape = examples.splits[split].index, examples.splits[split].y.shape[1:]
    at_once = max(1, PIXELS_AT_ONCE // int(np.prod(shape)))
    for box in open_whole_boxes(examples.sources, examples.label, index):
        fields = list(box_fields(box, searches))
        for start in range(0, len(box.rows), at_once):
            rows = box.rows[start : start + at_once]
            features = np.empty((len(rows) * int(np.prod(shape)), len(fields)), np.float32)
            for number, mesh in enumerate(fields):
                maps = map_mesh(mesh, index.iloc[rows], shape, box.files.cells)
                features[:, number] = maps.ravel()
            yield Chunk(rows, features)


def _sample(
    examples: BoxExamples, searches: BoxSearches, split: str, most: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return features and truth of pixels of a split, spread evenly over its examples."""
    y = examples.splits[split].y
    random = np.random.default_rng(seed)
    features, truth = [], []
    for chunk in _chunks(examples, searches, split):
        inside = y[chunk.rows].ravel()
        n_chosen = min(len(inside), max(1, round(most * len(chunk.rows) / len(y))))
        chosen = random.choice(len(inside), n_chosen, replace=False)
        features.append(chunk.features[chosen])
        truth.append(inside[chosen])
    return np.concatenate(features), np.concatenate(truth)


def _predict(
    trees: HistGradientBoostingClassifier,
    examples: BoxExamples,
    searches: BoxSearches,
    split: str,
) -> np.ndarray:
    """Return the probabilities of all pixels of a split, float32."""
    probability = np.empty(examples.splits[split].y.shape, np.float32)
    for chunk in _chunks(examples, searches, split):
        predicted = trees.predict_proba(chunk.features)[:, 1]
        probability[chunk.rows] = predicted.reshape(len(chunk.rows), *probability.shape[1:])
    return probability
