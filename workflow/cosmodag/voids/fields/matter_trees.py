"""Boosted trees that reconstruct the matter of a periodic box from its galaxies."""

import itertools
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from cosmodag.voids.finders.smoothing import smooth_each

SCALES = (1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 14.0)
"""Standard deviations in Mpc/h of the Gaussians that smooth the galaxies."""
NEIGHBOURS = {2.0: 4.0, 4.0: 8.0, 8.0: 12.0}
"""Distances in Mpc/h of neighbours along the axes, by the scale with which they are smoothed."""
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
        surroundings = Surroundings(galaxies, box_size)
        matter = np.empty(galaxies.size, np.float32)
        for start in range(0, galaxies.size, CELLS_AT_ONCE):
            cells = np.arange(start, min(start + CELLS_AT_ONCE, galaxies.size))
            matter[cells] = self._trees.predict(self._with_filtered(surroundings.of(cells)))
        return matter.reshape(galaxies.shape)

    def _with_filtered(self, features: np.ndarray) -> np.ndarray:
        """Return the features beside their linear combination."""
        return np.column_stack([features, self._filter.predict(features)])


class Surroundings:
    """Galaxies around the cells of a periodic box, as features of these cells.

    Parameters
    ----------
    galaxies : numpy.ndarray, shape (nx, ny, nz), float32
        Galaxy overdensity.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    """

    def __init__(self, galaxies: np.ndarray, box_size: ArrayLike):
        self._shape = galaxies.shape
        self._smoothed = list(smooth_each(galaxies, box_size, SCALES))
        cell = np.asarray(box_size, np.float64) / self._shape
        self._steps = {
            scale: np.maximum(np.rint(distance / cell).astype(int), 1)
            for scale, distance in NEIGHBOURS.items()
        }

    def of(self, cells: np.ndarray) -> np.ndarray:
        """Return the features of some cells.

        Parameters
        ----------
        cells : numpy.ndarray, shape (n,), int64
            Numbers of the cells, with the last axis fastest.

        Returns
        -------
        numpy.ndarray, shape (n, F), float32
            Overdensity smoothed with each of `SCALES`, and for each of `NEIGHBOURS` that at the six
            neighbours in ascending order, which no rotation by a right angle changes.
        """
        features = [smoothed.ravel()[cells] for smoothed in self._smoothed]
        place = np.unravel_index(cells, self._shape)
        for scale, steps in self._steps.items():
            smoothed = self._smoothed[SCALES.index(scale)]
            around = np.empty((6, len(cells)), np.float32)
            for number, (axis, sign) in enumerate(itertools.product(range(3), (-1, 1))):
                moved = list(place)
                moved[axis] = (moved[axis] + sign * steps[axis]) % self._shape[axis]
                around[number] = smoothed[tuple(moved)]
            around.sort(axis=0)
            features += [*around]
        return np.stack(features, axis=1)


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
    return Sample(Surroundings(galaxies, box_size).of(cells), matter.ravel()[cells])
