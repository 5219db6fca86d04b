"""How far from its like an example lies, and how rare that is among those trained on."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

NEAREST = 10
"""Neighbours whose mean distance is taken, so that a few odd ones hide no other (Ramaswamy, Rastogi
& Shim 2000, SIGMOD Rec. 29, 427)."""
MOST = 5000
"""Training examples that are kept to compare with."""


class Surroundings(NamedTuple):
    """Training examples in a space of few numbers, and how lonely each is among the others.

    Attributes
    ----------
    members : numpy.ndarray, shape (M, L)
    distances : numpy.ndarray, shape (M,)
        Mean distance of each to the nearest others, ascending.
    """

    members: np.ndarray
    distances: np.ndarray

    def score(self, features: np.ndarray) -> np.ndarray:
        """Return how lonely examples are: 1 like the median of training examples, more is lonelier.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, L)
            Examples, of training or others; one of the members is no neighbour of its own.

        Returns
        -------
        numpy.ndarray, shape (N,)
        """
        return self._distance(features) / np.median(self.distances)

    def rarity(self, features: np.ndarray) -> np.ndarray:
        """Return the part of training examples that are as lonely or lonelier, (N,), never 0."""
        fewer = np.searchsorted(self.distances, self._distance(features), side="left")
        return (len(self.distances) - fewer + 1) / (len(self.distances) + 1)

    def _distance(self, features: np.ndarray) -> np.ndarray:
        return _mean_distance(self.members, features)


def surroundings(features: np.ndarray, *, most: int = MOST, seed: int = 0) -> Surroundings:
    """Take note of training examples (N, L), at most `most` of them, drawn at random."""
    kept = np.sort(np.random.default_rng(seed).permutation(len(features))[:most])
    members = np.ascontiguousarray(features[kept], dtype=np.float64)
    return Surroundings(members, np.sort(_mean_distance(members, members)))


def _mean_distance(members: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Mean distance of examples (N, L) to the nearest members, themselves left out."""
    count = min(NEAREST, len(members) - 1)
    distance, _ = cKDTree(members).query(features, k=count + 1)
    itself = distance[:, :1] == 0
    return np.where(itself, distance[:, 1:], distance[:, :-1]).mean(1)
