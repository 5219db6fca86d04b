"""The classifier two-sample test: do two samples differ, as far as a classifier can tell?

A classifier is trained on one part of the groups (bricks) and tested on others. If the classes
follow one law, its scores on unseen groups rank an object of one class above one of the other as
often as not: the area under its ROC curve (AUC) is 0.5 up to chance (Lopez-Paz & Oquab 2017,
arXiv:1610.06545).

What is said of a test:

- *distinguishable*: class 1 scores above class 0 of its own group at the 5 % level (one-sided,
  `mann_whitney`), and the AUC's interval over groups lies above 0.5;
- *indistinguishable to AUC ≤ x*: otherwise, where the interval's upper end x is at most 0.52, and
  no less than 0.5: an interval wholly below 0.5 says that scores are turned round on other groups,
  which classes of one law do not explain either;
- *this test is too small to tell*: otherwise.

Classes may differ in number. The AUC and its p-value do not depend on their shares; the accuracy
does, so it is compared with that of always naming the commoner class.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from cosmodag.evaluation.bootstrap import REPLICAS, Draws, multiplicities
from cosmodag.evaluation.formatting import number

LEVEL = 0.05
EQUIVALENT = 0.52
"""Largest AUC that counts as no difference."""
POWER = 0.95
BINS = 5
_BLOCK = 200

DISTINGUISHABLE, INDISTINGUISHABLE, TOO_SMALL = (
    "distinguishable",
    "indistinguishable",
    "inconclusive",
)


class Sample(NamedTuple):
    """Scores of a test set.

    `score` (N,): the classifier's for class 1; `label` (N,): 0 or 1; `groups` (N,): what examples
    are independent as.
    """

    score: np.ndarray
    label: np.ndarray
    groups: np.ndarray

    def part(self, rows: np.ndarray) -> "Sample":
        """Return some rows."""
        return Sample(*(each[rows] for each in self))


def auc_draws(sample: Sample, *, replicas: int = REPLICAS, seed: int = 0) -> Draws:
    """AUC and accuracy with replicas over groups.

    Scores are sorted once; a replica then costs one pass over them.

    Returns
    -------
    Draws
        ``auc``: probability that an example of class 1 scores above one of class 0, ties counting
        half. ``accuracy`` at a score of 0.5.
    """
    _, group = np.unique(sample.groups, return_inverse=True)
    order = np.argsort(sample.score, kind="stable")
    score, label, group = sample.score[order], sample.label[order] > 0, group[order]
    starts = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])
    right = (score >= 0.5) == label

    def scores(weight: np.ndarray) -> dict[str, np.ndarray]:
        of_ones = np.add.reduceat(weight * label, starts, axis=1)
        of_zeros = np.add.reduceat(weight * ~label, starts, axis=1)
        below = np.cumsum(of_zeros, axis=1) - of_zeros / 2
        pairs = of_ones.sum(1) * of_zeros.sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            auc = np.where(pairs > 0, (of_ones * below).sum(1) / pairs, np.nan)
            return {"auc": auc, "accuracy": (weight * right).sum(1) / weight.sum(1)}

    count = int(group.max()) + 1
    values = {name: float(value[0]) for name, value in scores(np.ones((1, len(label)))).items()}
    times = multiplicities(count, replicas, seed).astype(np.float64)
    blocks = [scores(times[i : i + _BLOCK][:, group]) for i in range(0, replicas, _BLOCK)]
    drawn = {name: np.concatenate([block[name] for block in blocks]) for name in values}
    return Draws(values, drawn, count)


def mann_whitney(sample: Sample) -> float | None:
    """P-value of scores that rank class 1 this high, if within a group the classes follow one law.

    See `rank_p_values`. None where no group holds both classes.
    """
    p_values = rank_p_values(sample.score[:, None], sample.label[:, None] > 0, sample.groups)
    return float(p_values[0]) if np.isfinite(p_values[0]) else None


def rank_p_values(scores: np.ndarray, ones: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """One-sided p-values of the Mann-Whitney test within groups (van Elteren 1960, Bull. Int. Stat.
    Inst. 37, 351).

    Objects are compared with those of their own group alone, so that what differs between groups,
    such as the depth of bricks, neither hides a difference nor makes one up.

    Parameters
    ----------
    scores : numpy.ndarray, shape (N, R)
        R sets of scores.
    ones : numpy.ndarray of bool, shape (N, R)
        Which examples are of class 1 in each.
    groups : numpy.ndarray, shape (N,)

    Returns
    -------
    numpy.ndarray, shape (R,)
        NaN where no group holds both classes.
    """
    excess, variance = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for group in np.unique(groups):
        rows = groups == group
        ranks, mine = stats.rankdata(scores[rows], axis=0), ones[rows]
        size, count = len(mine), mine.sum(0)
        excess += (ranks * mine).sum(0) / (size + 1) - count / 2
        variance += count * (size - count) / (12 * (size + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, stats.norm.sf(excess / np.sqrt(variance)), np.nan)


def accuracy_p_value(sample: Sample) -> float:
    """Exact binomial p-value of the accuracy against always naming the commoner class."""
    ones = sample.label > 0
    right = int(np.count_nonzero((sample.score >= 0.5) == ones))
    chance = max(ones.mean(), 1 - ones.mean())
    return float(stats.binomtest(right, len(ones), chance, alternative="greater").pvalue)


def holm(p_values: list[float | None]) -> list[float | None]:
    """Adjust p-values for their number by Holm's method (1979, Scand. J. Stat. 6, 65)."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    worst = 0.0
    for rank, (p, place) in enumerate(known):
        worst = max(worst, min(1.0, p * (len(known) - rank)))
        adjusted[place] = worst
    return adjusted


