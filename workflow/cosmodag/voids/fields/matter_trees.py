"""Boosted trees that reconstruct the matter of a periodic box from its galaxies."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from cosmodag.voids.finders.smoothing import smooth_each

SCALES = (1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 14.0)
"""Standard deviations in Mpc/h of the Gaussians that smooth the galaxies."""
SAMPLED_CELLS = 160_000
"""Cells of all boxes together that trees are fitted to."""
CELLS_AT_ONCE = 50_000
"""Cells that are predicted at once, few enough for the cache of a processor."""


class Sample(NamedTuple):
    """Cells of one box: features (n, F) and matter overdensity (n,), float32."""

    features: np.ndarray
    matter: np.ndarray


class MatterTrees:
    """Boosted trees that predict the matter overdensity from the galaxies around a cell.

    Parameters
    ----------
    samples : collection of Sample
        Cells of the boxes to fit to.
    seed : int
        Seed of the trees.

    Attributes
    ----------
    sample : Sample
        All cells, from which the same trees can be fitted again.
    """

    def __init__(self, samples: Collection[Sample], *, seed: int = 0):
        features, matter = (np.concatenate(parts) for parts in zip(*samples))
        self.sample = Sample(features, matter)
        self._filter = LinearRegression().fit(features, matter)
        self._trees = HistGradientBoostingRegressor(
            max_iter=50,
            learning_rate=0.2,
            max_leaf_nodes=31,
            min_samples_leaf=100,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=seed,
        )
        self._trees.fit(self._with_filtered(features), matter)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the matter overdensity of cells, (n,) float32, from their features (n, F)."""
        matter = np.empty(len(features), np.float32)
        for start in range(0, len(features), CELLS_AT_ONCE):
            rows = slice(start, start + CELLS_AT_ONCE)
            matter[rows] = self._trees.predict(self._with_filtered(features[rows]))
        return matter

    def reconstruct(self, galaxies: np.ndarray, box_size: ArrayLike) -> np.ndarray:
        """Return the matter overdensity of a periodic box.

        Parameters
        ----------
        galaxies : numpy.ndarray, shape (nx, ny, nz), float32
            Galaxy overdensity.
        box_size : array-like, shape (3,)
            Sides of the box in Mpc/h.

        Returns
        -------
        numpy.ndarray, shape (nx, ny, nz), float32
        """
        return self.predict(galaxy_features(galaxies, box_size)).reshape(galaxies.shape)

    def _with_filtered(self, features: np.ndarray) -> np.ndarray:
        """Return the features beside their linear combination."""
        return np.column_stack([features, self._filter.predict(features)])


def galaxy_features(galaxies: np.ndarray, box_size: ArrayLike) -> np.ndarray:
    """Return the features of each cell of a periodic box.

    Parameters
    ----------
    galaxies : numpy.ndarray, shape (nx, ny, nz), float32
        Galaxy overdensity.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.

    Returns
    -------
    numpy.ndarray, shape (nx * ny * nz, F), float32
        Overdensity smoothed with each of `SCALES`.
    """
    features = np.empty((galaxies.size, len(SCALES)), np.float32)
    for number, smoothed in enumerate(smooth_each(galaxies, box_size, SCALES)):
        features[:, number] = smoothed.ravel()
    return features


def sample_cells(
    galaxies: np.ndarray,
    matter: np.ndarray,
    box_size: ArrayLike,
    most: int,
    random: np.random.Generator,
) -> Sample:
    """Return some cells of a box to fit trees to.

    Parameters
    ----------
    galaxies, matter : numpy.ndarray, shape (nx, ny, nz), float32
        Overdensities.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    most : int
        Most cells.
    random : numpy.random.Generator
        Draws the cells.
    """
    cells = random.choice(matter.size, min(most, matter.size), replace=False)
    cells.sort()
    return Sample(galaxy_features(galaxies, box_size)[cells], matter.ravel()[cells])
