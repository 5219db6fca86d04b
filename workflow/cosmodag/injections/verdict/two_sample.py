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
- *inconclusive* otherwise, and always with fewer than five groups, or if all objects of each group
  have the same score, since nothing was learned then.

Classes may differ in size. The AUC and its p-value do not depend on the class frequencies. The
accuracy does, so it is compared with that of always predicting the majority class.

References
----------
.. [1] Lopez-Paz & Oquab 2017, arXiv:1610.06545.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cosmodag.evaluation.bootstrap import REPLICAS, Draws, Interval
from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.verdict import INCONCLUSIVE, MIN_GROUPS
from cosmodag.injections.verdict.rank_tests import (
    Sample,
    accuracy_p_value,
    auc_draws,
    holm_adjusted,
    mann_whitney,
)

DISTINGUISHABLE, INDISTINGUISHABLE = "distinguishable", "indistinguishable"
LEVEL = 0.05
"""Significance level."""
EQUIVALENCE_LIMIT = 0.52
"""Largest AUC that counts as no difference."""
POWER = 0.95
N_BINS = 5


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
    if has_equal_scores(sample):
        outcome = INCONCLUSIVE
        sentence = (
            "Inconclusive, since nothing was learned: all objects of each group have the same "
            "score, which is no evidence that the classes are alike."
        )
    return {"outcome": outcome, "sentence": sentence, **test}, draws


def has_equal_scores(sample: Sample) -> bool:
    """Return whether all examples of each group have the same score, to the precision of float32.

    Parameters
    ----------
    sample : Sample
        Scores of a test set.

    Returns
    -------
    bool
    """
    scores = pd.Series(sample.score.astype(np.float64)).groupby(sample.groups)
    return bool((scores.max() - scores.min()).max() <= np.finfo(np.float32).eps)


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
            f"Inconclusive: {measured}; the interval lies below 0.5: what distinguishes the "
            "classes of the training groups is reversed in the test groups, so the classes are not "
            "alike, but differ from group to group."
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
