"""Footprint of a survey: its completeness on the sky, from randoms or from its galaxies alone."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cosmodag.errors import InputError
from cosmodag.imaging.sky_pixels import SkyPixels, fit_pixels
from cosmodag.voids.catalogues.sky_catalogue import SkySample

PER_PIXEL = 50
"""Mean number of randoms per pixel; half as many are no accident of their Poisson noise."""
GALAXIES_PER_PIXEL = 20
"""Mean number of galaxies per pixel, of which none is empty inside the footprint."""
FEWEST = 1000
"""Least number of randoms, or of galaxies, that a footprint is measured from."""


class Pixels(Protocol):
    """A division of the sky into pixels."""

    @property
    def side(self) -> float:
        """Side of the pixels in degrees."""

    @property
    def area(self) -> np.ndarray:
        """Area of each pixel in steradians, shape (n_pixels,)."""

    def index(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        """Return the pixels of positions on the sky in degrees, shape (N,), int64."""


@dataclass(frozen=True)
class Footprint:
    """Completeness of a survey on the sky.

    Attributes
    ----------
    name : str
        What it was measured from, for messages.
    pixels : Pixels
        Pixels on the sky.
    completeness : numpy.ndarray, shape (n_pixels,), float64
        Completeness of each pixel in units of the mean inside the footprint; 0 outside.
    outline : numpy.ndarray, shape (N, 3), float64
        Unit vectors all over the footprint, up to its edges.
    """

    name: str
    pixels: Pixels
    completeness: np.ndarray
    outline: np.ndarray

    @property
    def area(self) -> float:
        """Area in steradians."""
        return float(self.pixels.area[self.completeness > 0].sum())

    @property
    def solid_angle(self) -> float:
        """Area weighted by the completeness in steradians."""
        return float((self.completeness * self.pixels.area).sum())

    def at(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        """Return the completeness at positions on the sky in degrees, shape (N,), 0 outside."""
        return self.completeness[self.pixels.index(ra, dec)]


def footprint_of_randoms(randoms: SkySample, minimum_completeness: float = 0.5) -> Footprint:
    """Measure the footprint of a survey from its randoms.

    Parameters
    ----------
    randoms : SkySample
        Points without clustering, with the footprint and the completeness of the survey.
    minimum_completeness : float
        Completeness, in units of the mean inside the footprint, below which a pixel is outside.

    Returns
    -------
    Footprint

    Raises
    ------
    InputError
        There are fewer than 1000 randoms.
    """
    if randoms.n_objects < FEWEST:
        raise InputError(
            f"{randoms.name}: {randoms.n_objects} randoms; the footprint needs at least {FEWEST}, "
            "ten for each galaxy or more"
        )
    pixels = fit_pixels(randoms.ra, randoms.dec, PER_PIXEL)
    completeness, _ = _relative_density(pixels, randoms)
    completeness[completeness < minimum_completeness] = 0
    return Footprint(randoms.name, pixels, completeness, randoms.direction)


def footprint_of_galaxies(galaxies: SkySample, minimum_completeness: float = 0.5) -> Footprint:
    """Estimate the footprint of a survey from the places of its galaxies.

    Pixels that are surrounded by occupied ones have a completeness of 1. At the edges it is the
    number of galaxies per area, up to 1. Holes smaller than a pixel and changes of the completeness
    inside the footprint remain unknown.

    Parameters
    ----------
    galaxies : SkySample
        The galaxies.
    minimum_completeness : float
        Completeness of a pixel at the edge below which it is outside.

    Returns
    -------
    Footprint

    Raises
    ------
    InputError
        There are fewer than 1000 galaxies.
    """
    if galaxies.n_objects < FEWEST:
        raise InputError(
            f"{galaxies.name}: {galaxies.n_objects} galaxies; a footprint is estimated from at "
            f"least {FEWEST}: give randoms or a mask"
        )
    pixels = fit_pixels(galaxies.ra, galaxies.dec, GALAXIES_PER_PIXEL)
    completeness, interior = _relative_density(pixels, galaxies._replace(weight=None))
    completeness = np.where(interior, 1.0, completeness.clip(max=1.0))
    completeness[completeness < minimum_completeness] = 0
    return Footprint(galaxies.name, pixels, completeness, galaxies.direction)


def _relative_density(pixels: SkyPixels, sample: SkySample) -> tuple[np.ndarray, np.ndarray]:
    """Return the density in units of its mean inside, and which pixels have all neighbours."""
    index = pixels.index(sample.ra, sample.dec)
    density = np.bincount(index, sample.weight, len(pixels.area)) / pixels.area
    interior = pixels.has_all_neighbours(density > 0)
    inner = interior if interior.any() else density > 0
    return density / np.average(density[inner], weights=pixels.area[inner]), interior
