"""Classifier two-sample test: whether a classifier distinguishes two classes of objects.

A classifier is trained on some groups (bricks) and tested on others. If the classes follow one
distribution, its scores on unseen groups rank an object of one class above one of the other with
probability 1/2: the area under its ROC curve (AUC) is 0.5 up to chance [1]_.

The outcome of a test is

- *distinguishable* if class 1 scores above class 0 of the same group at the 5 % level (one-sided,
  `mann_whitney`) and the interval of the AUC over groups lies above 0.5;
- *indistinguishable* to AUC ≤ x otherwise, if the upper end x of the interval lies between 0.5 and
  0.52. An interval below 0.5 means that scores are reversed on other groups, which two classes of
  one distribution do not explain either;
- *inconclusive* otherwise, and always with fewer than five groups.

Classes may differ in size. The AUC and its p-value do not depend on the class frequencies. The
accuracy does, so it is compared with that of always predicting the majority class.

References
----------
.. [1] Lopez-Paz & Oquab 2017, arXiv:1610.06545.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from cosmodag.evaluation.bootstrap import REPLICAS, Draws, Interval, multiplicities
from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.verdict import INCONCLUSIVE, MIN_GROUPS

DISTINGUISHABLE, INDISTINGUISHABLE = "distinguishable", "indistinguishable"
LEVEL = 0.05
"""Significance level."""
EQUIVALENCE_LIMIT = 0.52
"""Largest AUC that counts as no difference."""
POWER = 0.95
N_BINS = 5
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


def auc_by_magnitude(
    sample: Sample, magnitude: np.ndarray, *, n_bins: int = N_BINS, replicas: int, seed: int
) -> list[dict[str, Any]]:
    """Compute the AUC in bins of magnitude with equal counts.

    Parameters
    ----------
    sample : Sample
        Scores of a test set.
    magnitude : numpy.ndarray, shape (N,)
        Magnitude of each example.
    n_bins : int
        Number of bins.
    replicas, seed : int
        Number of bootstrap replicas, and their seed.

    Returns
    -------
    list of dict
        `low`, `high` (magnitudes), `n`, `auc` (an interval) and `p_value` (adjusted by Holm's
        method) of each bin, brightest first.
    """
    bins: list[dict[str, Any]] = []
    for rows in np.array_split(np.argsort(magnitude, kind="stable"), min(n_bins, len(magnitude))):
        subset = sample.subset(rows)
        draws = auc_draws(subset, replicas=replicas, seed=seed)
        bins.append(
            {
                "low": float(magnitude[rows].min()),
                "high": float(magnitude[rows].max()),
                "n": len(rows),
                "auc": draws.intervals({"auc": (0, 1)})["auc"],
                "p_value": mann_whitney(subset),
            }
        )
    for magnitude_bin, p in zip(bins, holm_adjusted([entry["p_value"] for entry in bins])):
        magnitude_bin["p_value"] = p
    return bins


def smallest_detectable_auc(draws: Draws, sample: Sample) -> float:
    """Return the AUC that the test would call distinguishable with a power of 95 %.

    Both criteria of this outcome must be met. That of the interval is stricter: its half width
    (Student's t for the number of groups) is added to the quantile of the power. The standard error
    is the larger of that over groups and that of independent examples.

    Parameters
    ----------
    draws : Draws
        AUC with bootstrap replicas, as returned by `auc_draws`.
    sample : Sample
        Scores of the test set.

    Returns
    -------
    float
    """
    n_ones = int((sample.label > 0).sum())
    n_zeros = len(sample.label) - n_ones
    independent = np.sqrt((n_ones + n_zeros + 1) / (12 * max(n_ones * n_zeros, 1)))
    over_groups = float(np.nanstd(draws.replicas["auc"]))
    freedom = max(draws.groups - 1, 1)
    half_width = stats.t.ppf(1 - LEVEL / 2, freedom) * np.sqrt(1 + 1 / freedom)
    n_sigma = half_width + stats.norm.ppf(POWER)
    return float(min(0.5 + n_sigma * max(independent, over_groups), 1.0))


def two_sample_test(
    sample: Sample, magnitude: np.ndarray | None, *, replicas: int = REPLICAS, seed: int = 0
) -> tuple[dict[str, Any], Draws]:
    """Test whether the classes of a test set differ.

    Parameters
    ----------
    sample : Sample
        Scores of a test set.
    magnitude : numpy.ndarray, shape (N,), optional
        Magnitudes; the test is repeated in bins of them.
    replicas, seed : int
        Number of bootstrap replicas, and their seed.

    Returns
    -------
    test : dict
        `outcome`, `sentence`, `p_value` (Mann-Whitney), `accuracy_p_value` (exact binomial),
        `smallest_effect` (smallest detectable AUC) and `bins` (see `auc_by_magnitude`).
    draws : Draws
        AUC and accuracy with their replicas.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> label, groups = rng.integers(0, 2, 400), np.repeat(np.arange(10), 40)
    >>> test, draws = two_sample_test(Sample(rng.normal(size=400) + label, label, groups), None)
    >>> test["outcome"]
    'distinguishable'
    """
    draws = auc_draws(sample, replicas=replicas, seed=seed)
    auc = draws.intervals({"auc": (0, 1)})["auc"]
    p_value = mann_whitney(sample)
    test: dict[str, Any] = {
        "p_value": p_value,
        "accuracy_p_value": accuracy_p_value(sample),
        "smallest_effect": smallest_detectable_auc(draws, sample),
        "bins": []
        if magnitude is None
        else auc_by_magnitude(sample, magnitude, replicas=replicas, seed=seed),
    }
    outcome = decide_outcome(auc, p_value, sample.n_groups)
    sentence = outcome_sentence(outcome, auc, test, sample.n_groups)
    return {"outcome": outcome, "sentence": sentence, **test}, draws


def decide_outcome(auc: Interval, p_value: float | None, n_groups: int) -> str:
    """Return the outcome of a test; the criteria are in the docstring of the module.

    Parameters
    ----------
    auc : Interval
        AUC with its interval over groups.
    p_value : float or None
        P-value of the Mann-Whitney test.
    n_groups : int
        Number of independent groups.

    Returns
    -------
    {"distinguishable", "indistinguishable", "inconclusive"}
    """
    low, high = auc["low"], auc["high"]
    if p_value is None or low is None or high is None or n_groups < MIN_GROUPS:
        return INCONCLUSIVE
    if p_value < LEVEL and low > 0.5:
        return DISTINGUISHABLE
    return INDISTINGUISHABLE if 0.5 <= high <= EQUIVALENCE_LIMIT else INCONCLUSIVE


def outcome_sentence(outcome: str, auc: Interval, test: dict[str, Any], n_groups: int) -> str:
    """Return one sentence on the outcome of a test.

    Parameters
    ----------
    outcome : str
        As returned by `decide_outcome`.
    auc : Interval
        AUC with its interval over groups.
    test : dict
        `p_value`, `smallest_effect` and `bins` of `two_sample_test`.
    n_groups : int
        Number of independent groups.

    Returns
    -------
    str
    """
    interval = "" if auc["low"] is None else f" ({number(auc['low'])} to {number(auc['high'])})"
    groups = f"{n_groups} independent test group{'' if n_groups == 1 else 's'}"
    measured = f"AUC {number(auc['value'])}{interval}, {groups}"
    if outcome == DISTINGUISHABLE:
        return (
            f"The classes are distinguishable: {measured}, {format_p_value(test['p_value'])}, "
            f"{_significant_magnitudes(test['bins'])}."
        )
    if outcome == INDISTINGUISHABLE:
        return f"The classes are indistinguishable to AUC ≤ {number(auc['high'])}: {measured}."
    if n_groups < MIN_GROUPS:
        return (
            f"Inconclusive, since at least {MIN_GROUPS} independent test groups are needed: "
            f"{measured}."
        )
    if auc["high"] is not None and auc["high"] < 0.5:
        return (
            f"Inconclusive: {measured}; the interval lies below 0.5, so scores are reversed "
            "between training and test groups."
        )
    return (
        f"Inconclusive: {measured}; the test would detect an AUC of "
        f"{number(test['smallest_effect'])} or more with 95 % power."
    )


def format_p_value(p_value: float | None) -> str:
    """Return a p-value as text.

    Parameters
    ----------
    p_value : float or None
        P-value.

    Returns
    -------
    str

    Examples
    --------
    >>> format_p_value(0.0123)
    'p = 0.012'
    """
    if p_value is None:
        return "no p-value"
    return "p < 1e-300" if p_value == 0 else f"p = {p_value:.2g}"


def _significant_magnitudes(bins: list[dict[str, Any]]) -> str:
    """Return at which magnitudes the classes are distinguishable, as part of a sentence."""
    significant = [
        entry for entry in bins if entry["p_value"] is not None and entry["p_value"] < LEVEL
    ]
    if not significant:
        return "without a significant bin of magnitude"
    if len(significant) == len(bins):
        return "at all g magnitudes"
    ranges = (f"{number(entry['low'])} to {number(entry['high'])}" for entry in significant)
    return f"at g magnitudes {', '.join(ranges)}"
