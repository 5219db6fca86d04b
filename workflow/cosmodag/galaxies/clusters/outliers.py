"""Outlier scores from the distances to the nearest training examples."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

N_NEIGHBOURS = 10
"""Neighbours whose mean distance is the score, so that a few similar outliers do not hide each
other (Ramaswamy, Rastogi & Shim 2000, SIGMOD Rec. 29, 427).
"""
MAX_MEMBERS = 5000
"""Largest number of training examples to compare with."""


class OutlierReference(NamedTuple):
    """Training examples with their distances to each other, as a reference for outlier scores.

    Attributes
    ----------
    members : numpy.ndarray, shape (M, L), float64
        Training examples.
    distances : numpy.ndarray, shape (M,), float64
        Mean distance of each to its nearest neighbours, ascending.
    """

    members: np.ndarray
    distances: np.ndarray

    def score(self, features: np.ndarray) -> np.ndarray:
        """Return the outlier scores of examples.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)
            Training or other examples. A member is not its own neighbour.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            Mean distance to the nearest training examples, in units of the median over training
            examples: 1 is typical, larger values are more isolated.
        """
        return self._distance(features) / np.median(self.distances)

    def rarity(self, features: np.ndarray) -> np.ndarray:
        """Return the fraction of training examples that are at least as isolated.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            The empirical p-value of the score, (k + 1) / (M + 1) for k such examples, above 0.
        """
        fewer = np.searchsorted(self.distances, self._distance(features), side="left")
        return (len(self.distances) - fewer + 1) / (len(self.distances) + 1)

    def _distance(self, features: np.ndarray) -> np.ndarray:
        """Return the mean distance of examples (N, L) to the nearest members."""
        return _mean_distance(self.members, features)


def outlier_reference(
    features: np.ndarray, *, max_members: int = MAX_MEMBERS, seed: int = 0
) -> OutlierReference:
    """Return the reference of outlier scores.

    Parameters
    ----------
    features : numpy.ndarray, shape (N, L)
        Features of training examples.
    max_members : int
        Size of the random sample of larger training splits.
    seed : int
        Seed of the sample.

    Returns
    -------
    OutlierReference

    Examples
    --------
    >>> train = np.random.default_rng(0).normal(size=(500, 2))
    >>> outlier_reference(train).score(np.array([[9.0, 9.0]]))[0] > 10
    np.True_
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(features))[:max_members])
    members = np.ascontiguousarray(features[rows], dtype=np.float64)
    return OutlierReference(members, np.sort(_mean_distance(members, members)))


def _mean_distance(members: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return the mean distance of examples (N, L) to the nearest members other than themselves."""
    count = min(N_NEIGHBOURS, len(members) - 1)
    distance, _ = cKDTree(members).query(features, k=count + 1)
    is_member = distance[:, :1] == 0
    return np.where(is_member, distance[:, 1:], distance[:, :-1]).mean(1)
