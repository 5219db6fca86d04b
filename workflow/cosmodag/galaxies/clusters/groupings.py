"""What tells the group of an example: a few plain arrays, whichever way the groups were found."""

from typing import NamedTuple, Protocol

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial import cKDTree
from scipy.special import logsumexp

ALONE = -1
"""The group of examples that belong to none."""


class Grouping(Protocol):
    """Named arrays from which the group of any example follows."""

    _fields: tuple[str, ...]

    @property
    def number(self) -> int:
        """Number of groups."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the group of each row of `features` (N, L), (N,) int."""


class Centres(NamedTuple):
    """Groups about centres (G, L): an example belongs to the nearest."""

    centres: np.ndarray

    @property
    def number(self) -> int:
        """Number of groups."""
        return len(self.centres)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the group of each row of `features` (N, L)."""
        return cKDTree(self.centres).query(features)[1].astype(np.int64)


class Gaussians(NamedTuple):
    """A mixture of Gaussians: an example belongs to the one that it most probably comes from.

    Attributes
    ----------
    weights, means, covariances : numpy.ndarray, shapes (G,), (G, L) and (G, L, L)
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @property
    def number(self) -> int:
        """Number of groups."""
        return len(self.weights)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the group of each row of `features` (N, L)."""
        return self._log_densities(features).argmax(1)

    def criterion(self, features: np.ndarray) -> float:
        """Return the negative Bayesian information criterion (Schwarz 1978, Ann. Stat. 6, 461)."""
        size = self.means.shape[1]
        free = self.number * (1 + size + size * (size + 1) / 2) - 1
        likelihood = logsumexp(self._log_densities(features), axis=1).sum()
        return float(2 * likelihood - free * np.log(len(features)))

    def _log_densities(self, features: np.ndarray) -> np.ndarray:
        """Logarithm of weight times density of each Gaussian, (N, G)."""
        found = np.empty((len(features), self.number))
        for group, (weight, mean, covariance) in enumerate(zip(*self)):
            root = np.linalg.cholesky(covariance)
            away = solve_triangular(root, (features - mean).T, lower=True)
            size = np.log(np.diag(root)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
            found[:, group] = np.log(weight) - size - 0.5 * (away**2).sum(0)
        return found


class Neighbours(NamedTuple):
    """Groups of any shape: an example belongs where the nearest of those grouped before belongs.

    So those grouped before keep their groups, and one whose nearest is in none is in none.

    Attributes
    ----------
    members : numpy.ndarray, shape (M, L)
        Examples that were grouped.
    groups : numpy.ndarray, shape (M,), int
        Their groups, `ALONE` where they are in none.
    """

    members: np.ndarray
    groups: np.ndarray

    @property
    def number(self) -> int:
        """Number of groups."""
        return int(self.groups.max(initial=ALONE)) + 1

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the group of each row of `features` (N, L)."""
        return self.groups[cKDTree(self.members).query(features)[1]]


KINDS: dict[str, type] = {"k_means": Centres, "mixture": Gaussians, "hdbscan": Neighbours}
"""What each method leaves behind."""
