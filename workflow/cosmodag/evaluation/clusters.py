"""Groups of examples in a space of few numbers, such as latents or morphology, and their worth.

How many groups there are is chosen on the training part, by a criterion that knows no labels and by
whether they are found again when examples are drawn anew; whether they are what people call them is
asked of the test part alone.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from cosmodag.errors import InputError
from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.bootstrap import Interval

MOST = 10
STARTS = 4
"""First guesses that each fit is made from, of which the best is kept."""
COMPARED = 2000
"""Examples whose pairwise distances the silhouette takes in."""
RESAMPLED = 20
STEADY = 0.8
"""Adjusted Rand index of replicas from which on groups count as found again."""


class Grouping(Protocol):
    """What was fitted: it tells the group of any example."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the group of each row of `features` (N, L)."""


class Choice(NamedTuple):
    """A number of groups, the criterion that ranks numbers, and the fit.

    Attributes
    ----------
    number : int
        1 where the criterion finds no groups.
    criterion : dict of int to float
        Its value for each number of groups; the greater the better.
    grouping : Grouping
    """

    number: int
    criterion: dict[int, float]
    grouping: Grouping


def k_means(features: np.ndarray, number: int, seed: int) -> KMeans:
    """Fit groups of least squared distance to their means, to features (N, L)."""
    return KMeans(number, n_init=STARTS, random_state=seed).fit(features)


def mixture(features: np.ndarray, number: int, seed: int) -> GaussianMixture:
    """Fit a mixture of as many Gaussians, each of a covariance of its own, to features (N, L)."""
    # A floor of a hundredth of the smallest spread keeps Gaussians off single examples.
    floor = max(1e-4 * float(features.var(0).min()), 1e-9)
    return GaussianMixture(number, n_init=STARTS, reg_covar=floor, random_state=seed).fit(features)


METHODS: dict[str, Callable[[np.ndarray, int, int], Grouping]] = {
    "k_means": k_means,
    "mixture": mixture,
}


def choose(
    features: np.ndarray,
    method: str,
    *,
    most: int = MOST,
    resampled: int = RESAMPLED,
    seed: int = 0,
) -> Choice:
    """Choose the number of groups of features (N, L), from 1 or 2 to `most`, and fit them.

    Mixtures are ranked by the Bayesian information criterion (Schwarz 1978, Ann. Stat. 6, 461),
    which may prefer a single one; k-means by the mean silhouette (Rousseeuw 1987, J. Comput. Appl.
    Math. 20, 53), which is not defined for one group. Of the numbers whose groups are found again
    the first in rank is chosen, for curved clouds of examples are cut by a criterion alone into as
    many pieces as it may; if none are, the number whose groups are found again best.

    Raises
    ------
    InputError
        If there are too few examples for so many groups.
    """
    if len(features) < 3 * most:
        raise InputError(
            f"clusters: {len(features)} examples for up to {most} groups; 3 a group are needed"
        )
    numbers = range(1 if method == "mixture" else 2, most + 1)
    fits = {number: METHODS[method](features, number, seed) for number in numbers}
    some = np.random.default_rng(seed).permutation(len(features))[:COMPARED]
    criterion = {number: _worth(fit, features, features[some]) for number, fit in fits.items()}
    found: dict[int, float] = {}
    for number in sorted(criterion, key=criterion.get, reverse=True):
        again = stability(
            features, method, number, fits[number], replicas=resampled, seed=seed + 1
        )["value"]
        if again is None or again >= STEADY:
            return Choice(number, criterion, fits[number])
        found[number] = again
    number = max(found, key=found.get)
    return Choice(number, criterion, fits[number])


def _worth(fit: Grouping, features: np.ndarray, some: np.ndarray) -> float:
    """What a criterion says of a fit, the greater the better."""
    if isinstance(fit, GaussianMixture):
        return -float(fit.bic(features))
    groups = fit.predict(some)
    # A single group is left where examples are equal.
    return float(silhouette_score(some, groups)) if len(np.unique(groups)) > 1 else -1.0


