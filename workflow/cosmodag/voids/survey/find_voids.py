"""Void catalogue of a survey or of a box of galaxies."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.threads import numba_threads
from cosmodag.voids.finders.empty_spheres import find_empty_spheres
from cosmodag.voids.finders.sphere_means import mean_in_spheres
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume
from cosmodag.voids.finders.watershed import WatershedVoids, find_watershed_voids
from cosmodag.voids.survey.chance_voids import chance_fraction, draw_unclustered
from cosmodag.voids.survey.survey_grid import SurveyGrid
from cosmodag.voids.survey.tracers import Tracers, TracerSample
from cosmodag.voids.survey.void_search import FEW_GALAXIES, VoidSearch
from cosmodag.voids.survey.warning_record import recorded_warnings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundVoids:
    """Voids, and the galaxies in which they were found.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per void in descending order of radius: `void`, its number; `x`, `y`, `z`, its
        centre in Mpc/h; `ra`, `dec` in degrees and `redshift`, in a survey; `radius` of its
        (maximal) sphere and `effective_radius` of the sphere of equal volume, in Mpc/h; `volume`
        in (Mpc/h)³; `overdensity`, mean of the galaxies in the (maximal) sphere or basin;
        `n_galaxies` there; `fraction_inside` the survey of its volume; `chance_fraction`, see
        `cosmodag.voids.survey.chance_voids.chance_fraction`, if it was estimated. Of basins also
        `contrast`, `significance` and `ellipticity`, see `WatershedVoids`.
    sample : TracerSample
        The galaxies, in the coordinates of the table.
    n_dropped : int
        Number of voids that reach too far out of the survey.
    footprint_source : str
        What states where there are galaxies, see `Tracers.footprint_source`.
    warnings : sequence of str
        What was warned of.
    n_chance : float or None
        Mean number of voids in samples without clustering; None if there are none.
    """

    table: pd.DataFrame
    sample: TracerSample
    n_dropped: int
    footprint_source: str
    warnings: Sequence[str]
    n_chance: float | None = None

    def summarize(self) -> str:
        """Return the numbers of galaxies and voids, and the fraction of the volume in voids."""
        radius, volume = self.table["effective_radius"], self.sample.grid.volume
        text = f"{len(self.table)} voids among {len(self.sample.position)} galaxies"
        if len(radius):
            share = self.table["volume"].sum() / volume
            text += f", of {radius.min():.3g} to {radius.max():.3g} Mpc/h, in {share:.0%} of "
            text += f"{volume:.3g} (Mpc/h)³"
        if self.n_chance is not None:
            text += f"; galaxies without clustering have {self.n_chance:.3g}"
        if self.n_dropped:
            whole = "box" if self.footprint_source == "box" else "survey"
            text += f"; {self.n_dropped} that reach out of the {whole} are left out"
        if self.sample.n_outside:
            text += f"; {self.sample.n_outside} galaxies outside the survey are not used"
        return text


def find_voids(tracers: Tracers, search: VoidSearch, *, threads: int | None = None) -> FoundVoids:
    """Find voids among the galaxies of a survey or a box.

    Densities are relative to the selection function. Outside a survey the density is unknown; it
    is taken to be the mean, so that spheres do not grow into it, and voids of which too much lies
    outside are left out.

    Parameters
    ----------
    tracers : Tracers
        The galaxies: `SurveyTracers` or `BoxTracers`.
    search : VoidSearch
        How voids are found.
    threads : int, optional
        Threads of the mass assignment and the finders; numba's number of threads by default.

    Returns
    -------
    FoundVoids

    Raises
    ------
    InputError
        A catalogue cannot be used, or settings do not fit the survey or the box.
    """
    with numba_threads(threads), recorded_warnings() as warnings:
        sample = tracers.sample(search)
        grid = sample.grid
        logger.info(
            "grid of %s cells of %.3g Mpc/h; %.3g galaxies per (Mpc/h)³",
            "x".join(map(str, grid.weight.shape)),
            grid.cell.max(),
            grid.number_density,
        )
        expected = search.galaxies_in_smallest(grid.number_density)
        if expected < FEW_GALAXIES:
            logger.warning(
                "a sphere of %.3g Mpc/h contains %.3g galaxies on average, and with fewer than %d "
                "most of the smallest voids are chance: give a larger minimum_radius",
                search.minimum_radius,
                expected,
                FEW_GALAXIES,
            )
        quarter = grid.box_size.min() / 4
        is_default = search.finder == "underdensity" and search.maximum_radius is None
        if is_default and search.minimum_radius > quarter:
            logger.warning(
                "minimum_radius %.3g Mpc/h is above a quarter of the shortest side, %.3g Mpc/h, to "
                "which spheres are searched: only this radius is tried; give a maximum_radius",
                search.minimum_radius,
                quarter,
            )
        table, n_dropped = _search(sample, search)
        n_chance = _compare_with_chance(table, sample, search)
    table.insert(0, "void", np.arange(len(table)))
    sky = tracers.sky_columns(table[["x", "y", "z"]].to_numpy())
    for place, (name, values) in enumerate(sky.items(), table.columns.tolist().index("z") + 1):
        table.insert(place, name, values)
    return FoundVoids(table, sample, n_dropped, tracers.footprint_source, warnings, n_chance)


def _search(sample: TracerSample, search: VoidSearch) -> tuple[pd.DataFrame, int]:
    """Return the properties of voids inside a survey or box, and the number of those left out."""
    table = _tabulate(_find(sample, search), sample)
    inside = table["fraction_inside"] >= search.minimum_fraction_inside
    return table[inside].reset_index(drop=True), int((~inside).sum())


def _compare_with_chance(
    table: pd.DataFrame, sample: TracerSample, search: VoidSearch
) -> float | None:
    """Add the column `chance_fraction`, and return the mean number of voids of chance."""
    if not search.chance_samples:
        return None
    radii = []
    for seed in range(search.chance_samples):
        unclustered = draw_unclustered(sample, np.random.default_rng(seed))
        radii.append(_search(unclustered, search)[0]["effective_radius"].to_numpy())
    place = table.columns.tolist().index("fraction_inside") + 1
    found = table["effective_radius"].to_numpy()
    fraction = chance_fraction(found, np.concatenate(radii), len(radii))
    table.insert(place, "chance_fraction", fraction)
    return sum(map(len, radii)) / len(radii)


def _find(sample: TracerSample, search: VoidSearch) -> VoidCatalogue:
    """Return the voids of the finder, with positions from the corner of the grid."""
    grid = sample.grid
    if search.finder == "underdensity":
        return find_underdense_spheres(
            grid.overdensity,
            grid.box_size,
            periodic=grid.periodic,
            threshold=search.highest_overdensity,
            minimum_radius=search.minimum_radius,
            maximum_radius=search.maximum_radius,
        )
    if search.finder == "watershed":
        return find_watershed_voids(
            grid.overdensity,
            grid.box_size,
            search.watershed,
            density=grid.number_density,
            weight=None if grid.periodic else grid.weight,
            periodic=grid.periodic,
        )
    return find_empty_spheres(
        sample.position - grid.origin,
        grid.box_size,
        periodic=grid.periodic,
        minimum_radius=search.minimum_radius,
        survey=None if grid.periodic else grid.inside,
    )


def _tabulate(voids: VoidCatalogue, sample: TracerSample) -> pd.DataFrame:
    """Return the properties of voids."""
    grid = sample.grid

    def mean(field: np.ndarray) -> np.ndarray:
        return mean_in_spheres(
            field, grid.box_size, voids.position, voids.radius, periodic=grid.periodic
        )

    centre = voids.position + grid.origin
    shapes = {}
    if isinstance(voids, WatershedVoids):
        expected, excess, n_galaxies = _sum_basins(voids, sample)
        shapes = {key: getattr(voids, key) for key in ("contrast", "significance", "ellipticity")}
    else:
        expected, excess = mean(grid.weight), mean(grid.weight * grid.overdensity)
        n_galaxies = _count(sample.position - grid.origin, voids, grid)
    overdensity = np.divide(excess, expected, out=np.zeros(len(voids)), where=expected > 0)
    return pd.DataFrame(
        {
            **dict(zip("xyz", centre.T)),
            "radius": voids.radius,
            "effective_radius": np.cbrt(voids.volume / sphere_volume(1.0)),
            "volume": voids.volume,
            "overdensity": overdensity,
            "n_galaxies": n_galaxies,
            "fraction_inside": 1.0 if grid.periodic else mean(grid.inside),
            **shapes,
        }
    )


def _sum_basins(
    voids: WatershedVoids, sample: TracerSample
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the expected number of galaxies, its excess, and the number, in each basin."""
    grid = sample.grid
    low = voids.rows >= 0
    rows, weight = voids.rows[low], grid.weight[low]
    expected = np.bincount(rows, weight, len(voids))
    excess = np.bincount(rows, weight * grid.overdensity[low], len(voids))
    cells = ((sample.position - grid.origin) / grid.cell).astype(np.int64)
    last = np.array(grid.weight.shape) - 1
    rows = voids.rows[tuple(np.minimum(cells, last).T)]
    return expected, excess, np.bincount(rows[rows >= 0], minlength=len(voids))


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
