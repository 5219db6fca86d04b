"""Overdensity of galaxies on a grid, relative to the selection function of their survey."""

import logging
from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.survey.expected_counts import (
    ExpectedCounts,
    enclosing_box,
    expected_counts,
)
from cosmodag.voids.survey.selection import SurveySelection

SPARSE = 0.02
"""Fraction of the survey that may be left out without a warning."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SurveyGrid:
    """Overdensity and selection function of galaxies in their box, or in that around a survey.

    Attributes
    ----------
    origin : numpy.ndarray, shape (3,), float64
        Lower corner of the box in Mpc/h; the observer is at 0.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    overdensity : numpy.ndarray, shape (nx, ny, nz), float32
        Galaxies in units of the expected number, minus 1; 0 outside the survey.
    weight : numpy.ndarray, shape (nx, ny, nz), float32
        Expected number of galaxies in units of its mean over the survey; 0 outside, where the
        density is unknown.
    n_galaxies : int
        Number of galaxies inside the survey.
    mean_density : float
        Their number, or sum of weights, per volume in (Mpc/h)⁻³, for a completeness of 1.
    total_weight : float
        Their number, or sum of weights.
    galaxy_weight : float
        Weight of galaxies of equal weight that have the same total weight and Poisson noise.
    periodic : bool
        Whether it is a periodic box, all of which is observed.
    """

    origin: np.ndarray
    box_size: np.ndarray
    overdensity: np.ndarray
    weight: np.ndarray
    n_galaxies: int
    mean_density: float
    total_weight: float
    galaxy_weight: float = 1.0
    periodic: bool = False

    @classmethod
    def from_box(cls, grid: BoxGrid, weight: np.ndarray | None = None) -> "SurveyGrid":
        """Return the overdensity of the galaxies of a box, all of which is observed.

        Parameters
        ----------
        grid : BoxGrid
            The galaxies.
        weight : numpy.ndarray, shape (N,), optional
            Their weights.
        """
        mean = grid.mean_mass
        overdensity = grid.mass / np.float32(mean)
        overdensity -= 1
        return cls(
            origin=grid.origin,
            box_size=grid.box_size,
            overdensity=overdensity,
            weight=np.ones(grid.cells, np.float32),
            n_galaxies=grid.n_galaxies,
            mean_density=float(mean * grid.mass.size / grid.box_size.prod()),
            total_weight=mean * grid.mass.size,
            galaxy_weight=equal_weight(weight),
            periodic=grid.periodic,
        )

    @property
    def cell(self) -> np.ndarray:
        """Sides of a cell in Mpc/h, shape (3,), float64."""
        return self.box_size / self.weight.shape

    @property
    def inside(self) -> np.ndarray:
        """Whether cells are inside the survey, shape (nx, ny, nz), bool."""
        return self.weight > 0

    @property
    def n_equal(self) -> float:
        """Number of galaxies of equal weight that have the same total weight and Poisson noise."""
        return self.total_weight / self.galaxy_weight

    @property
    def number_density(self) -> float:
        """Number density of such galaxies in (Mpc/h)⁻³, for a completeness of 1."""
        return self.mean_density / self.galaxy_weight

    @property
    def volume(self) -> float:
        """Volume of the survey in (Mpc/h)³."""
        return float(np.count_nonzero(self.weight) * self.cell.prod())

    @property
    def effective_volume(self) -> float:
        """Volume of a uniform survey of equal ∫n dV and ∫n² dV in (Mpc/h)³, n the expected density.

        It is the volume of the survey if the expected density is the same everywhere.
        """
        return self.volume / float(np.square(self.weight[self.inside], dtype=np.float64).mean())


def grid_survey(
    galaxies: SkySample,
    selection: SurveySelection,
    *,
    cell: float,
    minimum_density: float = 0.0,
) -> SurveyGrid:
    """Assign galaxies and the selection function of a survey to a grid in the box around it.

    Both are assigned by cloud in cell, the selection function from a regular lattice of points, so
    that they agree at the edges of the survey.

    Parameters
    ----------
    galaxies : SkySample
        The galaxies, with distances.
    selection : SurveySelection
        Their selection function, around whose footprint the box is chosen.
    cell : float
        Side of a cell in Mpc/h.
    minimum_density : float
        Expected number density in (Mpc/h)⁻³, of galaxies of equal weight, below which a cell is
        outside the survey.

    Returns
    -------
    SurveyGrid

    Raises
    ------
    InputError
        The box has more than 2²⁷ cells, or the expected density is below the minimum everywhere.
    """
    galaxy_weight = equal_weight(galaxies.weight)
    densest = selection.density.max() * selection.footprint.completeness.max() / galaxy_weight
    if densest <= minimum_density:
        raise InputError(
            f"{galaxies.name}: the density is at most {densest:.3g} (Mpc/h)⁻³ and nowhere "
            f"{minimum_density:.3g} (Mpc/h)⁻³; give a minimum_radius at least "
            f"{1.1 * np.cbrt(minimum_density / densest):.3g} times as large"
        )
    origin, shape = enclosing_box(selection, cell)
    seen = galaxies.select(selection.completeness_at(galaxies.position) > 0)
    expected = expected_counts(selection, origin, shape, cell, minimum_density * galaxy_weight)
    if expected.sparse > SPARSE:
        logger.warning(
            "%.0f%% of the survey has a density below %.3g (Mpc/h)⁻³ and is left out: give a "
            "larger minimum_radius to keep it",
            100 * expected.sparse,
            minimum_density,
        )
    if not expected.inside.any():
        too_few = "too few galaxies" if expected.sparse else "its centre outside"
        cure = "larger minimum_radius" if expected.sparse else "smaller cell or minimum_radius"
        raise InputError(
            f"{galaxies.name}: every cell of {cell:.3g} Mpc/h has {too_few}; give a {cure}"
        )
    return compare_counts(seen.position - origin, seen.weight, expected)


def compare_counts(
    position: np.ndarray, weight: np.ndarray | None, expected: ExpectedCounts
) -> SurveyGrid:
    """Assign galaxies to a grid, and compare them with the expected numbers.

    The expected numbers are scaled to the galaxies inside, since the mean density of a survey is
    known from its galaxies alone.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Galaxies of the survey in Mpc/h from the lower corner of the box.
    weight : numpy.ndarray, shape (N,), or None
        Their weights.
    expected : ExpectedCounts
        Expected numbers, above 0 in some cell.

    Returns
    -------
    SurveyGrid
    """
    inside, shape = expected.inside, expected.counts.shape
    box_size = expected.cell * np.array(shape, np.float64)
    counts = np.zeros(shape, np.float32)
    assign_mass(position, counts, box_size, weights=weight, periodic=False)
    counts *= inside
    total = counts.sum(dtype=np.float64)
    amplitude = total / expected.counts.sum(dtype=np.float64)
    number = expected.counts * np.float32(amplitude)
    overdensity = np.divide(counts, number, out=counts, where=inside)
    overdensity -= inside
    index = np.minimum((position / expected.cell).astype(np.int64), np.array(shape) - 1)
    number /= np.float32(number.sum(dtype=np.float64) / np.count_nonzero(inside))
    return SurveyGrid(
        origin=expected.origin,
        box_size=box_size,
        overdensity=overdensity,
        weight=number,
        n_galaxies=int(inside[tuple(index.T)].sum()),
        mean_density=float(amplitude * expected.mean_density),
        total_weight=float(total),
        galaxy_weight=equal_weight(weight),
    )


def equal_weight(weight: np.ndarray | None) -> float:
    """Return the weight of equal galaxies with the same total weight and Poisson noise.

    Parameters
    ----------
    weight : numpy.ndarray, shape (N,), or None
        Weights w of the galaxies; each counts once without them.

    Returns
    -------
    float
        Σw² / Σw.
    """
    if weight is None or not len(weight):
        return 1.0
    return float(np.square(weight, dtype=np.float64).sum() / weight.sum(dtype=np.float64))
