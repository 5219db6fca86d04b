"""Overdensity of galaxies on a grid, relative to the selection function of their survey."""

import logging
from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.survey.selection import SurveySelection

MOST_CELLS = 2**27
"""Cells of a grid: 0.5 GB for each field."""
PADDING = 2
"""Cells between the survey and the faces of its box."""
MULTIPLE = 8
"""The numbers of cells are multiples of it, so that finders can use coarser meshes."""
POINTS_PER_SIDE = 2
"""Points of the lattice per side of a cell, at which the expected density is evaluated."""
SPARSE = 0.02
"""Fraction of the survey that may be left out without a warning."""
SLAB_POINTS = 2**22
"""Largest number of these points at a time."""


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
    periodic : bool
        Whether it is a periodic box, all of which is observed.
    """

    origin: np.ndarray
    box_size: np.ndarray
    overdensity: np.ndarray
    weight: np.ndarray
    n_galaxies: int
    mean_density: float
    periodic: bool = False

    @classmethod
    def from_box(cls, grid: BoxGrid) -> "SurveyGrid":
        """Return the overdensity of the galaxies of a box, all of which is observed.

        Parameters
        ----------
        grid : BoxGrid
            The galaxies.
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
        Expected number density in (Mpc/h)⁻³ below which a cell is outside the survey.

    Returns
    -------
    SurveyGrid

    Raises
    ------
    InputError
        The box has more than 2²⁷ cells, or the expected density is below the minimum everywhere.
    """
    densest = selection.density.max() * selection.footprint.completeness.max()
    if densest <= minimum_density:
        raise InputError(
            f"{galaxies.name}: the density is at most {densest:.3g} (Mpc/h)⁻³ and nowhere "
            f"{minimum_density:.3g} (Mpc/h)⁻³; give a larger minimum_radius, or weights with a "
            "mean of about 1"
        )
    origin, shape = enclosing_box(selection, cell)
    box_size = cell * np.array(shape, np.float64)
    expected, inside, mean_density = _expected_counts(
        selection, origin, shape, cell, minimum_density
    )
    if not inside.any():
        raise InputError(
            f"{galaxies.name}: no cell of {cell:.3g} Mpc/h has its centre inside the survey; "
            "give a smaller cell, or a smaller minimum_radius"
        )
    seen = galaxies.select(selection.completeness_at(galaxies.position) > 0)
    position = seen.position - origin
    counts = np.zeros(shape, np.float32)
    assign_mass(position, counts, box_size, weights=seen.weight, periodic=False)
    counts *= inside
    total = counts.sum(dtype=np.float64)
    amplitude = total / expected.sum(dtype=np.float64)
    expected *= np.float32(amplitude)
    overdensity = np.divide(counts, expected, out=counts, where=inside)
    overdensity -= inside
    index = np.minimum((position / cell).astype(np.int64), np.array(shape) - 1)
    expected /= np.float32(expected.sum(dtype=np.float64) / np.count_nonzero(inside))
    return SurveyGrid(
        origin=origin,
        box_size=box_size,
        overdensity=overdensity,
        weight=expected,
        n_galaxies=int(inside[tuple(index.T)].sum()),
        mean_density=float(amplitude * mean_density),
    )


def enclosing_box(
    selection: SurveySelection, cell: float
) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Return the lower corner and the numbers of cells of the box around a survey.

    Parameters
    ----------
    selection : SurveySelection
        Selection function, for the footprint and the range of distances.
    cell : float
        Side of a cell in Mpc/h.

    Returns
    -------
    origin : numpy.ndarray, shape (3,), float64
        Lower corner in Mpc/h.
    shape : tuple of int, shape (3,)
        Cells along each axis.

    Raises
    ------
    InputError
        There are more than 2²⁷ cells.
    """
    direction = selection.footprint.outline
    corners = [
        f(direction, axis=0) * r for f in (np.min, np.max) for r in selection.distance[[0, -1]]
    ]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    cells = np.ceil((high - low) / cell) + 2 * PADDING
    cells = (np.ceil(cells / MULTIPLE) * MULTIPLE).astype(int)
    if cells.prod() > MOST_CELLS:
        least = cell * np.cbrt(cells.prod() / MOST_CELLS)
        raise InputError(
            f"{selection.footprint.name}: cells of {cell:.3g} Mpc/h in the box of "
            f"{' x '.join(f'{side:.4g}' for side in high - low)} Mpc/h around the survey are more "
            f"than {MOST_CELLS}; give a cell of at least {1.05 * least:.3g} Mpc/h with a "
            "minimum_radius of twice that or more, or a narrower range of redshifts"
        )
    nx, ny, nz = cells.tolist()
    return (low + high) / 2 - cell * cells / 2, (nx, ny, nz)


def _expected_counts(
    selection: SurveySelection,
    origin: np.ndarray,
    shape: tuple[int, int, int],
    cell: float,
    minimum_density: float,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the expected number of galaxies per cell, which cells are inside, and its density.

    The density is that inside for a completeness of 1.
    """
    expected, inside = np.zeros(shape, np.float32), np.zeros(shape, bool)
    box_size = cell * np.array(shape, np.float64)
    total, completeness, n_seen = 0.0, 0.0, 0
    step = max(1, SLAB_POINTS // (POINTS_PER_SIDE**3 * shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        slab = slice(start, min(start + step, shape[0]))
        points = _lattice(slab, shape, cell, POINTS_PER_SIDE) + origin
        density = selection.density_at(points)
        seen = density > 0
        number = density[seen] * (cell / POINTS_PER_SIDE) ** 3
        assign_mass(points[seen] - origin, expected, box_size, weights=number, periodic=False)
        centres = _lattice(slab, shape, cell, 1) + origin
        density = selection.density_at(centres)
        dense = density > minimum_density
        n_seen += int(np.count_nonzero(density))
        inside[slab] = dense.reshape(-1, *shape[1:])
        total += float(density[dense].sum())
        completeness += float(selection.completeness_at(centres)[dense].sum())
    sparse = 1 - np.count_nonzero(inside) / max(n_seen, 1)
    if sparse > SPARSE:
        logger.warning(
            "%.0f%% of the survey has a density below %.3g (Mpc/h)⁻³ and is left out: give a "
            "larger minimum_radius to keep it",
            100 * sparse,
            minimum_density,
        )
    inside &= expected > 0
    return expected * inside, inside, total / max(completeness, 1.0)


def _lattice(planes: slice, shape: tuple[int, int, int], cell: float, per_side: int) -> np.ndarray:
    """Return a lattice of points in planes of cells, shape (N, 3), in Mpc/h from the corner."""
    ranges = (range(planes.start, planes.stop), range(shape[1]), range(shape[2]))
    axes = [
        cell * (each.start + (np.arange(per_side * len(each)) + 0.5) / per_side) for each in ranges
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
