"""Galaxies that voids are predicted in: those of a box, or of a survey."""

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.cutouts.survey_channels import SELECTION
from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, read_galaxies
from cosmodag.voids.finders.sphere_means import mean_in_spheres
from cosmodag.voids.grids.box_grid import BoxGrid, grid_box
from cosmodag.voids.prediction.box_prediction import BoxInput
from cosmodag.voids.prediction.training_fields import box_fields, check_periodic
from cosmodag.voids.survey.expected_counts import enclosing_box, expected_counts
from cosmodag.voids.survey.survey_grid import compare_counts
from cosmodag.voids.survey.tracers import SurveyTracers


class GalaxyInput(ABC):
    """Galaxies without labels, which a trained run predicts voids in."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call them."""

    @property
    @abstractmethod
    def files(self) -> list[Path]:
        """Files that they are read from."""

    @abstractmethod
    def grid(
        self, run: TrainedRun, made: BoxInput, grid_file: str | os.PathLike | None
    ) -> tuple[BoxGrid, Rejections]:
        """Read the galaxies, and assign them to a grid like those of training.

        Parameters
        ----------
        run : TrainedRun
            The run.
        made : BoxInput
            How its input was made.
        grid_file : path-like, optional
            A grid file of training, for a run with fields.

        Returns
        -------
        grid : BoxGrid
        rejections : Rejections
            Rows that were left out.

        Raises
        ------
        InputError
            The galaxies cannot be used, or the run was trained on others.
        """

    def complete(self, voids: pd.DataFrame, grid: BoxGrid) -> pd.DataFrame:
        """Return a catalogue of voids with the columns that these galaxies imply."""
        return voids


@dataclass(frozen=True)
class GalaxiesInBox(GalaxyInput):
    """The galaxies of a box, all of which is observed.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        Their catalogue.
    """

    catalogue: GalaxyCatalogue

    @property
    def name(self) -> str:
        """What messages call the catalogue."""
        return self.catalogue.name

    @property
    def files(self) -> list[Path]:
        """Files of the catalogue."""
        return self.catalogue.files

    def grid(
        self, run: TrainedRun, made: BoxInput, grid_file: str | os.PathLike | None
    ) -> tuple[BoxGrid, Rejections]:
        """Assign the galaxies to a grid, with the fields of the run."""
        if SELECTION in made.fields:
            raise InputError(
                f"{self.name}: {run.folder} was trained on a simulated survey; give the randoms or "
                "the mask of a survey, or choose a run on whole boxes"
            )
        coordinates = self.catalogue.coordinates
        check_periodic(run, made, periodic=coordinates.periodic, name=self.name)
        cells = made.cells(coordinates.sides, self.name)
        rejections = Rejections("rows", self.catalogue.max_rejected)
        galaxies = read_galaxies(self.catalogue, rejections=rejections)
        grid = grid_box(galaxies, coordinates, cells, method=made.method)
        return box_fields(run, made, grid, grid_file), rejections


@dataclass(frozen=True, kw_only=True)
class ObservedGrid(BoxGrid):
    """Galaxies of a survey on a grid, in units of their expected number, 1 in unknown cells.

    Its only field is the expected number in units of its mean, 0 in unknown cells.

    Attributes
    ----------
    density : float
        Number density in (Mpc/h)⁻³ for a completeness of 1.
    n_outside : int
        Galaxies outside the survey or where too few are expected, which are not used.
    """

    density: float
    n_outside: int

    @property
    def known(self) -> np.ndarray:
        """Which cells are inside the survey, shape (nx, ny, nz), bool."""
        (selection,) = self.fields
        return selection > 0

    @property
    def mean_mass(self) -> float:
        """The expected number in units of itself."""
        return 1.0

    @property
    def number_density(self) -> float:
        """Number density of the galaxies for a completeness of 1 in (Mpc/h)⁻³."""
        return self.density


@dataclass(frozen=True)
class GalaxiesInSurvey(GalaxyInput):
    """The galaxies of a survey.

    Parameters
    ----------
    tracers : SurveyTracers
        Galaxies and footprint.
    """

    tracers: SurveyTracers

    @property
    def name(self) -> str:
        """What messages call the catalogue."""
        return self.tracers.galaxies.name

    @property
    def files(self) -> list[Path]:
        """Files of galaxies, randoms and mask."""
        return self.tracers.files

    def grid(
        self, run: TrainedRun, made: BoxInput, grid_file: str | os.PathLike | None
    ) -> tuple[ObservedGrid, Rejections]:
        """Assign the galaxies to a grid in the box around the survey."""
        if made.fields != (SELECTION,) or made.minimum_selection is None:
            raise InputError(
                f"{self.name}: {run.folder} was trained on whole boxes; choose a run on a "
                "simulation with a survey"
            )
        rejections = Rejections("rows")
        galaxies, selection = self.tracers.read(rejections)
        cell, factor = made.cell_size, made.shape.factor
        origin, shape = enclosing_box(selection, cell)
        nx, ny, nz = (factor * -(-max(length, made.shape.side) // factor) for length in shape)
        origin = origin - cell * (np.array([nx, ny, nz]) - shape) / 2
        least = made.minimum_selection * float(selection.density.max())
        expected = expected_counts(selection, origin, (nx, ny, nz), cell, least)
        if not expected.inside.any():
            raise InputError(f"{self.name}: no cell of {cell:g} Mpc/h is inside the survey")
        seen = galaxies.select(selection.completeness_at(galaxies.position) > 0)
        grid = compare_counts(seen.position - origin, seen.weight, expected)
        observed = ObservedGrid(
            mass=grid.overdensity + 1,
            n_galaxies=grid.n_galaxies,
            box_size=grid.box_size,
            origin=origin,
            periodic=False,
            fields=[grid.weight],
            density=grid.number_density,
            n_outside=len(galaxies.position) - grid.n_galaxies,
        )
        return observed, rejections

    def complete(self, voids: pd.DataFrame, grid: BoxGrid) -> pd.DataFrame:
        """Add the place on the sky, and the fraction inside of the sphere of equal volume."""
        position = voids[["x", "y", "z"]].to_numpy(np.float64)
        radius = voids["effective_radius"].to_numpy(np.float64)
        (selection,) = grid.fields
        inside = mean_in_spheres(
            selection > 0, grid.box_size, position - grid.origin, radius, periodic=False
        )
        completed = voids.copy()
        place = completed.columns.tolist().index("z") + 1
        for name, values in self.tracers.sky_columns(position).items():
            completed.insert(place, name, values)
            place += 1
        return completed.assign(fraction_inside=inside)


def galaxy_input(galaxies: GalaxyCatalogue | SurveyTracers) -> GalaxyInput:
    """Return galaxies of a box or of a survey as an input of predictions."""
    if isinstance(galaxies, SurveyTracers):
        return GalaxiesInSurvey(galaxies)
    return GalaxiesInBox(galaxies)
