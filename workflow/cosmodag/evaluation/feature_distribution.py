"""Detection of inputs unlike those that a network was trained on, by features of theirs.

A network predicts something for any input. Its predictions and uncertainties are meaningless for
inputs outside the training distribution.
"""

import numpy as np
from scipy.spatial import cKDTree

from cosmodag.evaluation.conformal import conformal_rank

EXPLAINED_VARIANCE = 0.99
"""Fraction of the variance of the features that the principal components explain."""
N_NEIGHBOURS = 5
LEVEL = 0.99
"""Fraction of the validation split inside the threshold."""


class FeatureDistribution:
    """The distribution of the inputs of a training split in a space of features.

    The features are standardized and projected onto the principal components that explain 99 % of
    their variance in the training split. The norm of the residual is a further dimension, and each
    dimension is scaled to unit variance. The distance of an input is that to its fifth nearest
    training input, in units of the distance that 99 % of the validation split do not exceed: one in
    a hundred inputs of the same distribution has a distance above 1.

    Parameters
    ----------
    training, validation : numpy.ndarray, shape (N, F) and (M, F), float64
        Features of the two splits.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> training, validation = random.normal(size=(300, 3)), random.normal(size=(99, 3))
    >>> distribution = FeatureDistribution(training, validation)
    >>> distribution.distances(np.array([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]])) > 1
    array([False,  True])
    """

    def __init__(self, training: np.ndarray, validation: np.ndarray):
        # Features that are constant in training have a small floor instead of zero variance, so
        # that any other value is far away.
        floor = 1e-6 * np.maximum(np.abs(training).max(0), 1)
        self._mean, self._std = training.mean(0), np.maximum(training.std(0), floor)
        standardized = (training - self._mean) / self._std
        _, singular, axes = np.linalg.svd(standardized, full_matrices=False)
        explained = np.cumsum(singular**2) / np.sum(singular**2)
        self._axes = axes[: int(np.searchsorted(explained, EXPLAINED_VARIANCE)) + 1]
        self._unit = np.ones(len(self._axes) + 1)
        self._unit = self._components(training).std(0)
        self._tree = cKDTree(self._components(training))
        known = np.sort(self._neighbour_distance(self._components(validation)))
        # With fewer than 99 validation inputs the threshold is the largest distance.
        self._threshold = known[min(conformal_rank(len(known), LEVEL), len(known)) - 1]

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Return the distances of inputs from the training split.

        Parameters
        ----------
        features : numpy.ndarray, shape (N, F)
            Features of the inputs.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            Above 1 for inputs outside the training distribution.
        """
        return self._neighbour_distance(self._components(features)) / self._threshold

    def _components(self, features: np.ndarray) -> np.ndarray:
        """Return the principal components of features (N, F), and the norm of the residual."""
        standardized = (features - self._mean) / self._std
        components = standardized @ self._axes.T
        residual = np.linalg.norm(standardized - components @ self._axes, axis=1)
        return np.column_stack([components, residual]) / self._unit

    def _neighbour_distance(self, components: np.ndarray) -> np.ndarray:
        """Return the distance to the fifth nearest training input, (N,)."""
        rank = min(N_NEIGHBOURS, self._tree.n)
        return self._tree.query(components, [rank])[0][:, 0]
