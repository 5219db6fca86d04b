"""Rank statistics of the scores of two classes within independent groups."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from cosmodag.evaluation.bootstrap import REPLICAS, Draws, multiplicities

_REPLICAS_PER_BLOCK = 200


class Sample(NamedTuple):
    """Scores of a test set of N examples.

    Attributes
    ----------
    score : numpy.ndarray, shape (N,)
        Score of the classifier for class 1.
    label : numpy.ndarray, shape (N,)
        Class, 0 or 1.
    groups : numpy.ndarray, shape (N,)
        Independent unit of each example, such as its brick.
    """

    score: np.ndarray
    label: np.ndarray
    groups: np.ndarray

    @property
    def n_groups(self) -> int:
        """Number of independent groups."""
        return len(np.unique(self.groups))

    def subset(self, rows: np.ndarray) -> "Sample":
        """Return the sample of some rows.

        Parameters
        ----------
        rows : numpy.ndarray, shape (M,)
            Indices of examples.

        Returns
        -------
        Sample
        """
        return Sample(self.score[rows], self.label[rows], self.groups[rows])


def auc_draws(sample: Sample, *, replicas: int = REPLICAS, seed: int = 0) -> Draws:
    """Compute AUC and accuracy with bootstrap replicas over groups.

    Scores are sorted once; a replica then requires one pass over them.

    Parameters
    ----------
    sample : Sample
        Scores of a test set.
    replicas : int
        Number of bootstrap replicas.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Draws
        ``auc``: probability that an example of class 1 scores above one of class 0, where ties
        count half. ``accuracy``: fraction of correct classes at a threshold of 0.5.
    """
    _, group = np.unique(sample.groups, return_inverse=True)
    order = np.argsort(sample.score, kind="stable")
    score, label, group = sample.score[order], sample.label[order] > 0, group[order]
    starts = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])
    correct = (score >= 0.5) == label

    def scores(weight: np.ndarray) -> dict[str, np.ndarray]:
        of_ones = np.add.reduceat(weight * label, starts, axis=1)
        of_zeros = np.add.reduceat(weight * ~label, starts, axis=1)
        below = np.cumsum(of_zeros, axis=1) - of_zeros / 2
        pairs = of_ones.sum(1) * of_zeros.sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            auc = np.where(pairs > 0, (of_ones * below).sum(1) / pairs, np.nan)
            return {"auc": auc, "accuracy": (weight * correct).sum(1) / weight.sum(1)}

    n_groups = int(group.max()) + 1
    values = {name: float(value[0]) for name, value in scores(np.ones((1, len(label)))).items()}
    weights = multiplicities(n_groups, replicas, seed).astype(np.float64)
    step = _REPLICAS_PER_BLOCK
    blocks = [scores(weights[i : i + step][:, group]) for i in range(0, replicas, step)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in values}
    return Draws(values, drawn, n_groups)


def mann_whitney(sample: Sample) -> float | None:
    """Return the one-sided p-value of the Mann-Whitney test within groups.

    Parameters
    ----------
    sample : Sample
        Scores of a test set.

    Returns
    -------
    float or None
        Probability of scores that rank class 1 this high, if within each group the classes follow
        one distribution; see `rank_p_values`. None if no group contains both classes.
    """
    p_values = rank_p_values(sample.score[:, None], sample.label[:, None] > 0, sample.groups)
    return float(p_values[0]) if np.isfinite(p_values[0]) else None


def rank_p_values(scores: np.ndarray, ones: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return one-sided p-values of the Mann-Whitney test within groups [1]_.

    Objects are compared with those of their own group only, so that differences between groups,
    such as the depth of bricks, neither hide nor imitate a difference between the classes.

    Parameters
    ----------
    scores : numpy.ndarray, shape (N, R)
        R sets of scores.
    ones : numpy.ndarray, shape (N, R), bool
        Which examples belong to class 1 in each set.
    groups : numpy.ndarray, shape (N,)
        Group of each example.

    Returns
    -------
    numpy.ndarray, shape (R,), float64
        P-values; NaN if no group contains both classes.

    References
    ----------
    .. [1] van Elteren 1960, Bull. Int. Stat. Inst. 37, 351.
    """
    excess, variance = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for group in np.unique(groups):
        rows = groups == group
        ranks, in_class = stats.rankdata(scores[rows], axis=0), ones[rows]
        size, n_ones = len(in_class), in_class.sum(0)
        excess += (ranks * in_class).sum(0) / (size + 1) - n_ones / 2
        variance += n_ones * (size - n_ones) / (12 * (size + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, stats.norm.sf(excess / np.sqrt(variance)), np.nan)


def accuracy_p_value(sample: Sample) -> float:
    """Return the exact binomial p-value of the accuracy against predicting the majority class.

    Parameters
    ----------
    sample : Sample
        Scores of a test set.

    Returns
    -------
    float
    """
    ones = sample.label > 0
    n_correct = int(np.count_nonzero((sample.score >= 0.5) == ones))
    chance = max(ones.mean(), 1 - ones.mean())
    return float(stats.binomtest(n_correct, len(ones), chance, alternative="greater").pvalue)


def holm_adjusted(p_values: list[float | None]) -> list[float | None]:
    """Adjust p-values for multiple tests by Holm's method [1]_.

    Parameters
    ----------
    p_values : list of float or None
        P-values; None is ignored.

    Returns
    -------
    list of float or None
        Adjusted p-values in the same order.

    References
    ----------
    .. [1] Holm 1979, Scand. J. Stat. 6, 65.

    Examples
    --------
    >>> holm_adjusted([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    ascending = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(ascending):
        largest = max(largest, min(1.0, p * (len(ascending) - rank)))
        adjusted[place] = largest
    return adjusted
