"""Clustering methods: k-means, Gaussian mixtures and HDBSCAN, each with a selection criterion."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import silhouette_samples
from sklearn.mixture import GaussianMixture

from cosmodag.galaxies.clusters.cluster_models import (
    UNCLUSTERED,
    Centroids,
    ClusterModel,
    Gaussians,
    NearestNeighbours,
)

MIN_CLUSTER_SIZE = 3
"""Fewest examples per cluster."""
N_INIT = 4
"""Initializations per fit, of which the best is taken."""
HDBSCAN_SAMPLE = 5000
"""Most examples that HDBSCAN is fitted to; its time grows with their square."""
SIZE_FRACTIONS = (0.01, 0.02, 0.05)
"""Smallest clusters of HDBSCAN that are tried, as fractions of the examples, beside the one that
limits the number of clusters to the largest allowed one.
"""
MIN_SAMPLES = 10
"""Neighbours whose distance defines the density at a point."""


def fit_k_means(features: np.ndarray, n_clusters: float, seed: int) -> Centroids:
    """Fit k-means clusters.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
    n_clusters : int
    seed : int
        Seed of the initializations.

    Returns
    -------
    Centroids
    """
    fit = KMeans(int(n_clusters), n_init=N_INIT, random_state=seed).fit(features)
    return Centroids(fit.cluster_centers_)


def fit_mixture(features: np.ndarray, n_clusters: float, seed: int) -> Gaussians:
    """Fit a mixture of Gaussians with full covariances.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
    n_clusters : int
    seed : int
        Seed of the initializations.

    Returns
    -------
    Gaussians
    """
    # A floor of a hundredth of the smallest spread keeps Gaussians from collapsing onto examples.
    floor = max(1e-4 * float(features.var(0).min()), 1e-9)
    fit = GaussianMixture(int(n_clusters), n_init=N_INIT, reg_covar=floor, random_state=seed).fit(
        features
    )
    return Gaussians(fit.weights_, fit.means_, fit.covariances_)


def fit_hdbscan(features: np.ndarray, size_fraction: float, seed: int) -> NearestNeighbours:
    """Fit dense regions that regions of lower density separate.

    HDBSCAN itself assigns no other examples; here they take the label of their nearest neighbour.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
        Of more than `HDBSCAN_SAMPLE` distinct examples a random sample is fitted.
    size_fraction : float
        Smallest cluster as a fraction of the examples.
    seed : int
        Seed of the sample.

    Returns
    -------
    NearestNeighbours

    References
    ----------
    Campello, Moulavi & Sander (2013), LNCS 7819, 160.
    """
    # An example drawn twice by a bootstrap would look like a dense region.
    distinct = np.unique(features, axis=0)
    members = np.random.default_rng(seed).permutation(distinct)[:HDBSCAN_SAMPLE]
    min_size = max(MIN_CLUSTER_SIZE, math.ceil(size_fraction * len(members)))
    min_samples = min(min_size, MIN_SAMPLES)
    labels = HDBSCAN(min_size, min_samples=min_samples, copy=True).fit(members).labels_
    return NearestNeighbours(members, np.maximum(labels, UNCLUSTERED))


def silhouette(model: ClusterModel, sample: np.ndarray) -> float:
    """Return the mean silhouette of examples.

    Parameters
    ----------
    model : ClusterModel
    sample : numpy.ndarray, shape (N, L)

    Returns
    -------
    float
        Examples in no cluster count as 0. With fewer than two clusters the result is -1.

    References
    ----------
    Rousseeuw (1987), J. Comput. Appl. Math. 20, 53.
    """
    labels = model.predict(sample)
    inside = labels != UNCLUSTERED
    if len(np.unique(labels[inside])) < 2:
        return -1.0
    return float(silhouette_samples(sample[inside], labels[inside]).sum() / len(sample))


class ClusteringMethod(NamedTuple):
    """A clustering method with a criterion to compare its settings.

    Attributes
    ----------
    fit : callable
        Takes features (N, L), a setting and a seed, and returns a `ClusterModel`.
    criterion : callable
        Takes a model, all features and a sample of them, and returns a value; the larger the
        better.
    settings : callable
        Takes the largest number of clusters and returns the settings to try.
    """

    fit: Callable[[np.ndarray, float, int], ClusterModel]
    criterion: Callable[[ClusterModel, np.ndarray, np.ndarray], float]
    settings: Callable[[int], Sequence[float]]


def _silhouette(model: ClusterModel, features: np.ndarray, sample: np.ndarray) -> float:
    """Return the mean silhouette of a sample."""
    return silhouette(model, sample)


def _negative_bic(model: ClusterModel, features: np.ndarray, sample: np.ndarray) -> float:
    """Return the negative Bayesian information criterion of a mixture."""
    if not isinstance(model, Gaussians):
        raise TypeError("the Bayesian information criterion is defined for mixtures only")
    return model.negative_bic(features)


METHODS = {
    "k_means": ClusteringMethod(
        fit_k_means, _silhouette, lambda max_clusters: range(2, max_clusters + 1)
    ),
    "mixture": ClusteringMethod(
        fit_mixture, _negative_bic, lambda max_clusters: range(1, max_clusters + 1)
    ),
    # Clusters of at least a fraction 1 / max_clusters are at most max_clusters.
    "hdbscan": ClusteringMethod(
        fit_hdbscan,
        _silhouette,
        lambda max_clusters: [
            *(fraction for fraction in SIZE_FRACTIONS if fraction < 1 / max_clusters),
            1 / max_clusters,
        ],
    ),
}
"""Clustering methods by name."""
