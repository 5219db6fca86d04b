"""One prediction for a whole cube from those for its slices, which are not independent.

Neighbouring slices show the same ionized regions, and all slices of a cube have the same initial
conditions, so that the product of their probabilities would be far too certain. How much
information many slices contain together is measured on the cubes of the validation split.

Of classes, and of the bins of each parameter of a posterior, the logarithms of the probabilities
are averaged over slices, and the mean is multiplied by a number of independent slices, between 1
and the number of slices, with which the cubes of the validation split are likeliest. As a rule of
succession, a part 1 / (n + 2) of the probability is spread over all classes, since n cubes cannot
show that an error is rarer.

Numbers are averaged over slices. Half-widths of their intervals are those that contain 68 and 95 %
of the errors of such averages in the validation split.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special

from cosmodag.datasets.folder import read_index
from cosmodag.evaluation.conformal import intervals, reaches
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.reionization.prediction.slice_predictions import (
    DISTRIBUTIONS,
    Quantity,
    distributions,
)

CUBE_COLUMNS = ("source", "group", "box", "redshift", "escape_fraction")
"""Columns of an index that slices of one cube have in common."""
VARYING = "redshift"
"""Quantity that differs between the slices of a light-cone."""


@dataclass(frozen=True)
class ClassPool:
    """How the probabilities of the slices of a cube are combined.

    Attributes
    ----------
    n_independent : float
        Number of independent slices, at least 1.
    n_cubes : int
        Cubes of the validation split by which it was chosen.
    """

    n_independent: float
    n_cubes: int

    @classmethod
    def fit(
        cls, probability: np.ndarray, truth: np.ndarray, cubes: np.ndarray, n_slices: int
    ) -> "ClassPool":
        """Choose the number of independent slices.

        Parameters
        ----------
        probability : numpy.ndarray, shape (M, K)
            Probabilities of the slices of the validation split.
        truth : numpy.ndarray, shape (M,), int
            Their classes.
        cubes : numpy.ndarray, shape (M,), int
            Number of the cube of each slice, from 0.
        n_slices : int
            Slices of the cube that is to be predicted, an upper limit beside the mean number of
            slices per cube in the validation split.
        """
        n_cubes = int(cubes.max()) + 1
        count = np.bincount(cubes, minlength=n_cubes)
        logs = _mean_log(probability, cubes)
        first = np.unique(cubes, return_index=True)[1]
        labels = truth[first].astype(int)

        def loss(log_number: float) -> float:
            pooled = cls(float(np.exp(log_number)), n_cubes)._pool(logs)
            return -float(np.log(pooled[np.arange(n_cubes), labels]).mean())

        limit = float(np.log(max(min(n_slices, count.mean()), 1.0)))
        if limit == 0:
            return cls(1.0, n_cubes)
        found = optimize.minimize_scalar(loss, bounds=(0.0, limit), method="bounded")
        return cls(float(np.exp(found.x)), n_cubes)

    def pool(self, probability: np.ndarray) -> np.ndarray:
        """Return the probabilities (1, K) of a cube from those (N, K) of its slices."""
        if len(probability) == 1:
            return probability
        return self._pool(_mean_log(probability, np.zeros(len(probability), int)))

    def _pool(self, logs: np.ndarray) -> np.ndarray:
        pooled = special.softmax(self.n_independent * logs, axis=1)
        spread = 1 / (self.n_cubes + 2)
        return (1 - spread) * pooled + spread / logs.shape[1]


def combine(
    run: TrainedRun, quantities: dict[str, Quantity], *, is_lightcone: bool = False
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Combine the predictions for the slices of one cube.

    Parameters
    ----------
    run : TrainedRun
        The run, on whose validation split the combination is calibrated.
    quantities : dict from str to Quantity
        Predictions for N slices, as `predict_quantities` returns them.
    is_lightcone : bool
        Whether the redshift differs between slices. Its combined probabilities are then the means
        over slices, the distribution of the redshifts along the line of sight.

    Returns
    -------
    combined : dict from str to Quantity
        Predictions for the cube, of one row.
    how : dict
        For each quantity the `rule`; of classes `n_independent`; and `n_cubes` of validation.
    """
    cubes = validation_cubes(read_index(run.dataset_folder, "valid"))
    valid = run.validation
    is_distribution = run.description["task"]["name"] in DISTRIBUTIONS
    known_of = distributions(run, valid) if is_distribution else {}
    combined: dict[str, Quantity] = {}
    how: dict[str, dict[str, Any]] = {}
    for number, (column, quantity) in enumerate(quantities.items()):
        n_slices, name = len(quantity.mean), quantity.name
        if quantity.probability is None:
            truth, estimate = _numbers(valid, number)
            chosen = _first_slices(cubes, n_slices)
            true, estimated = (_means(each[chosen], cubes[chosen]) for each in (truth, estimate))
            mean = quantity.mean.mean(keepdims=True)
            half_widths = reaches(true, estimated, 1.0)
            combined[column] = Quantity(name, mean, intervals(mean, 1.0, half_widths))
            how[name] = {"rule": "mean over slices", "n_cubes": len(true)}
            continue
        known = known_of[column]
        if is_lightcone and name == VARYING:
            probability = quantity.probability.mean(axis=0, keepdims=True)
            how[name] = {"rule": "mean probability over slices"}
        else:
            assert known.truth is not None
            pool = ClassPool.fit(known.probability, known.truth, cubes, n_slices)
            probability = pool.pool(quantity.probability)
            how[name] = {"rule": "mean log probability over slices, times n_independent"}
            how[name] |= vars(pool)
        combined[column] = known.quantity(probability)
    return combined, how


def validation_cubes(index: pd.DataFrame) -> np.ndarray:
    """Return the number of the cube of each slice of a split, from 0, shape (M,), int64."""
    columns = [name for name in CUBE_COLUMNS if name in index]
    return index.groupby(columns, sort=False).ngroup().to_numpy()


def _mean_log(probability: np.ndarray, cubes: np.ndarray) -> np.ndarray:
    """Return the mean log probabilities of the slices of each cube, (cubes, K)."""
    logs = np.log(np.maximum(np.asarray(probability, np.float64), 1e-12))
    return np.stack([_means(each, cubes) for each in logs.T], axis=1)


def _means(values: np.ndarray, cubes: np.ndarray) -> np.ndarray:
    """Return the mean of values (M,) over the slices of each cube."""
    return np.bincount(cubes, values) / np.bincount(cubes)


def _first_slices(cubes: np.ndarray, n_slices: int) -> np.ndarray:
    """Return the rows of the first slices of each cube, in the shuffled order of a split."""
    rank = pd.Series(cubes).groupby(cubes).cumcount().to_numpy()
    return np.flatnonzero(rank < n_slices)


def _numbers(valid: dict[str, np.ndarray], number: int) -> Sequence[np.ndarray]:
    """Return true and predicted values (M,) of a number in the validation split."""
    if "probability" in valid:  # maps of ionized regions
        pair = valid["y"], valid["probability"]
        return [each.mean(axis=(1, 2, 3), dtype=np.float64) for each in pair]
    return valid["y"][:, number], valid["mean"][:, number]
