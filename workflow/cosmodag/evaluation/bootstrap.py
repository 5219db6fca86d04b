"""Intervals of scores, bootstrapped over independent groups.

Examples of one group (a realization, a brick, a cube) share structure, so they are no independent
draws; the groups are. A replica therefore draws whole groups with replacement. Most scores depend
on the data through sums alone (a confusion matrix, a histogram, moments): those sums are formed
once per group, and a replica adds them with the multiplicities it drew, which is far cheaper than
reading every pixel again.

Few groups: the plain percentile interval is too narrow by about sqrt((G - 1) / G) and by the
lighter tail of the normal against Student's t. From ten groups on both are undone by the expanded
percentile interval (Hesterberg 2015, The American Statistician 69, 371). It cannot reach beyond
the most extreme replica, which with fewer groups is too near; there the interval is Student's, with
the bootstrap's standard error. A single group has no interval: its bounds are None.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy import special

REPLICAS = 2000
LEVEL = 0.95
# Groups from which on percentiles of the replicas are trusted.
ENOUGH = 10
# Replicas in memory at once: keeps a histogram of some thousand bins below 100 MB.
_BLOCK = 100

Interval = dict[str, float | None]
Scores = Callable[..., Mapping[str, np.ndarray]]
Limits = Mapping[str, tuple[float, float]]
UNLIMITED = (-np.inf, np.inf)


def interval(
    statistic: Callable[..., float],
    groups: np.ndarray,
    *arrays: np.ndarray,
    replicas: int = REPLICAS,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Return a statistic of examples with its interval over groups.

    For a statistic that is a function of sums, `draw` returns the same far faster.

    Parameters
    ----------
    statistic : callable
        Takes the arrays and returns a number.
    groups : numpy.ndarray, shape (N,)
        Group of each example.
    *arrays : numpy.ndarray, shape (N, ...)
        Input of the statistic, one row per example.
    replicas : int
        Bootstrap replicas.
    level : float
        Probability inside the interval.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict
        `value`, `low` and `high`; None where undefined.
    """
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(code == group) for group in range(len(names))]
    values = np.full(replicas, np.nan)
    for replica, times in enumerate(multiplicities(len(names), replicas, seed)):
        chosen = np.concatenate([np.tile(rows[g], n) for g, n in enumerate(times) if n])
        values[replica] = statistic(*(array[chosen] for array in arrays))
    return bounds(float(statistic(*arrays)), values, len(names), level)


class Draws(NamedTuple):
    """Scores of one predictor: their values and their replicas, drawn from G groups.

    Draws of the same groups and seed are paired: each replica drew the same groups for both.

    Attributes
    ----------
    values : dict from str to float
        Scores of all examples.
    replicas : dict from str to numpy.ndarray, shape (R,)
        Scores of each replica.
    groups : int
        Number of groups.
    """

    values: dict[str, float]
    replicas: dict[str, np.ndarray]
    groups: int

    def intervals(self, limits: Limits | None = None, level: float = LEVEL) -> dict[str, Interval]:
        """Return `value`, `low` and `high` of each score, bounded by `limits`."""
        limits = limits or {}
        return {
            name: bounds(
                value, self.replicas[name], self.groups, level, limits.get(name, UNLIMITED)
            )
            for name, value in self.values.items()
        }

    def joined(self, other: "Draws") -> "Draws":
        """Return the scores of both, of the same predictor, groups and seed."""
        return Draws(self.values | other.values, self.replicas | other.replicas, self.groups)

    def renamed(self, rename: Callable[[str], str]) -> "Draws":
        """Return the draws with other names of the scores."""
        return Draws(
            {rename(name): value for name, value in self.values.items()},
            {rename(name): values for name, values in self.replicas.items()},
            self.groups,
        )

    def minus(self, other: "Draws", level: float = LEVEL) -> dict[str, Interval]:
        """Return the paired difference of each score that both have.

        The difficulty of a group, which both predictors share, cancels.
        """
        if other.groups != self.groups:
            raise ValueError(f"the predictors cover {self.groups} and {other.groups} groups")
        return {
            name: bounds(
                value - other.values[name],
                self.replicas[name] - other.replicas[name],
                self.groups,
                level,
            )
            for name, value in self.values.items()
            if name in other.values
        }


def draw(
    scores: Scores, sums: tuple[np.ndarray, ...], *, replicas: int = REPLICAS, seed: int = 0
) -> Draws:
    """Draw replicas of scores that depend on the data through sums alone.

    Parameters
    ----------
    scores : callable
        Takes the totals, arrays of shape (R, ...) for R replicas, and returns one array of shape
        (R,) for each score's name.
    sums : tuple of numpy.ndarray, shape (G, ...)
        Sums over the examples of each of G groups.
    replicas, seed : int
        As for `interval`.
    """
    totals = (np.sum(each, axis=0, keepdims=True, dtype=np.float64) for each in sums)
    values = {name: float(value[0]) for name, value in scores(*totals).items()}
    times = multiplicities(len(sums[0]), replicas, seed).astype(np.float64)
    blocks = []
    for start in range(0, replicas, _BLOCK):
        block = times[start : start + _BLOCK]
        blocks.append(scores(*(np.tensordot(block, each, axes=1) for each in sums)))
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in values}
    return Draws(values, drawn, len(sums[0]))


def group_sums(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return sums of `values` (N, ...) over the examples of each group, in sorted order."""
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    values = np.asarray(values, dtype=np.float64)
    total = np.zeros((len(names), *values.shape[1:]))
    np.add.at(total, code, values)
    return total


def multiplicities(groups: int, replicas: int, seed: int) -> np.ndarray:
    """Return how often each replica draws each group, integers of shape (replicas, groups)."""
    random = np.random.default_rng(seed)
    return random.multinomial(groups, np.full(groups, 1.0 / groups), size=replicas)


def bounds(
    value: float,
    replicas: np.ndarray,
    groups: int,
    level: float = LEVEL,
    limits: tuple[float, float] = UNLIMITED,
) -> Interval:
    """Return the interval around a value from its replicas; undefined bounds are None.

    Parameters
    ----------
    value : float
        The score of all groups.
    replicas : numpy.ndarray, shape (R,)
        The score of each replica.
    groups : int
        Number of independent groups.
    level : float
        Probability inside the interval.
    limits : (float, float)
        Lowest and highest possible value of the score.
    """
    finite = replicas[np.isfinite(replicas)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    # A score that is undefined in most replicas has no interval.
    if groups < 2 or 2 * len(finite) < len(replicas):
        return {"value": float(value), "low": None, "high": None}
    width = special.stdtrit(groups - 1, (1 + level) / 2) * np.sqrt(groups / (groups - 1))
    if groups < ENOUGH:
        low, high = value + np.array([-width, width]) * finite.std()
    else:
        low, high = np.quantile(finite, special.ndtr([-width, width]))
    low, high = np.clip([low, high], *limits)
    # Replicas of a biased score (noise adds to a calibration error) may all miss its value.
    return {
        "value": float(value),
        "low": float(min(low, value)),
        "high": float(max(high, value)),
    }
