"""Number of galaxies that a survey without clustering would have in each cell of a box."""

from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.survey.selection import SurveySelection

MOST_CELLS = 2**27
"""Cells of a grid: 0.5 GB for each field."""
PADDING = 2
"""Cells between the survey and the faces of its box."""
MULTIPLE = 8
"""The numbers of cells are multiples of it, so that finders can use coarser meshes."""
POINTS_PER_SIDE = 2
"""Points of the lattice per side of a cell, at which the expected density is evaluated."""
SLAB_POINTS = 2**22
"""Largest number of these points at a time."""


@dataclass(frozen=True)
class ExpectedCounts:
    """Number of galaxies that a survey without clustering would have in each cell of a box.

    Attributes
    ----------
    origin : numpy.ndarray, shape (3,), float64
        Lower corner of the box in Mpc/h; the observer is at 0.
    cell : float
        Side of a cell in Mpc/h.
    counts : numpy.ndarray, shape (nx, ny, nz), float32
        Expected numbers; 0 outside the survey.
    inside : numpy.ndarray, shape (nx, ny, nz), bool
        Whether cells are inside the survey.
    mean_density : float
        Expected number density inside for a completeness of 1 in (Mpc/h)⁻³.
    sparse : float
        Fraction of the cells of the survey whose density is too low.
    """

    origin: np.ndarray
    cell: float
    counts: np.ndarray
    inside: np.ndarray
    mean_density: float
    sparse: float


def survey_limits(selection: SurveySelection) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and the upper corner of a box that contains a survey.

    Parameters
    ----------
    selection : SurveySelection
        Selection function, for the footprint and the range of distances.

    Returns
    -------
    low, high : numpy.ndarray, shape (3,), float64
        In Mpc/h with the observer at 0.
    """
    direction = selection.footprint.outline
    corners = [
        f(direction, axis=0) * r for f in (np.min, np.max) for r in selection.distance[[0, -1]]
    ]
    return np.min(corners, axis=0), np.max(corners, axis=0)


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
    low, high = survey_limits(selection)
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


def expected_counts(
    selection: SurveySelection,
    origin: np.ndarray,
    shape: tuple[int, int, int],
    cell: float,
    minimum_density: float,
) -> ExpectedCounts:
    """Return the number of galaxies that a survey without clustering would have in each cell.

    Parameters
    ----------
    selection : SurveySelection
        Selection function of the survey.
    origin : numpy.ndarray, shape (3,)
        Lower corner of the grid in Mpc/h; the observer is at 0.
    shape : tuple of int, shape (3,)
        Cells along each axis.
    cell : float
        Side of a cell in Mpc/h.
    minimum_density : float
        Expected number density in (Mpc/h)⁻³ below which a cell is outside the survey.

    Returns
    -------
    ExpectedCounts
    """
    expected, inside = np.zeros(shape, np.float32), np.zeros(shape, bool)
    box_size = cell * np.array(shape, np.float64)
    total, completeness, n_seen = 0.0, 0.0, 0
    step = max(1, SLAB_POINTS // (POINTS_PER_SIDE**3 * shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        slab = slice(start, min(start + step, shape[0]))
        points = lattice(slab, shape, cell, POINTS_PER_SIDE) + origin
        density = selection.density_at(points)
        seen = density > 0
        number = density[seen] * (cell / POINTS_PER_SIDE) ** 3
        assign_mass(points[seen] - origin, expected, box_size, weights=number, periodic=False)
        centres = lattice(slab, shape, cell, 1) + origin
        density = selection.density_at(centres)
        dense = density > minimum_density
        n_seen += int(np.count_nonzero(density))
        inside[slab] = dense.reshape(-1, *shape[1:])
        total += float(density[dense].sum())
        completeness += float(selection.completeness_at(centres)[dense].sum())
    sparse = 1 - np.count_nonzero(inside) / n_seen if n_seen else 0.0
    inside &= expected > 0
    return ExpectedCounts(
        origin, cell, expected * inside, inside, total / max(completeness, 1.0), sparse
    )


def lattice(planes: slice, shape: tuple[int, int, int], cell: float, per_side: int) -> np.ndarray:
    """Return a regular lattice of points in some planes of cells along the first axis.

    Parameters
    ----------
    planes : slice
        Planes of cells.
    shape : tuple of int, shape (3,)
        Cells along each axis.
    cell : float
        Side of a cell in Mpc/h.
    per_side : int
        Points per side of a cell; a single one is its centre.

    Returns
    -------
    numpy.ndarray, shape (N, 3), float64
        Positions in Mpc/h from the corner of the grid.
    """
    ranges = (range(planes.start, planes.stop), range(shape[1]), range(shape[2]))
    axes = [
        cell * (each.start + (np.arange(per_side * len(each)) + 0.5) / per_side) for each in ranges
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
