"""Choice of the number of clusters, and the stability of clusters under resampling.

Clusters are chosen on the training split alone, by a criterion without labels and by their
stability. They are compared with labels on the test split alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import adjusted_rand_score

from cosmodag.errors import InputError
from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.bootstrap import Interval
from cosmodag.galaxies.clusters.cluster_models import UNCLUSTERED, ClusterModel
from cosmodag.galaxies.clusters.clustering_methods import METHODS, MIN_CLUSTER_SIZE
from cosmodag.galaxies.clusters.label_agreement import label_agreement

SILHOUETTE_SAMPLE = 2000
"""Examples whose pairwise distances the silhouette uses."""
STABLE = 0.8
"""Mean adjusted Rand index of resampled fits from which on clusters count as stable."""
UNMEASURED = -2
"""Label of examples with features that are not finite, such as stamps without a morphology."""


@dataclass(frozen=True)
class ClusterSearch:
    """Settings of the search for clusters.

    Attributes
    ----------
    max_clusters : int
        Largest number of clusters to try.
    n_bootstrap : int
        Bootstrap samples for the stability of clusters.
    seed : int
        Seed of initializations and bootstrap samples.
    """

    max_clusters: int = 10
    n_bootstrap: int = 20
    seed: int = 0


class Selection(NamedTuple):
    """The chosen setting of a clustering method.

    Attributes
    ----------
    setting : float
        Number of clusters, or the smallest cluster of HDBSCAN as a fraction of the examples.
    criterion : dict from float to float
        Value of the selection criterion for each setting; the larger the better.
    model : ClusterModel
        Fit with the chosen setting. It has one cluster or none if no clusters are found.
    """

    setting: float
    criterion: dict[float, float]
    model: ClusterModel


def select_clusters(
    features: np.ndarray, method: str, search: ClusterSearch | None = None
) -> Selection:
    """Choose the setting of a clustering method, such as the number of clusters.

    Mixtures are compared by the Bayesian information criterion, which may prefer a single Gaussian,
    other methods by the mean silhouette, which is undefined for one cluster. The first setting in
    the order of the criterion whose clusters are stable is chosen, since the criterion alone
    divides curved clouds of examples into as many clusters as allowed. If no setting is stable, the
    most stable one is chosen. A setting with fewer than two clusters ends the search.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
        Features of the training split.
    method : str
        A key of `METHODS`.
    search : ClusterSearch, optional
        Settings of the search.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If there are too few examples for the largest number of clusters.
    """
    search = search or ClusterSearch()
    max_clusters = search.max_clusters
    if len(features) < MIN_CLUSTER_SIZE * max_clusters:
        raise InputError(
            f"clusters: {len(features)} examples for up to {max_clusters} clusters; "
            f"{MIN_CLUSTER_SIZE} per cluster are needed: set max_clusters to "
            f"{max(len(features) // MIN_CLUSTER_SIZE, 2)} or fewer"
        )
    clustering = METHODS[method]
    models = {
        setting: clustering.fit(features, setting, search.seed)
        for setting in clustering.settings(max_clusters)
    }
    order = np.random.default_rng(search.seed).permutation(len(features))
    sample = features[order[:SILHOUETTE_SAMPLE]]
    criterion = {
        setting: clustering.criterion(model, features, sample)
        for setting, model in models.items()
        if model.n_clusters <= max_clusters
    }
    stabilities: dict[float, float] = {}
    for setting in sorted(criterion, key=lambda setting: criterion[setting], reverse=True):
        mean_index = _stability_bound(
            features, method, setting, models[setting], search.n_bootstrap, search.seed + 1
        )
        if mean_index is None or mean_index >= STABLE:
            return Selection(setting, criterion, models[setting])
        stabilities[setting] = mean_index
    setting = max(stabilities, key=lambda setting: stabilities[setting])
    return Selection(setting, criterion, models[setting])


def stability(
    features: np.ndarray,
    method: str,
    setting: float,
    model: ClusterModel,
    *,
    n_bootstrap: int = 20,
    seed: int = 0,
) -> Interval:
    """Measure the stability of clusters by the adjusted Rand index of bootstrap samples.

    Each bootstrap sample is fitted with the same setting. The labels that the fit gives to all
    examples are compared with those of the model: an index of 1 is agreement, 0 is chance.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
        Features that the model was fitted to.
    method : str
        A key of `METHODS`.
    setting : float
        Setting of the method.
    model : ClusterModel
        Fit with that setting.
    n_bootstrap : int
        Number of bootstrap samples.
    seed : int
        Seed of the bootstrap samples.

    Returns
    -------
    dict
        `value`, the mean, and `low` and `high`, the central 95 % of the bootstrap samples. All are
        None for fewer than two clusters.

    References
    ----------
    Hubert & Arabie (1985), J. Classif. 2, 193.
    """
    if model.n_clusters < 2:
        return {"value": None, "low": None, "high": None}
    indices = list(_rand_indices(features, method, setting, model, n_bootstrap, seed))
    low, high = np.quantile(indices, [0.025, 0.975])
    return {"value": float(np.mean(indices)), "low": float(low), "high": float(high)}


def _rand_indices(
    features: np.ndarray, method: str, setting: float, model: ClusterModel, count: int, seed: int
) -> Iterator[float]:
    """Yield the adjusted Rand index of a model with the fit of each bootstrap sample."""
    random, reference = np.random.default_rng([seed, 1]), model.predict(features)
    for fit_seed in random.integers(0, 2**31, count):
        sample = features[random.integers(0, len(features), len(features))]
        refit = METHODS[method].fit(sample, setting, int(fit_seed))
        yield adjusted_rand_score(reference, refit.predict(features))


def _stability_bound(
    features: np.ndarray, method: str, setting: float, model: ClusterModel, count: int, seed: int
) -> float | None:
    """Return the mean index, ending early if the remaining samples cannot lift it to `STABLE`."""
    if model.n_clusters < 2:
        return None
    indices: list[float] = []
    for index in _rand_indices(features, method, setting, model, count, seed):
        indices.append(index)
        if sum(indices) + count - len(indices) < STABLE * count:
            break
    return float(np.mean(indices))


def cluster_features(
    features: Mapping[str, np.ndarray],
    groups: np.ndarray,
    *,
    labels: Mapping[str, np.ndarray] | None = None,
    search: ClusterSearch | None = None,
    replicas: int = bootstrap.REPLICAS,
) -> dict[str, Any]:
    """Cluster examples by every method and choose the method with the most stable clusters.

    Parameters
    ----------
    features : mapping from "train", "test" and others to numpy.ndarray, shape (N, L)
        Features whose Euclidean distances are meaningful. Examples with features that are not
        finite have the label `UNMEASURED`.
    groups : numpy.ndarray, shape (N,)
        Independent group of each test example, see `label_agreement`.
    labels : mapping from "train" and "test" to numpy.ndarray, shape (N,), optional
        Labels to compare the clusters with, see `label_agreement`.
    search : ClusterSearch, optional
        Settings of the search.
    replicas : int
        Bootstrap replicas of the agreement with labels.

    Returns
    -------
    dict
        `chosen`, the name of a method, None if no method finds clusters; `methods`, for each its
        `n_clusters`, `setting`, values of the `criterion`, `stability`, `unclustered_fraction` of
        test examples and, with labels, `agreement`; `models`, the fit of each method; `clusters`,
        for each method and split the cluster of each example, (N,) int.
    """
    search = search or ClusterSearch()
    measured = {split: np.isfinite(values).all(1) for split, values in features.items()}
    train = features["train"][measured["train"]]
    methods: dict[str, dict[str, Any]] = {}
    clusters, models = {}, {}
    for name in METHODS:
        selection = select_clusters(train, name, search)
        model = selection.model
        predicted = {}
        for split, values in features.items():
            predicted[split] = np.full(len(values), UNMEASURED)
            if measured[split].any():
                predicted[split][measured[split]] = model.predict(values[measured[split]])
        methods[name] = {
            "n_clusters": model.n_clusters,
            "setting": selection.setting,
            "criterion": {f"{setting:g}": value for setting, value in selection.criterion.items()},
            # Measured with other bootstrap samples than the selection.
            "stability": stability(
                train,
                name,
                selection.setting,
                model,
                n_bootstrap=search.n_bootstrap,
                seed=search.seed,
            ),
            "unclustered_fraction": float(np.mean(predicted["test"] == UNCLUSTERED)),
        }
        if labels is not None:
            methods[name]["agreement"] = label_agreement(
                predicted, labels, groups, replicas=replicas, seed=search.seed
            )
        clusters[name], models[name] = predicted, model
    candidates = [name for name in methods if methods[name]["n_clusters"] > 1]
    chosen = max(candidates, key=lambda name: methods[name]["stability"]["value"], default=None)
    return {"chosen": chosen, "methods": methods, "models": models, "clusters": clusters}
