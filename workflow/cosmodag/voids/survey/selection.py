"""Selection function of a survey: the number density of galaxies that it would see without
clustering.

It is the product of the completeness on the sky, which is the footprint's, and a density that
depends on the distance, measured from the randoms or, if they have no redshifts, the galaxies.
"""

from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.catalogues.sky_coordinates import spherical_coordinates
from cosmodag.voids.survey.footprint import Footprint

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
    footprint : Footprint
        Completeness on the sky.
    distance : numpy.ndarray, shape (K,), float64
        Ascending comoving distances in Mpc/h; the first and last are the limits of the survey.
    density : numpy.ndarray, shape (K,), float64
        Number density of galaxies at these distances and a completeness of 1 in (Mpc/h)⁻³.
    """

    footprint: Footprint
    distance: np.ndarray
    density: np.ndarray

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
        completeness[reached] = self.footprint.at(ra, dec)
        return completeness, distance


def measure_selection(
    galaxies: SkySample, footprint: Footprint, randoms: SkySample | None = None
) -> SurveySelection:
    """Measure the radial selection of a survey, and combine it with its footprint.

    Parameters
    ----------
    galaxies : SkySample
        The galaxies, with distances.
    footprint : Footprint
        Completeness on the sky.
    randoms : SkySample, optional
        Points without clustering. With distances, the radial selection is theirs; without, or
        where there are none, it is that of the galaxies.

    Returns
    -------
    SurveySelection

    Raises
    ------
    InputError
        No galaxy is inside the footprint and the distances of the randoms.
    """
    radial, thickness = galaxies, GALAXY_SHELL
    if randoms is not None and randoms.distance is not None:
        radial, thickness = randoms, SHELL
    low, high = radial.distances.min(), radial.distances.max()
    inside = footprint.at(galaxies.ra, galaxies.dec) > 0
    inside &= (galaxies.distances >= low) & (galaxies.distances <= high)
    if not inside.any():
        raise InputError(
            f"{galaxies.name}: no galaxy is inside the footprint and the redshifts of "
            f"{footprint.name}; check the columns, or give the randoms or the mask of this "
            "catalogue"
        )
    if low == high:
        raise InputError(
            f"{radial.name}: all objects are at the distance of {low:.4g} Mpc/h; give a survey "
            "with a range of redshifts"
        )
    radial = radial.select(footprint.at(radial.ra, radial.dec) > 0)
    distance, density = radial_density(radial, footprint.solid_angle, thickness)
    density *= galaxies.select(inside).total_weight / radial.total_weight
    return SurveySelection(footprint, distance, density)


def radial_density(
    sample: SkySample, solid_angle: float, thickness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Measure the number density of a sample by distance.

    Parameters
    ----------
    sample : SkySample
        Galaxies or randoms inside a footprint, with distances.
    solid_angle : float
        Area of the footprint weighted by its completeness in steradians.
    thickness : float
        Least thickness in Mpc/h of the shells in which they are counted.

    Returns
    -------
    distance, density : numpy.ndarray, shape (K,), float64
        Distances in Mpc/h from the smallest to the largest, and number densities in (Mpc/h)⁻³ for
        linear interpolation.
    """
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