def by_magnitude(
    sample: Sample, magnitude: np.ndarray, *, bins: int = BINS, replicas: int, seed: int
) -> list[dict]:
    """AUC of bins of equal number in a magnitude, p-values adjusted by Holm's method.

    Returns
    -------
    list of dict
        `low`, `high` (magnitudes), `n`, `auc` (an interval), `p_value`, brightest first.
    """
    found = []
    for rows in np.array_split(np.argsort(magnitude, kind="stable"), min(bins, len(magnitude))):
        part = sample.part(rows)
        draws = auc_draws(part, replicas=replicas, seed=seed)
        found.append(
            {
                "low": float(magnitude[rows].min()),
                "high": float(magnitude[rows].max()),
                "n": len(rows),
                "auc": draws.intervals({"auc": (0, 1)})["auc"],
                "p_value": mann_whitney(part),
            }
        )
    for each, p in zip(found, holm([each["p_value"] for each in found])):
        each["p_value"] = p
    return found


def smallest_effect(draws: Draws, sample: Sample) -> float:
    """AUC that would have been called distinguishable with a power of 95 %.

    Both conditions of that verdict must be met, and the interval's is the stricter: its half width,
    Student's for the number of groups, is added to the quantile of the power. The standard error is
    the larger of two: that over groups, and that of independent examples.
    """
    ones = int((sample.label > 0).sum())
    zeros = len(sample.label) - ones
    independent = np.sqrt((ones + zeros + 1) / (12 * max(ones * zeros, 1)))
    over_groups = float(np.nanstd(draws.replicas["auc"]))
    others = max(draws.groups - 1, 1)
    half_width = stats.t.ppf(1 - LEVEL / 2, others) * np.sqrt(1 + 1 / others)
    steps = half_width + stats.norm.ppf(POWER)
    return float(min(0.5 + steps * max(independent, over_groups), 1.0))


def two_sample_test(
    sample: Sample, magnitude: np.ndarray | None, *, replicas: int = REPLICAS, seed: int = 0
) -> tuple[dict, Draws]:
    """Test whether the classes of a test set differ, and say so.

    Parameters
    ----------
    sample : Sample
    magnitude : numpy.ndarray, shape (N,), optional
        What the test is repeated in bins of.
    replicas, seed : int
        Of the bootstrap over groups.

    Returns
    -------
    test : dict
        `outcome`, `sentence`, `p_value` (Mann-Whitney), `accuracy_p_value` (exact binomial),
        `smallest_effect` (AUC), `bins`.
    draws : Draws
        AUC and accuracy with their replicas.
    """
    draws = auc_draws(sample, replicas=replicas, seed=seed)
    auc = draws.intervals({"auc": (0, 1)})["auc"]
    test = {
        "p_value": mann_whitney(sample),
        "accuracy_p_value": accuracy_p_value(sample),
        "smallest_effect": smallest_effect(draws, sample),
        "bins": []
        if magnitude is None
        else by_magnitude(sample, magnitude, replicas=replicas, seed=seed),
    }
    outcome = judge(auc, test["p_value"])
    return {"outcome": outcome, "sentence": say(outcome, auc, test), **test}, draws


def judge(auc: dict, p_value: float | None) -> str:
    """Return what an AUC and its p-value mean; see the head of this file."""
    if p_value is None or auc["low"] is None:
        return TOO_SMALL
    if p_value < LEVEL and auc["low"] > 0.5:
        return DISTINGUISHABLE
    return INDISTINGUISHABLE if 0.5 <= auc["high"] <= EQUIVALENT else TOO_SMALL


def say(outcome: str, auc: dict, test: dict) -> str:
    """Return a test's outcome as one sentence."""
    between = "" if auc["low"] is None else f" ({number(auc['low'])} to {number(auc['high'])})"
    if outcome == DISTINGUISHABLE:
        seen = [each for each in test["bins"] if each["p_value"] is not None]
        seen = [each for each in seen if each["p_value"] < LEVEL]
        where = "most of all in no one bin of magnitude"
        if seen and len(seen) == len(test["bins"]):
            where = "at all g magnitudes"
        elif seen:
            named = (f"{number(each['low'])} to {number(each['high'])}" for each in seen)
            where = f"at g magnitudes {', '.join(named)}"
        return (
            f"The classes are distinguishable: AUC {number(auc['value'])}{between}, "
            f"{p_text(test['p_value'])}, {where}."
        )
    if outcome == INDISTINGUISHABLE:
        return (
            f"The classes are indistinguishable to AUC ≤ {number(auc['high'])}: "
            f"AUC {number(auc['value'])}{between}."
        )
    if auc["high"] is not None and auc["high"] < 0.5:
        return (
            f"Nothing can be told: AUC {number(auc['value'])}{between} lies below 0.5, so what was "
            "learned on some groups is turned round on others."
        )
    return (
        f"This test is too small to tell: AUC {number(auc['value'])}{between}; it would have seen "
        f"{number(test['smallest_effect'])} or more with 95 % power."
    )


def p_text(p_value: float | None) -> str:
    """A p-value as text."""
    if p_value is None:
        return "no p-value"
    return "p < 1e-300" if p_value == 0 else f"p = {p_value:.2g}"
