"""Void catalogue of a survey or of a box of galaxies."""

import logging
from dataclasses import dataclass

import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, read_galaxies
from cosmodag.voids.catalogues.sky_catalogue import SkyCatalogue, read_sky
from cosmodag.voids.catalogues.sky_coordinates import sky_coordinates
from cosmodag.voids.finders.void_catalogue import sphere_volume
from cosmodag.voids.survey.selection import measure_selection
from cosmodag.voids.survey.survey_grid import SurveyGrid, grid_survey
from cosmodag.voids.survey.void_search import FoundVoids, VoidSearch, search_grid

FEWEST_GALAXIES = 5
"""Expected number of galaxies in the smallest void, below which a cell is outside the survey: of
chance alone spheres would then be empty."""
UNIFORM = 2.0
"""Largest ratio of the highest to the lowest density in which empty spheres are alike."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The galaxies of a survey, its randoms, and the cosmology of its distances.

    Parameters
    ----------
    galaxies, randoms : SkyCatalogue
        Catalogues with sky coordinates.
    omega_m : float
        Density of matter today in units of the critical density, of flat ΛCDM.
    minimum_completeness : float
        Completeness, in units of its mean, below which a part of the sky is outside the survey.
    """

    galaxies: SkyCatalogue
    randoms: SkyCatalogue
    omega_m: float
    minimum_completeness: float = 0.5


def find_voids_in_survey(
    survey: Survey, search: VoidSearch, *, threads: int | None = None
) -> FoundVoids:
    """Find voids among the galaxies of a survey.

    Densities are relative to the selection function, which the randoms state. Outside the survey
    the density is unknown; it is taken to be the mean, so that spheres do not grow into it, and
    voids of which too much lies outside are left out.

    Parameters
    ----------
    survey : Survey
        Galaxies and randoms.
    search : VoidSearch
        How voids are found.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Returns
    -------
    FoundVoids

    Raises
    ------
    InputError
        A catalogue cannot be used, or settings do not fit the survey.
    """
    rejections = Rejections("rows")
    samples = []
    for catalogue in (survey.galaxies, survey.randoms):
        rejected = Rejections("rows", catalogue.max_rejected)
        samples.append(read_sky(catalogue, survey.omega_m, rejections=rejected))
        rejections.extend(rejected)
        logger.info("%s: %d rows", catalogue.name, samples[-1].n_objects)
    galaxies, randoms = samples
    selection = measure_selection(
        galaxies, randoms, minimum_completeness=survey.minimum_completeness
    )
    logger.info(
        "footprint of %.0f square degrees in pixels of %.2g degrees, distances from %.4g to %.4g "
        "Mpc/h",
        selection.area * np.degrees(1) ** 2,
        selection.pixels.side,
        *selection.distance[[0, -1]],
    )
    if search.finder == "spheres" and selection.density.max() > UNIFORM * selection.density.min():
        logger.warning(
            "the density falls from %.3g to %.3g (Mpc/h)⁻³, and empty spheres grow with it: cut "
            "the catalogue to a volume-limited sample, or use the finder underdensity",
            selection.density.max(),
            selection.density.min(),
        )
    grid = grid_survey(
        galaxies,
        randoms,
        selection,
        cell=search.cell_size,
        minimum_density=FEWEST_GALAXIES / float(sphere_volume(search.minimum_radius)),
    )
    position = galaxies.position[selection.completeness_at(galaxies.position) > 0]
    found = search_grid(grid, position, search, rejections, threads=threads)
    centres = found.table[["x", "y", "z"]].to_numpy()
    for place, (name, values) in enumerate(
        zip(("ra", "dec", "redshift"), sky_coordinates(centres, survey.omega_m)), 4
    ):
        found.table.insert(place, name, values)
    return found


def find_voids_in_box(
    catalogue: GalaxyCatalogue, search: VoidSearch, *, threads: int | None = None
) -> FoundVoids:
    """Find voids among the galaxies of a box.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        The galaxies.
    search : VoidSearch
        How voids are found.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Returns
    -------
    FoundVoids

    Raises
    ------
    InputError
        The catalogue cannot be used, or settings do not fit the box.
    """
    rejections = Rejections("rows", catalogue.max_rejected)
    chunks = list(read_galaxies(catalogue, rejections=rejections))
    coordinates = catalogue.coordinates
    position = np.concatenate([chunk.position for chunk in chunks])
    weight = None
    if catalogue.weight is not None:
        weight = np.concatenate([np.asarray(chunk.weight) for chunk in chunks])
    logger.info("%s: %d galaxies", catalogue.name, len(position))
    grid = _grid_box(position, weight, catalogue, search.cell_size)
    return search_grid(grid, position + coordinates.corner, search, rejections, threads=threads)


def _grid_box(
    position: np.ndarray, weight: np.ndarray | None, catalogue: GalaxyCatalogue, cell: float
) -> SurveyGrid:
    """Return the overdensity of the galaxies of a box, all of which is observed."""
    coordinates = catalogue.coordinates
    shape = tuple(np.maximum(np.rint(coordinates.sides / cell / 2).astype(int) * 2, 2).tolist())
    counts = np.zeros(shape, np.float32)
    assign_mass(position, counts, coordinates.sides, weights=weight, periodic=coordinates.periodic)
    mean = counts.mean(dtype=np.float64)
    counts /= np.float32(mean)
    counts -= 1
    return SurveyGrid(
        origin=coordinates.corner,
        box_size=coordinates.sides,
        overdensity=counts,
        weight=np.ones(shape, np.float32),
        n_galaxies=len(position),
        mean_density=float(mean * counts.size / coordinates.sides.prod()),
        periodic=coordinates.periodic,
    )
