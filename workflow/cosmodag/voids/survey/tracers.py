"""Galaxies in which voids are searched: those of a survey, or of a box."""

import logging
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, join_chunks, read_galaxies
from cosmodag.voids.catalogues.sky_catalogue import SkyCatalogue, SkySample, read_sky
from cosmodag.voids.catalogues.sky_coordinates import sky_coordinates
from cosmodag.voids.grids.box_grid import grid_box
from cosmodag.voids.survey.expected_counts import MOST_CELLS
from cosmodag.voids.survey.footprint import (
    Footprint,
    footprint_of_galaxies,
    footprint_of_randoms,
)
from cosmodag.voids.survey.footprint_check import (
    check_distances,
    check_footprint,
    refuse_galaxies,
)
from cosmodag.voids.survey.selection import SurveySelection, measure_selection
from cosmodag.voids.survey.survey_grid import SurveyGrid, grid_survey
from cosmodag.voids.survey.void_search import FEW_GALAXIES, FEWEST_GALAXIES, VoidSearch

UNIFORM = 2.0
"""Largest ratio of the highest to the lowest density in which empty spheres are alike."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TracerSample:
    """Galaxies in memory, and their grid.

    Attributes
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in the coordinates of `grid.origin`, in Mpc/h.
    grid : SurveyGrid
        Their overdensity and selection function.
    rejections : Rejections
        Rows of the catalogues that were left out.
    selection : SurveySelection or None
        Selection function of a survey; None for a box.
    n_outside : int
        Number of galaxies outside the footprint or the distances of a survey, which are left out.
    """

    position: np.ndarray
    grid: SurveyGrid
    rejections: Rejections
    selection: SurveySelection | None = None
    n_outside: int = 0


class Tracers(ABC):
    """Galaxies in which voids are searched."""

    @property
    @abstractmethod
    def files(self) -> list[Path]:
        """Files that they are read from."""

    @property
    @abstractmethod
    def footprint_source(self) -> str:
        """What states where there are galaxies: "randoms", "mask", "galaxies" or "box"."""

    @abstractmethod
    def sample(self, search: VoidSearch) -> TracerSample:
        """Read the galaxies and assign them to a grid.

        Parameters
        ----------
        search : VoidSearch
            How voids are found.

        Raises
        ------
        InputError
            A catalogue cannot be used, or settings do not fit it.
        """

    def sky_columns(self, position: np.ndarray) -> dict[str, np.ndarray]:
        """Return the coordinates on the sky of positions by the names of their columns, if any.

        Parameters
        ----------
        position : numpy.ndarray, shape (N, 3)
            Positions in Mpc/h.
        """
        return {}


@dataclass(frozen=True, kw_only=True)
class SurveyTracers(Tracers):
    """The galaxies of a survey, its footprint, and the cosmology of its distances.

    The footprint is that of the randoms or of the mask; without either it is estimated from the
    galaxies.

    Parameters
    ----------
    galaxies : SkyCatalogue
        Catalogue with sky coordinates.
    randoms : SkyCatalogue, optional
        Catalogue of points without clustering, which state the selection function.
    mask : path-like, optional
        HEALPix map of the completeness, see `read_mask`.
    mask_column : str or int, optional
        Its column.
    omega_m : float
        Density of matter today in units of the critical density, of flat ΛCDM.
    minimum_completeness : float
        Completeness, in units of its mean, below which a part of the sky is outside the survey.
    """

    galaxies: SkyCatalogue
    omega_m: float
    randoms: SkyCatalogue | None = None
    mask: str | os.PathLike | None = None
    mask_column: str | int | None = None
    minimum_completeness: float = 0.5

    @property
    def files(self) -> list[Path]:
        """Files of the galaxies, and of the randoms or the mask."""
        randoms = [] if self.randoms is None else self.randoms.files
        mask = [] if self.mask is None else [Path(self.mask)]
        return [*self.galaxies.files, *randoms, *mask]

    @property
    def footprint_source(self) -> str:
        """What states the footprint: "randoms", "mask" or "galaxies"."""
        if self.randoms is not None:
            return "randoms"
        return "galaxies" if self.mask is None else "mask"

    def sample(self, search: VoidSearch) -> TracerSample:
        """Read galaxies and footprint, and assign them to a grid; see `Tracers.sample`."""
        rejections = Rejections("rows")
        galaxies, selection = self.read(rejections)
        _describe(selection, search)
        grid = grid_survey(
            galaxies,
            selection,
            cell=search.cell_size,
            minimum_density=search.minimum_density,
        )
        position = galaxies.position
        inside = selection.completeness_at(position) > 0
        n_outside = int(np.count_nonzero(~inside))
        return TracerSample(position[inside], grid, rejections, selection, n_outside)

    def read(self, rejections: Rejections) -> tuple[SkySample, SurveySelection]:
        """Read the galaxies, and measure their selection function.

        Parameters
        ----------
        rejections : Rejections
            Gets the rows that cannot be used.

        Returns
        -------
        galaxies : SkySample
        selection : SurveySelection

        Raises
        ------
        InputError
            A catalogue cannot be used.
        """
        galaxies = self._read(self.galaxies, rejections)
        randoms = None if self.randoms is None else self._read(self.randoms, rejections)
        if randoms is not None:
            refuse_galaxies(randoms, galaxies)
        footprint = self._footprint(galaxies, randoms)
        selection = measure_selection(galaxies, footprint, randoms)
        check_distances(galaxies, selection)
        if self.randoms is not None or self.mask is not None:
            check_footprint(galaxies, footprint, randoms)
        return galaxies, selection

    def sky_columns(self, position: np.ndarray) -> dict[str, np.ndarray]:
        """Return right ascension and declination in degrees and redshift of positions."""
        return dict(zip(("ra", "dec", "redshift"), sky_coordinates(position, self.omega_m)))

    def _footprint(self, galaxies: SkySample, randoms: SkySample | None) -> Footprint:
        """Return the footprint by the best that there is to know it."""
        if randoms is not None:
            return footprint_of_randoms(randoms, self.minimum_completeness)
        if self.mask is None:
            return footprint_of_galaxies(galaxies, self.minimum_completeness)
        from cosmodag.voids.survey.sky_mask import read_mask

        return read_mask(
            self.mask, column=self.mask_column, minimum_completeness=self.minimum_completeness
        )

    def _read(self, catalogue: SkyCatalogue, rejections: Rejections) -> SkySample:
        """Read a catalogue and add its rows that cannot be used to all rejections."""
        rejected = Rejections("rows", catalogue.max_rejected)
        sample = read_sky(catalogue, self.omega_m, rejections=rejected)
        rejections.extend(rejected)
        logger.info("%s: %d rows", catalogue.name, sample.n_objects)
        return sample


@dataclass(frozen=True)
class BoxTracers(Tracers):
    """The galaxies of a box, all of which is observed.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        Their catalogue.
    """

    catalogue: GalaxyCatalogue

    @property
    def files(self) -> list[Path]:
        """Files of the catalogue."""
        return self.catalogue.files

    @property
    def footprint_source(self) -> str:
        """All of the box is observed: "box"."""
        return "box"

    def sample(self, search: VoidSearch) -> TracerSample:
        """Read the galaxies and assign them to a grid; see `Tracers.sample`."""
        cells = self._cells(search)
        rejections = Rejections("rows", self.catalogue.max_rejected)
        galaxies = join_chunks(read_galaxies(self.catalogue, rejections=rejections))
        logger.info("%s: %d galaxies", self.catalogue.name, len(galaxies.position))
        box = self.catalogue.coordinates
        grid = SurveyGrid.from_box(grid_box([galaxies], box, cells), galaxies.weight)
        _refuse_few(self.catalogue.name, grid, search)
        return TracerSample(galaxies.position + box.corner, grid, rejections)

    def _cells(self, search: VoidSearch) -> tuple[int, int, int]:
        """Return the cells along each axis, if they are not too many or their side is given."""
        sides, cell = self.catalogue.coordinates.sides, search.cell_size
        cells = np.maximum(2 * np.rint(sides / cell / 2).astype(int), 2)
        if search.cell is None and cells.prod() > MOST_CELLS:
            least = 1.05 * cell * np.cbrt(cells.prod() / MOST_CELLS)
            raise InputError(
                f"{self.catalogue.name}: the box of {' x '.join(f'{s:g}' for s in sides)} Mpc/h, "
                f"the unit of box_size whatever that of the file, has "
                f"{' x '.join(map(str, cells))} cells of {cell:.3g} Mpc/h, by minimum_radius, and "
                f"these take {4e-9 * cells.prod():.3g} GB for each field: give a cell "
                f"of {least:.3g} Mpc/h and a minimum_radius of twice that or more, or, with enough "
                f"memory, a cell of {cell:.3g} Mpc/h"
            )
        nx, ny, nz = cells.tolist()
        return nx, ny, nz


def _refuse_few(name: str, grid: SurveyGrid, search: VoidSearch) -> None:
    """Refuse a box whose smallest voids would be empty by chance alone."""
    expected = search.galaxies_in_smallest(grid.number_density)
    if expected < FEWEST_GALAXIES:
        least = search.minimum_radius * np.cbrt(FEW_GALAXIES / expected)
        raise InputError(
            f"{name}: a sphere of minimum_radius, {search.minimum_radius:g} Mpc/h, contains "
            f"{expected:.2g} galaxies on average, and is empty by chance with fewer than "
            f"{FEWEST_GALAXIES}; give a minimum_radius of {least:.3g} Mpc/h"
        )


def _describe(selection: SurveySelection, search: VoidSearch) -> None:
    """Log the extent of a survey, and warn of a density that does not suit the finder."""
    logger.info(
        "footprint of %.0f square degrees in pixels of %.2g degrees, distances from %.4g to %.4g "
        "Mpc/h",
        selection.footprint.area * np.degrees(1) ** 2,
        selection.footprint.pixels.side,
        *selection.distance[[0, -1]],
    )
    low, high = selection.density.min(), selection.density.max()
    if search.finder == "spheres" and high > UNIFORM * low:
        logger.warning(
            "the density falls from %.3g to %.3g (Mpc/h)⁻³, and empty spheres grow with it: cut "
            "the catalogue to a volume-limited sample, or use the finder underdensity",
            high,
            low,
        )
