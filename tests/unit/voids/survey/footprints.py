"""Surveys with a known footprint and selection, in boxes of galaxies or without clustering."""

import numpy as np

from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.catalogues.sky_coordinates import spherical_coordinates

RA, DEC, DISTANCE = (20.0, 75.0), (5.0, 50.0), (80.0, 250.0)
"""Limits of the footprint in degrees and of the distances in Mpc/h."""
AREA = np.diff(np.radians(RA))[0] * np.diff(np.sin(np.radians(DEC)))[0]
"""In steradians."""
VOLUME = AREA * np.diff(np.power(DISTANCE, 3))[0] / 3
"""In (Mpc/h)³."""


def inside(position: np.ndarray) -> np.ndarray:
    """Whether positions with the observer at 0, shape (N, 3), are inside the survey."""
    within = [
        (values >= low) & (values <= high)
        for values, (low, high) in zip(spherical_coordinates(position), (RA, DEC, DISTANCE))
    ]
    return np.logical_and.reduce(within)


def observed(position: np.ndarray, name: str = "galaxies") -> SkySample:
    """The positions that are inside the survey, on the sky."""
    return SkySample(name, *spherical_coordinates(position[inside(position)]))


def uniform(random: np.random.Generator, density: float, name: str) -> SkySample:
    """Points of a number density in (Mpc/h)⁻³ all over the survey."""
    count = random.poisson(density * VOLUME)
    cubes = random.uniform(*np.power(DISTANCE, 3), count)
    sines = random.uniform(*np.sin(np.radians(DEC)), count)
    return SkySample(name, random.uniform(*RA, count), np.degrees(np.arcsin(sines)), np.cbrt(cubes))
