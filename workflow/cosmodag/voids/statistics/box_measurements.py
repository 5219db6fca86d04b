"""Measurements of the voids of one box: what each box adds to the averages over boxes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from cosmodag.voids.finders.cell_list import sort_into_cells
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume
from cosmodag.voids.statistics.ellipticity import ellipticity, turn_randomly
from cosmodag.voids.statistics.shells import OCCUPANCY, cells_in_shells, galaxies_in_shells

N_SHELLS = 30
SHELL_EDGES = np.linspace(0, 3, N_SHELLS + 1)
"""Edges of the shells about a void in units of its radius."""
FEWEST_GALAXIES = 8
"""Fewest galaxies in a void whose ellipticity is measured."""

Sums = tuple[np.ndarray, np.ndarray]
"""Numerator and denominator of an average, each of shape (B,), float64."""


class BoxGalaxies:
    """Galaxies of a box, to be counted around voids.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h.
    weight : numpy.ndarray, shape (N,), or None
        Weights; 1 for each if None.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    """

    def __init__(
        self,
        position: np.ndarray,
        weight: np.ndarray | None,
        box_size: np.ndarray,
        periodic: bool,
    ):
        self.box_size, self.periodic = box_size, periodic
        place = self._wrapped(np.asarray(position, np.float64))
        cells = sort_into_cells(place, box_size, periodic=periodic, occupancy=OCCUPANCY)
        self._cells, self._position = cells, cells.position
        self._weight = np.ones(len(place)) if weight is None else weight[cells.order].astype(float)
        self._tree = cKDTree(self._position, boxsize=box_size if periodic else None)

    def _wrapped(self, position: np.ndarray) -> np.ndarray:
        """Return positions below the sides of a periodic box, also after rounding."""
        return position % self.box_size % self.box_size if self.periodic else position

    @property
    def mean_density(self) -> float:
        """Weight of the galaxies per (Mpc/h)³."""
        return float(self._weight.sum() / self.box_size.prod())

    def in_shells(self, centre: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Return the weight of the galaxies in the shells about points, shape (M, shells).

        Parameters
        ----------
        centre : numpy.ndarray, shape (M, 3), float64
            The points in Mpc/h.
        radius : numpy.ndarray, shape (M,), float64
            Radii in Mpc/h, in units of which `SHELL_EDGES` are.
        """
        width = radius * SHELL_EDGES[1]
        return galaxies_in_shells(self._cells, self._weight, centre, width, N_SHELLS)

    def inside(
        self, spheres: np.ndarray, radius: np.ndarray, centre: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the galaxies inside a union of spheres.

        Parameters
        ----------
        spheres : numpy.ndarray, shape (S, 3), float64
            Centres of the spheres in Mpc/h.
        radius : numpy.ndarray, shape (S,), float64
            Radii in Mpc/h.
        centre : numpy.ndarray, shape (3,), float64
            A point in Mpc/h.

        Returns
        -------
        offset : numpy.ndarray, shape (n, 3), float64
            Positions of the galaxies, or of their nearest images, relative to `centre`.
        weight : numpy.ndarray, shape (n,), float64
            Their weights.
        """
        found = self._tree.query_ball_point(self._wrapped(spheres), radius)
        rows = np.array(sorted(set().union(*found)), dtype=np.int64)
        offset = self._position[rows] - centre
        if self.periodic:
            offset -= self.box_size * np.round(offset / self.box_size)
        return offset, self._weight[rows]


@dataclass(frozen=True)
class VoidMeasurements:
    """Measurements of the voids of one sample in one box.

    Attributes
    ----------
    position : numpy.ndarray, shape (M, 3), float64
        Centres in Mpc/h.
    radius : numpy.ndarray, shape (M,), float64
        Radii of the spheres of equal volume in Mpc/h.
    n_galaxies : numpy.ndarray, shape (M,), int64
        Galaxies in each void.
    ellipticity, chance_ellipticity : numpy.ndarray, shape (M,), float64
        Ellipticity from these galaxies, and after they were turned about the centre into random
        directions; NaN for fewer than `FEWEST_GALAXIES`.
    shells : dict from str to (numpy.ndarray, numpy.ndarray)
        Numerators and denominators, by shell, of the averages

        - "matter" and "galaxies": overdensity, the mean over voids, and the number of voids;
        - "cross_correlation": galaxies in excess of the expectation, and the expectation.
    """

    position: np.ndarray
    radius: np.ndarray
    n_galaxies: np.ndarray
    ellipticity: np.ndarray
    chance_ellipticity: np.ndarray
    shells: dict[str, Sums]

    def __len__(self) -> int:
        return len(self.radius)


def measure_voids(
    voids: VoidCatalogue, galaxies: BoxGalaxies, matter: np.ndarray | None
) -> VoidMeasurements:
    """Measure the voids of a box.

    Shells that reach beyond half the shortest side of a periodic box, or out of an open box, are
    left out. Memory is that of the galaxies around one void.

    Parameters
    ----------
    voids : VoidCatalogue
        The voids.
    galaxies : BoxGalaxies
        Galaxies of the box.
    matter : numpy.ndarray, shape (nx, ny, nz), float32, or None
        Overdensity of the matter.

    Returns
    -------
    VoidMeasurements
    """
    radius = np.cbrt(voids.volume / sphere_volume(1.0))
    box_size, periodic = galaxies.box_size, galaxies.periodic
    expected = galaxies.mean_density * sphere_volume(radius)[:, None] * np.diff(SHELL_EDGES**3)
    usable = radius[:, None] * SHELL_EDGES[1:] <= _reach(voids.position, box_size, periodic)
    expected *= usable
    excess = galaxies.in_shells(voids.position, radius) * usable - expected
    ratio = np.divide(excess, expected, out=np.zeros_like(excess), where=expected > 0)
    shells = {
        "galaxies": (ratio.sum(axis=0), (expected > 0).sum(axis=0)),
        "cross_correlation": (excess.sum(axis=0), expected.sum(axis=0)),
    }
    if matter is not None:
        cell, width = box_size / matter.shape, radius * SHELL_EDGES[1]
        sums, cells = cells_in_shells(matter, cell, voids.position, width, N_SHELLS, periodic)
        known = usable & (cells > 0)
        mean = np.divide(sums, cells, out=np.zeros_like(sums), where=known)
        shells["matter"] = (mean.sum(axis=0), known.sum(axis=0))
    shapes = np.array(list(_shapes(voids, radius, galaxies))).reshape(-1, 3)
    return VoidMeasurements(
        voids.position, radius, shapes[:, 0].astype(np.int64), shapes[:, 1], shapes[:, 2], shells
    )


def _reach(position: np.ndarray, box_size: np.ndarray, periodic: bool) -> np.ndarray:
    """Return the largest radius of a shell about each void in Mpc/h, shape (M, 1)."""
    if periodic:
        return np.full((len(position), 1), box_size.min() / 2)
    return np.minimum(position, box_size - position).min(axis=1, keepdims=True, initial=np.inf)


def _shapes(
    voids: VoidCatalogue, radius: np.ndarray, galaxies: BoxGalaxies
) -> Iterator[tuple[int, float, float]]:
    """Yield the number of galaxies in each void, its ellipticity, and that of chance."""
    random = np.random.default_rng(0)
    of_spheres = len(voids.sphere_radius) > 0
    for row, centre in enumerate(voids.position):
        if of_spheres:
            own = voids.sphere_void == row
            spheres, radii = voids.sphere_position[own], voids.sphere_radius[own]
        else:
            spheres, radii = centre[None], radius[row : row + 1]
        offset, weight = galaxies.inside(spheres, radii, centre)
        if len(offset) < FEWEST_GALAXIES:
            yield len(offset), np.nan, np.nan
            continue
        turned = turn_randomly(offset, random)
        yield len(offset), ellipticity(offset, weight), ellipticity(turned, weight)
