"""Search for voids on the grid of a survey or a box, and the catalogue of those found."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.threads import numba_threads
from cosmodag.voids.finders.empty_spheres import find_empty_spheres
from cosmodag.voids.finders.sphere_means import mean_in_spheres
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume
from cosmodag.voids.survey.survey_grid import SurveyGrid

FINDERS = ("underdensity", "spheres")
CELLS_PER_RADIUS = 5
"""Cells per minimum radius, if the size of the cells is not given."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class VoidSearch:
    """How voids are found and which are kept.

    Parameters
    ----------
    finder : {"underdensity", "spheres"}
        Spheres of a low mean density, see `find_underdense_spheres`, or unions of empty spheres,
        see `find_empty_spheres`.
    threshold : float
        Mean overdensity of a void of the first kind, between -1 and 0.
    minimum_radius, maximum_radius : float
        Smallest radius of a void, and the largest one of the first kind, in Mpc/h.
    cell : float, optional
        Side of the cells of the grid in Mpc/h; a fifth of the minimum radius by default.
    minimum_fraction_inside : float
        Smallest fraction of the volume of a void that is inside the survey.

    Raises
    ------
    InputError
        The finder is unknown, or a number is not in its range.
    """

    finder: str = "underdensity"
    threshold: float = -0.7
    minimum_radius: float = 10.0
    maximum_radius: float | None = None
    cell: float | None = None
    minimum_fraction_inside: float = 0.98

    def __post_init__(self):
        if self.finder not in FINDERS:
            raise InputError(f"finder '{self.finder}' is unknown; choose {' or '.join(FINDERS)}")
        for key in ("minimum_radius", "maximum_radius", "cell"):
            value = getattr(self, key)
            if value is not None and not 0 < value < np.inf:
                raise InputError(f"{key}: {value} is no length; give one above 0 Mpc/h")

    @property
    def cell_size(self) -> float:
        """Side of the cells in Mpc/h."""
        return self.cell or self.minimum_radius / CELLS_PER_RADIUS


@dataclass(frozen=True)
class FoundVoids:
    """Voids, and the galaxies and the grid in which they were found.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per void in descending order of radius: `void`, its number; `x`, `y`, `z`, its
        centre in Mpc/h; `ra`, `dec` in degrees and `redshift`, in a survey; `radius` of its
        (maximal) sphere and `effective_radius` of the sphere of equal volume, in Mpc/h; `volume`
        in (Mpc/h)³; `overdensity`, mean of the galaxies in the (maximal) sphere; `n_galaxies`
        there; `fraction_inside` the survey of its volume.
    position : numpy.ndarray, shape (N, 3)
        Galaxies in the coordinates of the table, in Mpc/h.
    grid : SurveyGrid
    n_dropped : int
        Number of voids that reach too far out of the survey.
    rejections : Rejections
        Rows of the catalogues that were left out.
    """

    table: pd.DataFrame
    position: np.ndarray
    grid: SurveyGrid
    n_dropped: int
    rejections: Rejections

    def summarize(self) -> str:
        """Return the numbers of galaxies and voids, and the fraction of the volume in voids."""
        radius = self.table["effective_radius"]
        text = f"{len(self.table)} voids among {len(self.position)} galaxies"
        if len(radius):
            share = self.table["volume"].sum() / self.grid.volume
            text += f", of {radius.min():.3g} to {radius.max():.3g} Mpc/h, in {share:.0%} of "
            text += f"{self.grid.volume:.3g} (Mpc/h)³"
        if self.n_dropped:
            text += f"; {self.n_dropped} that reach out of the survey are left out"
        return text


def search_grid(
    grid: SurveyGrid,
    position: np.ndarray,
    search: VoidSearch,
    rejections: Rejections,
    *,
    threads: int | None = None,
) -> FoundVoids:
    """Find voids on the grid of galaxies or among them, and keep those inside the survey.

    Parameters
    ----------
    grid : SurveyGrid
        Their overdensity.
    position : numpy.ndarray, shape (N, 3)
        The galaxies, in the coordinates of `grid.origin`, in Mpc/h.
    search : VoidSearch
        How voids are found.
    rejections : Rejections
        Rows that were left out.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Returns
    -------
    FoundVoids

    Raises
    ------
    InputError
        The settings do not fit the box.
    """
    logger.info(
        "grid of %s cells of %.3g Mpc/h; %.3g galaxies per (Mpc/h)³",
        "x".join(map(str, grid.weight.shape)),
        grid.cell.max(),
        grid.mean_density,
    )
    with numba_threads(threads):
        if search.finder == "underdensity":
            voids = find_underdense_spheres(
                grid.overdensity,
                grid.box_size,
                periodic=grid.periodic,
                threshold=search.threshold,
                minimum_radius=search.minimum_radius,
                maximum_radius=search.maximum_radius,
            )
        else:
            voids = find_empty_spheres(
                position - grid.origin,
                grid.box_size,
                periodic=grid.periodic,
                minimum_radius=search.minimum_radius,
                survey=None if grid.periodic else grid.inside,
            )
        table = _tabulate(voids, grid, position)
    inside = table["fraction_inside"] >= search.minimum_fraction_inside
    table = table[inside].reset_index(drop=True)
    table.insert(0, "void", np.arange(len(table)))
    return FoundVoids(table, position, grid, int((~inside).sum()), rejections)


def _tabulate(voids: VoidCatalogue, grid: SurveyGrid, position: np.ndarray) -> pd.DataFrame:
    """Return the properties of voids."""

    def mean(field: np.ndarray) -> np.ndarray:
        return mean_in_spheres(
            field, grid.box_size, voids.position, voids.radius, periodic=grid.periodic
        )

    centre = voids.position + grid.origin
    expected = mean(grid.weight)
    excess = mean(grid.weight * grid.overdensity)
    overdensity = np.divide(excess, expected, out=np.zeros(len(voids)), where=expected > 0)
    return pd.DataFrame(
        {
            **dict(zip("xyz", centre.T)),
            "radius": voids.radius,
            "effective_radius": np.cbrt(voids.volume / sphere_volume(1.0)),
            "volume": voids.volume,
            "overdensity": overdensity,
            "n_galaxies": _count(position - grid.origin, voids, grid),
            "fraction_inside": 1.0 if grid.periodic else mean(grid.inside),
        }
    )


def _count(position: np.ndarray, voids: VoidCatalogue, grid: SurveyGrid) -> np.ndarray:
    """Return the number of galaxies in the sphere of each void."""
    sides = grid.box_size if grid.periodic else None
    centre = voids.position
    if sides is not None:  # the tree needs coordinates below the sides
        position, centre = position % sides % sides, centre % sides % sides
    if not len(voids):
        return np.zeros(0, np.int64)
    return cKDTree(position, boxsize=sides).query_ball_point(
        centre, voids.radius, return_length=True
    )
