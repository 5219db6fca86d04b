"""Selection function of a survey: the number density of galaxies that it would see without
clustering.

It is the product of an angular completeness, measured from randoms in pixels on the sky, and a
density that depends on the distance, measured from the randoms or, if they have no redshifts, from
the galaxies.
"""

from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.catalogues.sky_coordinates import spherical_coordinates
from cosmodag.voids.survey.sky_pixels import SkyPixels, fit_pixels

PER_PIXEL = 50
"""Mean number of randoms per pixel; half as many are no accident of their Poisson noise."""
FEWEST_RANDOMS = 1000
SHELL, GALAXY_SHELL = 5.0, 40.0
"""Least thickness in Mpc/h of the shells in which randoms and galaxies are counted; structures of
the galaxies must not become part of the selection."""
PER_SHELL = 500
"""Least mean number of objects per shell."""


@dataclass(frozen=True)
class SurveySelection:
    """Selection function of a survey.

    Attributes
    ----------
    pixels : SkyPixels
        Pixels on the sky.
    completeness : numpy.ndarray, shape (n_pixels,), float64
        Completeness of each pixel in units of the mean inside the footprint; 0 outside.
    distance : numpy.ndarray, shape (K,), float64
        Ascending comoving distances in Mpc/h; the first and last are the limits of the survey.
    density : numpy.ndarray, shape (K,), float64
        Number density of galaxies at these distances and a completeness of 1 in (Mpc/h)⁻³.
    """

    pixels: SkyPixels
    completeness: np.ndarray
    distance: np.ndarray
    density: np.ndarray

    @property
    def area(self) -> float:
        """Area of the footprint in steradians."""
        return float(self.pixels.area[self.completeness > 0].sum())

    def completeness_at(self, position: np.ndarray) -> np.ndarray:
        """Return the angular completeness at positions, 0 outside the survey.

        Parameters
        ----------
        position : numpy.ndarray, shape (N, 3)
            Comoving positions with the observer at 0 in Mpc/h.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
        """
        return self._evaluate(position)[0]

    def density_at(self, position: np.ndarray) -> np.ndarray:
        """Return the expected number density at positions, 0 outside the survey.

        Parameters
        ----------
        position : numpy.ndarray, shape (N, 3)
            Comoving positions with the observer at 0 in Mpc/h.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            In (Mpc/h)⁻³.
        """
        completeness, distance = self._evaluate(position)
        return completeness * np.interp(distance, self.distance, self.density)

    def _evaluate(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return completeness and distance; the sky is searched within the distances only."""
        distance = np.sqrt((position**2).sum(axis=1))
        reached = np.flatnonzero((distance >= self.distance[0]) & (distance <= self.distance[-1]))
        ra, dec, _ = spherical_coordinates(position[reached])
        completeness = np.zeros(len(position))
        completeness[reached] = self.completeness[self.pixels.index(ra, dec)]
        return completeness, distance


def measure_selection(
    galaxies: SkySample, randoms: SkySample, *, minimum_completeness: float = 0.5
) -> SurveySelection:
    """Measure the selection function of a survey from its randoms.

    Parameters
    ----------
    galaxies : SkySample
        The galaxies, with distances.
    randoms : SkySample
        Unclustered points with the footprint and completeness of the survey. With distances, the
        radial selection is theirs; without, that of the galaxies.
    minimum_completeness : float
        Completeness, in units of the mean inside the footprint, below which a pixel is outside.

    Returns
    -------
    SurveySelection

    Raises
    ------
    InputError
        There are fewer than 1000 randoms, or no galaxy is inside their footprint and distances.
    """
    if randoms.n_objects < FEWEST_RANDOMS:
        raise InputError(
            f"{randoms.name}: {randoms.n_objects} randoms; the footprint needs at least "
            f"{FEWEST_RANDOMS}, ten for each galaxy or more"
        )
    pixels = fit_pixels(randoms.ra, randoms.dec, PER_PIXEL)
    completeness = _completeness(pixels, randoms, minimum_completeness)
    radial = galaxies if randoms.distance is None else randoms
    low, high = radial.distances.min(), radial.distances.max()
    inside = completeness[pixels.index(galaxies.ra, galaxies.dec)] > 0
    inside &= (galaxies.distances >= low) & (galaxies.distances <= high)
    if not inside.any():
        raise InputError(
            f"{galaxies.name}: no galaxy is inside the footprint and the redshifts of "
            f"{randoms.name}; check the columns, or give the randoms of this catalogue"
        )
    solid_angle = float((completeness * pixels.area).sum())
    thickness = GALAXY_SHELL if randoms.distance is None else SHELL
    kept = completeness[pixels.index(radial.ra, radial.dec)] > 0
    distance, density = _radial_density(radial.select(kept), solid_angle, thickness)
    density *= galaxies.select(inside).total_weight / radial.select(kept).total_weight
    return SurveySelection(pixels, completeness, distance, density)


def _completeness(pixels: SkyPixels, randoms: SkySample, minimum: float) -> np.ndarray:
    """Return the completeness of each pixel, 0 where it is below a minimum."""
    index = pixels.index(randoms.ra, randoms.dec)
    density = np.bincount(index, randoms.weight, len(pixels.area)) / pixels.area
    interior = pixels.has_all_neighbours(density > 0)
    if not interior.any():
        interior = density > 0
    completeness = density / (density * pixels.area)[interior].sum() * pixels.area[interior].sum()
    return np.where(completeness >= minimum, completeness, 0.0)


def _radial_density(
    sample: SkySample, solid_angle: float, thickness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and the number densities of a sample there, for linear interpolation."""
    low, high = sample.distances.min(), sample.distances.max()
    n_shells = min((high - low) / thickness, sample.n_objects / PER_SHELL)
    edges = np.linspace(low, high, max(int(n_shells), 1) + 1)
    count, _ = np.histogram(sample.distances, edges, weights=sample.weight)
    density = count / (solid_angle * np.diff(edges**3) / 3)
    middle = 0.75 * np.diff(edges**4) / np.diff(edges**3)  # mean distance in a shell
    distance = np.concatenate([[low], middle, [high]])
    if len(middle) == 1:
        return distance, np.full(3, density[0])
    slopes = (np.diff(density) / np.diff(middle))[[0, -1]]
    ends = density[[0, -1]] + slopes * (distance[[0, -1]] - middle[[0, -1]])
    return distance, np.concatenate([ends[:1], density, ends[1:]]).clip(min=0)
