"""Groups of examples in a space of few numbers, such as latents or morphology, and their worth.

How many groups there are is chosen on the training part, by a criterion that knows no labels and by
whether they are found again when examples are drawn anew; whether they are what people call them is
asked of the test part alone.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_samples
from sklearn.mixture import GaussianMixture

from cosmodag.errors import InputError
from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.bootstrap import Interval
from cosmodag.galaxies.clusters.groupings import ALONE, Centres, Gaussians, Grouping, Neighbours
from cosmodag.galaxies.clusters.label_agreement import agreement

MOST = 10
LEAST = 3
"""Fewest examples of a group."""
STARTS = 4
"""First guesses that each fit is made from, of which the best is kept."""
COMPARED = 2000
"""Examples whose pairwise distances the silhouette takes in."""
LINKED = 5000
"""Examples that a tree of densities is built from, whose time grows with their square."""
SHARES = (0.01, 0.02, 0.05)
"""Smallest groups that a tree of densities is cut into, as shares of the examples; and the one that
leaves room for no more groups than are wanted."""
CORE = 10
"""Neighbours by whose distance a place is dense."""
RESAMPLED = 20
STEADY = 0.8
"""Adjusted Rand index of replicas from which on groups count as found again."""
UNMEASURED = -2
"""The group of examples that have no place in a space, such as stamps without a morphology."""


class Choice(NamedTuple):
    """A setting of a method, the criterion that ranks settings, and the fit.

    Attributes
    ----------
    setting : float
        The number of groups, or the share of the smallest of `hdbscan`.
    criterion : dict of float to float
        Its value for each setting; the greater the better.
    grouping : Grouping
        Its `number` of groups is 1 or 0 where none are found.
    """

    setting: float
    criterion: dict[float, float]
    grouping: Grouping


def k_means(features: np.ndarray, number: int, seed: int) -> Centres:
    """Fit groups of least squared distance to their means, to features (N, L)."""
    fit = KMeans(number, n_init=STARTS, random_state=seed).fit(features)
    return Centres(fit.cluster_centers_)


def mixture(features: np.ndarray, number: int, seed: int) -> Gaussians:
    """Fit a mixture of as many Gaussians, each of a covariance of its own, to features (N, L)."""
    # A floor of a hundredth of the smallest spread keeps Gaussians off single examples.
    floor = max(1e-4 * float(features.var(0).min()), 1e-9)
    fit = GaussianMixture(number, n_init=STARTS, reg_covar=floor, random_state=seed).fit(features)
    return Gaussians(fit.weights_, fit.means_, fit.covariances_)


def hdbscan(features: np.ndarray, share: float, seed: int) -> Neighbours:
    """Fit dense places that emptier ones divide (Campello, Moulavi & Sander 2013, LNCS 7819, 160).

    What lies between is in no group. Of more than `LINKED` examples as many are drawn at random.
    The method itself places no others: here they follow their nearest, see `Neighbours`.

    Parameters
    ----------
    features : (N, L) array
    share : float
        Smallest group, as a share of the examples.
    seed : int
        Of the draw.
    """
    # An example drawn twice by a bootstrap would look like a dense place.
    distinct = np.unique(features, axis=0)
    members = np.random.default_rng(seed).permutation(distinct)[:LINKED]
    size = max(LEAST, math.ceil(share * len(members)))
    core = min(size, CORE)
    groups = HDBSCAN(size, min_samples=core, copy=True).fit(members).labels_
    return Neighbours(members, np.maximum(groups, ALONE))


class Method(NamedTuple):
    """A way to group: its fit, what ranks its fits, and the settings that may be tried.

    `settings` are given for the most groups; `worth` takes a fit, all features and some.
    """

    fit: Callable[[np.ndarray, float, int], Grouping]
    worth: Callable[[Grouping, np.ndarray, np.ndarray], float]
    settings: Callable[[int], Sequence[float]]


def silhouette(fit: Grouping, features: np.ndarray, some: np.ndarray) -> float:
    """Return the mean silhouette of some examples, 0 for those in no group; -1 for lack of two."""
    groups = fit.predict(some)
    inside = groups != ALONE
    if len(np.unique(groups[inside])) < 2:
        return -1.0
    return float(silhouette_samples(some[inside], groups[inside]).sum() / len(some))


METHODS = {
    "k_means": Method(k_means, silhouette, lambda most: range(2, most + 1)),
    "mixture": Method(
        mixture,
        lambda fit, features, some: fit.criterion(features),
        lambda most: range(1, most + 1),
    ),
    # Groups of a share of one over `most` or more are no more than `most`.
    "hdbscan": Method(
        hdbscan, silhouette, lambda most: [*(s for s in SHARES if s < 1 / most), 1 / most]
    ),
}


def choose(
    features: np.ndarray,
    method: str,
    *,
    most: int = MOST,
    resampled: int = RESAMPLED,
    seed: int = 0,
) -> Choice:
    """Choose the number of groups of features (N, L), up to `most`, and fit them.

    Mixtures are ranked by the Bayesian information criterion, which may prefer a single one; the
    others by the mean silhouette (Rousseeuw 1987, J. Comput. Appl. Math. 20, 53), which is not
    defined for one group. Of the settings whose groups are found again the first in rank is chosen,
    for curved clouds of examples are cut by a criterion alone into as many pieces as it may; if
    none are, the setting whose groups are found again best. A setting that finds no groups ends the
    search where the criterion puts it.

    Raises
    ------
    InputError
        If there are too few examples for so many groups.
    """
    if len(features) < LEAST * most:
        raise InputError(
            f"clusters: {len(features)} examples for up to {most} groups; {LEAST} a group are "
            f"needed: set max_clusters to {max(len(features) // LEAST, 2)} or fewer"
        )
    way = METHODS[method]
    fits = {setting: way.fit(features, setting, seed) for setting in way.settings(most)}
    some = features[np.random.default_rng(seed).permutation(len(features))[:COMPARED]]
    criterion = {
        setting: way.worth(fit, features, some)
        for setting, fit in fits.items()
        if fit.number <= most
    }
    found: dict[float, float] = {}
    for setting in sorted(criterion, key=criterion.get, reverse=True):
        again = _tried(features, method, setting, fits[setting], resampled, seed + 1)
        if again is None or again >= STEADY:
            return Choice(setting, criterion, fits[setting])
        found[setting] = again
    setting = max(found, key=found.get)
    return Choice(setting, criterion, fits[setting])


def stability(
    features: np.ndarray,
    method: str,
    setting: float,
    grouping: Grouping,
    *,
    replicas: int = RESAMPLED,
    seed: int = 0,
) -> Interval:
    """Tell whether groups are found again: the mean adjusted Rand index of bootstrap replicas.

    Each replica draws as many examples with replacement, fits with the same setting, and its groups
    of all examples are set against those of `grouping` (Hubert & Arabie 1985, J. Classif. 2, 193):
    1 is the same, 0 chance. The interval holds 95 % of replicas.

    Returns
    -------
    dict
        `value`, `low` and `high`; None where there is one group, which is always found, or none.
    """
    if grouping.number < 2:
        return {"value": None, "low": None, "high": None}
    found = list(_replicas(features, method, setting, grouping, replicas, seed))
    low, high = np.quantile(found, [0.025, 0.975])
    return {"value": float(np.mean(found)), "low": float(low), "high": float(high)}


def _replicas(
    features: np.ndarray, method: str, setting: float, grouping: Grouping, count: int, seed: int
) -> Iterator[float]:
    """Adjusted Rand index of each replica with a grouping."""
    random, reference = np.random.default_rng([seed, 1]), grouping.predict(features)
    for start in random.integers(0, 2**31, count):
        drawn = features[random.integers(0, len(features), len(features))]
        again = METHODS[method].fit(drawn, setting, int(start))
        yield adjusted_rand_score(reference, again.predict(features))


def _tried(
    features: np.ndarray, method: str, setting: float, grouping: Grouping, count: int, seed: int
) -> float | None:
    """Mean index of replicas, of fewer where the others cannot lift it to `STEADY` any more."""
    if grouping.number < 2:
        return None
    found: list[float] = []
    for each in _replicas(features, method, setting, grouping, count, seed):
        found.append(each)
        if sum(found) + count - len(found) < STEADY * count:
            break
    return float(np.mean(found))


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
    features : mapping from "train", "test" and others to arrays (N, L)
        Numbers whose distances mean something, such as latents in use. Examples whose numbers are
        not finite are grouped apart, as `UNMEASURED`.
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
        `number` of groups, its `setting`, the values of its `criterion`, its `stability`, the part
        of test examples in no group (`alone`) and, with labels, its `agreement`; `groupings`, the
        fit of each method; `groups`, for each method those of the examples of each part, (N,) int.
    """
    measured = {part: np.isfinite(each).all(1) for part, each in features.items()}
    train = features["train"][measured["train"]]
    methods, groups, groupings = {}, {}, {}
    for name in METHODS:
        choice = choose(train, name, most=most, resampled=resampled, seed=seed)
        told = {}
        for part, each in features.items():
            told[part] = np.full(len(each), UNMEASURED)
            if measured[part].any():
                told[part][measured[part]] = choice.grouping.predict(each[measured[part]])
        methods[name] = {
            "number": choice.grouping.number,
            "setting": choice.setting,
            "criterion": {f"{setting:g}": worth for setting, worth in choice.criterion.items()},
            # By replicas other than those that chose.
            "stability": stability(
                train, name, choice.setting, choice.grouping, replicas=resampled, seed=seed
            ),
            "alone": float(np.mean(told["test"] == ALONE)),
        }
        if labels is not None:
            options = {"replicas": replicas, "seed": seed}
            methods[name]["agreement"] = agreement(told, labels, independent, **options)
        groups[name], groupings[name] = told, choice.grouping
    several = [name for name in methods if methods[name]["number"] > 1]
    chosen = max(several, key=lambda n: methods[n]["stability"]["value"], default=None)
    return {"chosen": chosen, "methods": methods, "groupings": groupings, "groups": groups}
