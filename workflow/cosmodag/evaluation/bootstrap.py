"""Intervals of scores, bootstrapped over independent groups.

Examples of one group (a realization, a brick, a cube) share structure, so they are no independent
draws; the groups are. A replica therefore draws whole groups with replacement. Most scores depend
on the data through sums alone (a confusion matrix, a histogram, moments): those sums are formed
once a group, and a replica adds them with the multiplicities it drew, which costs nothing beside
touching every pixel again.

Few groups: the percentile bootstrap is too narrow by about sqrt((G - 1) / G) and by the lighter
tail of the normal against Student's t. Both are undone here by the expanded percentile interval
(Hesterberg 2015, The American Statistician 69, 371). It cannot reach beyond the most extreme
replica, so below about six groups an interval remains a lower bound on the uncertainty, and a
single group has none: its bounds are None.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy import stats

REPLICAS = 2000
LEVEL = 0.95
# Replicas held at once: keeps a histogram of some thousand bins below 100 MB.
_BLOCK = 100

Interval = dict[str, float | None]
Scores = Callable[..., Mapping[str, np.ndarray]]


def interval(
    statistic: Callable[..., float],
    groups: np.ndarray,
    *arrays: np.ndarray,
    replicas: int = REPLICAS,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Value of any statistic of examples, with its interval over groups.

    Where the statistic is a function of sums, `intervals_of_sums` gives the same far faster.

    Parameters
    ----------
    statistic : callable
        Takes the arrays and returns a number.
    groups : array of shape (N,)
        Group of each example.
    *arrays : arrays of shape (N, ...)
        What the statistic reads, one row an example.
    replicas, level, seed
        Number of bootstrap replicas, probability inside the interval, seed of the draws.

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


def intervals_of_sums(
    scores: Scores,
    sums: tuple[np.ndarray, ...],
    *,
    replicas: int = REPLICAS,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[str, Interval]:
    """Values and intervals of scores that depend on the data through sums alone.

    Parameters
    ----------
    scores : callable
        Takes the totals, arrays of shape (R, ...) for R replicas, and returns one array of shape
        (R,) for each score's name.
    sums : tuple of arrays of shape (G, ...)
        Sums over the examples of each of G groups.
    replicas, level, seed
        As for `interval`.

    Returns
    -------
    dict
        For each score `value`, `low` and `high`.
    """
    count = len(sums[0])
    values = _point(scores, sums)
    drawn = _stack(scores(*totals) for totals in _replicas(sums, replicas, seed))
    return {name: bounds(values[name], drawn[name], count, level) for name in values}


def differences_of_sums(
    scores: Scores,
    first: tuple[np.ndarray, ...],
    second: tuple[np.ndarray, ...],
    *,
    replicas: int = REPLICAS,
    level: float = LEVEL,
    seed: int = 0,
    second_scores: Scores | None = None,
) -> dict[str, Interval]:
    """Paired difference, first minus second, of the scores of two predictors on the same groups.

    Each replica draws the same groups for both, so what makes a group hard for both cancels.
    Parameters are those of `intervals_of_sums`; `second_scores` scores the second predictor where
    its scores differ by a setting such as its threshold (default: `scores`).
    """
    second_scores = second_scores or scores
    count = len(first[0])
    if len(second[0]) != count:
        raise ValueError(f"the predictors cover {count} and {len(second[0])} groups")
    one = _stack(scores(*totals) for totals in _replicas(first, replicas, seed))
    two = _stack(second_scores(*totals) for totals in _replicas(second, replicas, seed))
    at_one, at_two = _point(scores, first), _point(second_scores, second)
    return {
        name: bounds(at_one[name] - at_two[name], one[name] - two[name], count, level)
        for name in at_one
        if name in at_two
    }


def group_sums(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums of `values` (N, ...) over the examples of each group, in the groups' sorted order."""
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    values = np.asarray(values, dtype=np.float64)
    total = np.zeros((len(names), *values.shape[1:]))
    np.add.at(total, code, values)
    return total


def multiplicities(groups: int, replicas: int, seed: int) -> np.ndarray:
    """How often each replica draws each group: integers of shape (replicas, groups)."""
    random = np.random.default_rng(seed)
    return random.multinomial(groups, np.full(groups, 1.0 / groups), size=replicas)


def bounds(value: float, replicas: np.ndarray, groups: int, level: float = LEVEL) -> Interval:
    """Expanded percentile interval around a value; None stands for what is undefined.

    A score that is biased in replicas (a calibration error grows with noise) may leave its own
    value outside the percentiles; the interval is then widened to include it.
    """
    finite = replicas[np.isfinite(replicas)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    # A score that most replicas leave undefined has no honest interval.
    if groups < 2 or 2 * len(finite) < len(replicas):
        return {"value": float(value), "low": None, "high": None}
    student = stats.t.ppf((1 + level) / 2, groups - 1)
    tail = stats.norm.cdf(-student * np.sqrt(groups / (groups - 1)))
    low, high = np.quantile(finite, [tail, 1 - tail])
    return {
        "value": float(value),
        "low": float(min(low, value)),
        "high": float(max(high, value)),
    }


def _replicas(
    sums: tuple[np.ndarray, ...], replicas: int, seed: int
) -> Iterator[tuple[np.ndarray, ...]]:
    times = multiplicities(len(sums[0]), replicas, seed).astype(np.float64)
    for start in range(0, replicas, _BLOCK):
        block = times[start : start + _BLOCK]
        yield tuple(np.tensordot(block, each, axes=1) for each in sums)


def _point(scores: Scores, sums: tuple[np.ndarray, ...]) -> dict[str, float]:
    totals = tuple(np.sum(each, axis=0, keepdims=True, dtype=np.float64) for each in sums)
    return {name: float(values[0]) for name, values in scores(*totals).items()}


def _stack(blocks: Iterator[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    blocks = list(blocks)
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
