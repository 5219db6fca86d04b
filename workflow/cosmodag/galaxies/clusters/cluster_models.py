"""Fitted clusters as plain arrays, from which the cluster of any example follows."""

from typing import NamedTuple, Protocol

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial import cKDTree
from scipy.special import logsumexp

UNCLUSTERED = -1
"""Label of examples in no cluster."""


class ClusterModel(Protocol):
    """Fitted clusters. The fields of an implementation are arrays."""

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        ...

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the cluster (N,) int of each row of `features` (N, L)."""
        ...


class Centroids(NamedTuple):
    """Clusters around centroids; an example belongs to the nearest one.

    Attributes
    ----------
    centres : numpy.ndarray, shape (K, L)
    """

    centres: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.centres)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the cluster of each example.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)

        Returns
        -------
        numpy.ndarray, shape (N,), int64
        """
        return cKDTree(self.centres).query(features)[1].astype(np.int64)


class Gaussians(NamedTuple):
    """A mixture of Gaussians; an example belongs to the most probable one.

    Attributes
    ----------
    weights : numpy.ndarray, shape (K,)
    means : numpy.ndarray, shape (K, L)
    covariances : numpy.ndarray, shape (K, L, L)
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.weights)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the cluster of each example.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)

        Returns
        -------
        numpy.ndarray, shape (N,), int64
        """
        return self._log_densities(features).argmax(1)

    def negative_bic(self, features: np.ndarray) -> float:
        """Return the negative Bayesian information criterion.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)

        Returns
        -------
        float
            The larger the better.

        References
        ----------
        Schwarz (1978), Ann. Stat. 6, 461.
        """
        size = self.means.shape[1]
        n_parameters = self.n_clusters * (1 + size + size * (size + 1) / 2) - 1
        likelihood = logsumexp(self._log_densities(features), axis=1).sum()
        return float(2 * likelihood - n_parameters * np.log(len(features)))

    def _log_densities(self, features: np.ndarray) -> np.ndarray:
        """Return the logarithm of weight times density of each Gaussian, (N, K)."""
        densities = np.empty((len(features), self.n_clusters))
        for cluster, (weight, mean, covariance) in enumerate(zip(*self)):
            root = np.linalg.cholesky(covariance)
            deviation = solve_triangular(root, (features - mean).T, lower=True)
            norm = np.log(np.diag(root)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
            densities[:, cluster] = np.log(weight) - norm - 0.5 * (deviation**2).sum(0)
        return densities


class NearestNeighbours(NamedTuple):
    """Clusters of any shape; an example has the label of the nearest clustered example.

    Attributes
    ----------
    members : numpy.ndarray, shape (M, L)
        Clustered examples.
    labels : numpy.ndarray, shape (M,), int
        Their clusters, `UNCLUSTERED` for those in none.
    """

    members: np.ndarray
    labels: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max(initial=UNCLUSTERED)) + 1

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the cluster of each example.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)

        Returns
        -------
        numpy.ndarray, shape (N,), int64
        """
        return self.labels[cKDTree(self.members).query(features)[1]]


MODELS: dict[str, type[Centroids] | type[Gaussians] | type[NearestNeighbours]] = {
    "k_means": Centroids,
    "mixture": Gaussians,
    "hdbscan": NearestNeighbours,
}
"""Model of each clustering method."""
