"""The survey by which simulated boxes are observed: its selection, and the place of a box in it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosmodag.cosmology.background import comoving_distance
from cosmodag.errors import InputError
from cosmodag.voids.catalogues.sky_catalogue import (
    LARGEST_REDSHIFT,
    SkyCatalogue,
    SkySample,
    read_sky,
)
from cosmodag.voids.survey.footprint import Footprint, footprint_of_randoms
from cosmodag.voids.survey.placement import place_box
from cosmodag.voids.survey.selection import SHELL, SurveySelection, radial_density
from cosmodag.voids.survey.sky_area import footprint_of_area

N_DISTANCES = 200
"""Distances between which a radial selection that is given by numbers is interpolated."""


@dataclass(frozen=True)
class BoxSelection:
    """Selection function of a survey, and the place of a box in it.

    Attributes
    ----------
    selection : SurveySelection
        Expected number density of galaxies about the observer.
    corner : numpy.ndarray, shape (3,), float64
        Lower corner of the box in Mpc/h, with the observer at 0.
    minimum_selection : float
        Expected density, in units of the highest one, below which cells are unknown.
    """

    selection: SurveySelection
    corner: np.ndarray
    minimum_selection: float

    @property
    def highest_density(self) -> float:
        """Highest expected number density of all places in (Mpc/h)⁻³."""
        completeness = self.selection.footprint.completeness.max()
        return float(self.selection.density.max() * completeness)

    @property
    def minimum_density(self) -> float:
        """Expected number density in (Mpc/h)⁻³ below which cells are unknown."""
        return self.minimum_selection * float(self.selection.density.max())

    def observe(self, position: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return the galaxies that the survey contains.

        Parameters
        ----------
        position : numpy.ndarray, shape (N, 3), float32
            Galaxies of `highest_density` in Mpc/h from the lower corner of the box.
        random : numpy.random.Generator

        Returns
        -------
        numpy.ndarray, shape (M, 3), float32
            Those that are kept with the probability that is the expected density at their places in
            units of the highest one.
        """
        expected = self.selection.density_at(position + self.corner)
        return position[random.random(len(position)) * self.highest_density < expected]