def stability(
    features: np.ndarray,
    method: str,
    number: int,
    grouping: Grouping,
    *,
    replicas: int = RESAMPLED,
    seed: int = 0,
) -> Interval:
    """Tell whether groups are found again: the mean adjusted Rand index of bootstrap replicas.

    Each replica draws as many examples with replacement, fits the same number of groups, and its
    groups of all examples are set against those of `grouping` (Hubert & Arabie 1985, J. Classif.
    2, 193): 1 is the same, 0 chance. The interval holds 95 % of replicas.

    Returns
    -------
    dict
        `value`, `low` and `high`; None where there is one group, which is always found.
    """
    if number == 1:
        return {"value": None, "low": None, "high": None}
    random, reference = np.random.default_rng([seed, 1]), grouping.predict(features)
    found = []
    for start in random.integers(0, 2**31, replicas):
        drawn = features[random.integers(0, len(features), len(features))]
        again = METHODS[method](drawn, number, int(start))
        found.append(adjusted_rand_score(reference, again.predict(features)))
    low, high = np.quantile(found, [0.025, 0.975])
    return {"value": float(np.mean(found)), "low": float(low), "high": float(high)}


def assignment(groups: np.ndarray, labels: np.ndarray) -> dict[int, object]:
    """Give each group the label of which it holds the largest share, from training examples.

    Shares are of the label's own examples, so that rare labels count as much as common ones.
    """
    names = np.unique(labels)
    share = {
        group: [np.mean(groups[labels == name] == group) for name in names]
        for group in np.unique(groups)
    }
    return {int(group): names[int(np.argmax(each))] for group, each in share.items()}


def agreement(
    groups: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    independent: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> dict[str, Interval]:
    """Set groups of test examples against labels that people gave.

    Parameters
    ----------
    groups, labels : mapping from "train" and "test" to arrays (N,)
        The group and the label of each example.
    independent : (N,) array
        The independent group, such as the object, that each test example belongs to.
    replicas, seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        `mutual_information`, adjusted for chance (Vinh, Epps & Bailey 2010, JMLR 11, 2837), and
        `balanced_accuracy` after groups were assigned to labels on training examples, of which
        chance has one over the number of labels. Groups that training never saw are wrong.
    """
    names, truth = np.unique(labels["test"], return_inverse=True)
    meant = assignment(groups["train"], labels["train"])
    pairs = zip(groups["test"], labels["test"])
    right = np.array([meant.get(int(group)) == name for group, name in pairs])
    hits = np.eye(len(names))[truth]
    draws = bootstrap.draw(
        _balanced,
        (
            bootstrap.group_sums(independent, hits),
            bootstrap.group_sums(independent, hits * right[:, None]),
        ),
        replicas=replicas,
        seed=seed,
    )
    information = bootstrap.interval(
        adjusted_mutual_info_score,
        independent,
        labels["test"],
        groups["test"],
        replicas=replicas,
        seed=seed,
    )
    limits = {"balanced_accuracy": (0, 1)}
    return {"mutual_information": information, **draws.intervals(limits)}


def _balanced(count: np.ndarray, right: np.ndarray) -> dict[str, np.ndarray]:
    """Mean over labels of the part that is right, of R sets of counts (R, labels)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        part = right / count
    return {"balanced_accuracy": part.mean(1)}


def grouped(
    features: Mapping[str, np.ndarray],
    independent: np.ndarray,
    *,
    labels: Mapping[str, np.ndarray] | None = None,
    most: int = MOST,
    resampled: int = RESAMPLED,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> dict:
    """Group examples by every method and choose the one whose groups are found again best.

    Parameters
    ----------
    features : mapping from "train" and "test" to arrays (N, L)
        Numbers whose distances mean something, such as latents in use.
    independent : (N,) array
        See `agreement`.
    labels : mapping from "train" and "test" to arrays (N,), optional
        See `agreement`.
    most : int
        Most groups that are tried.
    resampled, replicas : int
        Fits that stability is measured by, and replicas of the intervals of agreement.
    seed : int

    Returns
    -------
    dict
        `chosen`, the name of a method, None where no method finds groups; `methods`, for each its
        `number` of groups, the values of its `criterion`, `stability` and, with labels,
        `agreement`; `groups`, for each method those of test examples, (N,) int.
    """
    methods, groups = {}, {}
    for name in METHODS:
        train = features["train"]
        choice = choose(train, name, most=most, resampled=resampled, seed=seed)
        told = {part: choice.grouping.predict(each) for part, each in features.items()}
        methods[name] = {
            "number": choice.number,
            "criterion": choice.criterion,
            # By replicas other than those that chose.
            "stability": stability(
                train, name, choice.number, choice.grouping, replicas=resampled, seed=seed
            ),
        }
        if labels is not None:
            options = {"replicas": replicas, "seed": seed}
            methods[name]["agreement"] = agreement(told, labels, independent, **options)
        groups[name] = told["test"]
    several = [name for name in methods if methods[name]["number"] > 1]
    chosen = max(several, key=lambda n: methods[n]["stability"]["value"], default=None)
    return {"chosen": chosen, "methods": methods, "groups": groups}
