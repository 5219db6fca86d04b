"""Two-sample tests of many quantities within groups, with weights of one class."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from cosmodag.evaluation.bootstrap import REPLICAS, Interval, draw


class GroupTests(NamedTuple):
    """Tests of Q quantities.

    Attributes
    ----------
    auc : list of dict
        Probability that an injected object exceeds a real one of its group, with its 95 % interval
        over groups.
    z : numpy.ndarray, shape (Q,), float64
        Normal score of the p-value, positive if injected objects exceed real ones; 0 if undefined.
    p_value : numpy.ndarray, shape (Q,), float64
        Two-sided p-values; 1 if undefined.
    """

    auc: list[Interval]
    z: np.ndarray
    p_value: np.ndarray


def compare_classes(
    values: np.ndarray,
    label: np.ndarray,
    groups: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    replicas: int = REPLICAS,
    seed: int = 0,
) -> GroupTests:
    """Compare injected with real objects of the same groups.

    Objects are compared within groups only, so that differences between groups neither hide nor
    imitate one between the classes. The excess of pairs in which the injected object has the
    greater value is summed by group with the weights of van Elteren [1]_, and tested by Student's
    t over the groups. It holds for objects of a group that are not independent, too.

    Parameters
    ----------
    values : numpy.ndarray, shape (N, Q)
        Quantities; NaN are left out.
    label : numpy.ndarray, shape (N,)
        0 for real, 1 for injected objects.
    groups : numpy.ndarray, shape (N,)
        Group of each object.
    weight : numpy.ndarray, shape (N,), optional
        Weights; 1 by default.
    replicas, seed : int
        Bootstrap replicas of the intervals, and their seed.

    Returns
    -------
    GroupTests

    References
    ----------
    .. [1] van Elteren 1960, Bull. Int. Stat. Inst. 37, 351.
    """
    weight = np.ones(len(label)) if weight is None else weight
    wins, pairs = _pairs(values, label, groups, weight)
    excess = wins - pairs / 2
    n_groups = (pairs > 0).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = excess.sum(0) / n_groups
        spread = np.sqrt(((excess - mean) ** 2 * (pairs > 0)).sum(0) / (n_groups - 1) / n_groups)
        t = np.where((n_groups > 1) & (spread > 0), mean / spread, 0)
    log_p = stats.t.logsf(np.abs(t), np.maximum(n_groups - 1, 1))
    z = np.sign(t) * -stats.norm.ppf(np.exp(np.maximum(log_p, -700)))

    def auc(wins: np.ndarray, pairs: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {str(column): wins[:, column] / pairs[:, column] for column in range(len(z))}

    intervals = draw(auc, (wins, pairs), replicas=replicas, seed=seed).intervals(
        {str(column): (0.0, 1.0) for column in range(len(z))}
    )
    return GroupTests(list(intervals.values()), z, np.minimum(2 * np.exp(log_p), 1))


def _pairs(
    values: np.ndarray, label: np.ndarray, groups: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted pairs of each group won by injected objects, and all pairs, each (G, Q)."""
    names, group = np.unique(groups, return_inverse=True)
    order = np.argsort(group, kind="stable")
    wins, pairs = np.zeros((2, len(names), values.shape[1]))
    for number, rows in enumerate(np.split(order, np.cumsum(np.bincount(group))[:-1])):
        real, injected = (rows[label[rows] == each] for each in (0, 1))
        for column, quantity in enumerate(values.T):
            x, y = (each[np.isfinite(quantity[each])] for each in (real, injected))
            x = x[np.argsort(quantity[x])]
            below = np.concatenate([[0.0], np.cumsum(weight[x])])
            ends = (np.searchsorted(quantity[x], quantity[y], side) for side in ("left", "right"))
            # A pair of equal values is half won.
            wins[number, column] = weight[y] @ sum(below[end] for end in ends) / 2
            pairs[number, column] = weight[y].sum() * below[-1]
        wins[number] /= len(rows) + 1
        pairs[number] /= len(rows) + 1
    return wins, pairs