@dataclass(frozen=True, kw_only=True)
class SimulatedSurvey:
    """Footprint and radial selection of a survey that does not exist yet, or has other galaxies.

    The footprint is that of randoms, of a mask, or an area between limits. The radial selection is
    given by numbers, or else that of the randoms, or else constant.

    Parameters
    ----------
    randoms : SkyCatalogue, optional
        Points without clustering.
    mask : path-like, optional
        HEALPix map of the completeness, see `cosmodag.voids.survey.sky_mask.read_mask`.
    mask_column : str or int, optional
        Its column.
    ra, dec : sequence of float, shape (2,), optional
        Limits on the sky, see `footprint_of_area`.
    minimum_redshift, maximum_redshift : float
        Limits of the survey, without the redshifts of randoms.
    redshifts, densities : sequence of float, shape (K,), optional
        Radial selection: ascending redshifts and the number densities there in any unit, between
        which it is linear in distance. The survey ends at the first and the last redshift.
    fall_off : float, optional
        Radial selection: standard deviation in Mpc/h of a Gaussian of the distance.
    omega_m : float
        Density of matter today in units of the critical density, of flat ΛCDM, for distances.
    minimum_completeness : float
        Completeness, in units of its mean, below which a part of the sky is outside the survey.
    minimum_selection : float
        Expected density, in units of the highest one, below which cells are unknown.
    centre : sequence of float, shape (3,), optional
        Centre of the box in Mpc/h with the observer at 0; by default the box covers as much of the
        survey as it can, see `place_box`.

    Raises
    ------
    InputError
        Not exactly one footprint is given, or redshifts and densities do not fit together.
    """

    omega_m: float
    randoms: SkyCatalogue | None = None
    mask: str | os.PathLike | None = None
    mask_column: str | int | None = None
    ra: Sequence[float] | None = None
    dec: Sequence[float] | None = None
    minimum_redshift: float = 0.0
    maximum_redshift: float = LARGEST_REDSHIFT
    redshifts: Sequence[float] | None = None
    densities: Sequence[float] | None = None
    fall_off: float | None = None
    minimum_completeness: float = 0.5
    minimum_selection: float = 0.2
    centre: Sequence[float] | None = None

    def __post_init__(self):
        area = self.ra is not None and self.dec is not None
        if (self.randoms is not None) + (self.mask is not None) + area != 1:
            raise InputError("survey: give randoms, a mask, or ra and dec, one of the three")
        if (self.redshifts is None) != (self.densities is None):
            raise InputError("survey: redshifts and densities belong together; give both or none")
        if self.redshifts is not None and self.densities is not None:
            steps = np.diff(self.redshifts)
            if len(self.redshifts) != len(self.densities) or not (steps > 0).all():
                raise InputError(
                    f"survey: {len(self.redshifts)} redshifts and {len(self.densities)} densities; "
                    "give one density for each of ascending redshifts"
                )
            if not (np.min(self.densities) >= 0 and np.max(self.densities) > 0):
                raise InputError(f"survey: densities {list(self.densities)}: give some above 0")

    @property
    def files(self) -> list[Path]:
        """Files of the randoms or the mask."""
        randoms = [] if self.randoms is None else self.randoms.files
        return [*randoms, *([] if self.mask is None else [Path(self.mask)])]

    def place(self, box_size: float, number_density: float) -> BoxSelection:
        """Return the selection function of the survey, and the place of a box in it.

        Parameters
        ----------
        box_size : float
            Side of the box in Mpc/h.
        number_density : float
            Number density of galaxies in (Mpc/h)⁻³ at a completeness of 1, where the radial
            selection is highest.

        Raises
        ------
        InputError
            A file cannot be used, the limits of the survey are unknown, or no galaxy would be in
            the box.
        """
        randoms = None if self.randoms is None else read_sky(self.randoms, self.omega_m)
        footprint = self._footprint(randoms)
        distance, density = self._radial(randoms, footprint)
        selection = SurveySelection(footprint, distance, density * number_density / density.max())
        if self.centre is None:
            corner = place_box(selection, box_size, self.minimum_selection)
        else:
            corner = np.asarray(self.centre, np.float64) - box_size / 2
        return BoxSelection(selection, corner, self.minimum_selection)

    def _footprint(self, randoms: SkySample | None) -> Footprint:
        """Return the footprint, whose completeness is at most 1 for one that is given by limits."""
        if randoms is not None:
            return footprint_of_randoms(randoms, self.minimum_completeness)
        if self.ra is not None and self.dec is not None:
            return footprint_of_area(self.ra, self.dec)
        from cosmodag.voids.survey.sky_mask import read_mask

        return read_mask(
            self.mask or "",
            column=self.mask_column,
            minimum_completeness=self.minimum_completeness,
        )

    def _radial(
        self, randoms: SkySample | None, footprint: Footprint
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return distances and the density there in any unit."""
        if self.redshifts is not None:
            distance = comoving_distance(self.omega_m, np.asarray(self.redshifts, np.float64))
            return distance, np.asarray(self.densities, np.float64)
        if self.fall_off is None and randoms is not None and randoms.distance is not None:
            inside = randoms.select(footprint.at(randoms.ra, randoms.dec) > 0)
            return radial_density(inside, footprint.solid_angle, SHELL)
        if self.maximum_redshift >= LARGEST_REDSHIFT:
            raise InputError(
                "survey: where it ends is unknown; give maximum_redshift, or redshifts and "
                "densities, or randoms with redshifts"
            )
        low, high = (
            comoving_distance(self.omega_m, redshift)
            for redshift in (self.minimum_redshift, self.maximum_redshift)
        )
        distance = np.linspace(low, high, N_DISTANCES)
        if self.fall_off is None:
            return distance, np.ones(N_DISTANCES)
        return distance, np.exp(-0.5 * (distance / self.fall_off) ** 2)
