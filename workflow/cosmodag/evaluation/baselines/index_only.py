"""Baselines that see the position of an example and nothing of its content.

On splits by independent groups they must score nothing: whatever they earn on another split is
what a network could have earned by remembering places. They average the targets of the training
examples nearest in position: within the same box where training has seen it, else over all boxes
(boxes of independent seeds have nothing in common there; if this scores, seeds are shared). The
number of neighbours, up to all, is chosen on validation.
"""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.evaluation.baselines.examples import Examples, Predictions

_NEIGHBOURS = (1, 2, 4, 8, 16, 32)
# Pixels of training maps that are remembered, and of validation maps that are judged.
_REMEMBERED, _JUDGED = 400_000, 40_000
# Lines of sight are set apart by this, in Mpc/h: along another one the sight lines differ.
_AXIS_APART = 1e4


def index_only_numbers(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Predict the mean target of the training examples nearest in position, for numbers (N,)."""
    memory = _Memory(_example_places(train.index), _boxes(train.index), train.y)
    places = [(_example_places(each.index), _boxes(each.index)) for each in (valid, test)]
    count = memory.best_count(*places[0], valid.y)
    predicted = [memory.average(*place, count) for place in places]
    return Predictions(*predicted, spread=float(np.std(valid.y - predicted[0])))


def index_only_maps(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Predict the mean mask of the training pixels nearest in position, for maps (N, *map).

    A pixel's position is the centre of its sight line in the box, so overlapping sub-boxes give
    each other away whatever their offset.
    """
    random = np.random.default_rng(seed)
    kept = random.permutation(train.y.size)[:_REMEMBERED]
    place, box = _pixel_places(train)
    memory = _Memory(place[kept], box[kept], train.y.ravel()[kept])
    places = [_pixel_places(each) for each in (valid, test)]
    judged = random.permutation(valid.y.size)[:_JUDGED]
    count = memory.best_count(*(each[judged] for each in places[0]), valid.y.ravel()[judged])
    return Predictions(
        *(
            memory.average(*place, count).reshape(each.y.shape)
            for place, each in zip(places, (valid, test))
        )
    )


class _Memory:
    """Targets of the training split by position."""

    def __init__(self, place: np.ndarray, box: np.ndarray, target: np.ndarray):
        target = np.asarray(target, dtype=np.float64)
        self.mean = target.mean()
        self.everywhere = (cKDTree(place), target)
        self.boxes = {
            name: (cKDTree(place[box == name]), target[box == name]) for name in np.unique(box)
        }

    def average(self, place: np.ndarray, box: np.ndarray, count: int | None) -> np.ndarray:
        """Return the mean of the `count` nearest targets, float32 (N,); None stands for all."""
        result = np.full(len(place), self.mean, np.float32)
        if count is None:
            return result
        for name in np.unique(box):
            tree, target = self.boxes.get(name, self.everywhere)
            rows = box == name
            neighbours = list(range(1, min(count, tree.n) + 1))
            _, nearest = tree.query(place[rows], k=neighbours, workers=-1)
            result[rows] = target[nearest].mean(-1)
        return result

    def best_count(self, place: np.ndarray, box: np.ndarray, truth: np.ndarray) -> int | None:
        """Return the number of neighbours of least squared error."""
        error = {
            count: np.mean((self.average(place, box, count) - truth) ** 2)
            for count in (None, *_NEIGHBOURS)
        }
        return min(error, key=error.get)


def _boxes(index: pd.DataFrame) -> np.ndarray:
    return index["box"].to_numpy(str) if "box" in index else np.full(len(index), "")


def _axes(index: pd.DataFrame) -> np.ndarray:
    return index["axis"].to_numpy(int) if "axis" in index else np.zeros(len(index), int)


def _corners(index: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper corners (N, 3), or row numbers where examples lie in no box."""
    if "lower_x" not in index:
        row = np.arange(len(index), dtype=float)[:, None]
        return row * [1, 0, 0], row * [1, 0, 0]
    return tuple(
        index[[f"{end}_{axis}" for axis in "xyz"]].to_numpy(float) for end in ("lower", "upper")
    )


def _example_places(index: pd.DataFrame) -> np.ndarray:
    """Return line of sight and centre of each example, (N, 4)."""
    lower, upper = _corners(index)
    return np.column_stack([_axes(index) * _AXIS_APART, (lower + upper) / 2])


def _pixel_places(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Return line of sight and centre of each pixel, (pixels, 4), and its box (pixels,)."""
    shape = examples.y.shape[1:]
    lower, upper = _corners(examples.index)
    axes, boxes = _axes(examples.index), _boxes(examples.index)
    place = np.empty((len(lower), *shape, 4), np.float32)
    for row, (low, high, sight) in enumerate(zip(lower, upper, axes)):
        place[row, ..., 0] = sight * _AXIS_APART
        place[row, ..., 1:] = (low + high) / 2
        # The map keeps the order of the box's axes; the line of sight drops out of a square.
        kept = [axis for axis in range(3) if len(shape) == 3 or axis != sight]
        for along, axis in enumerate(kept):
            side = (high[axis] - low[axis]) / shape[along]
            view = [-1 if each == along else 1 for each in range(len(shape))]
            centres = low[axis] + side * (np.arange(shape[along]) + 0.5)
            place[row, ..., 1 + axis] = centres.reshape(view)
    return place.reshape(-1, 4), np.repeat(boxes, int(np.prod(shape)))
