"""Simulation of one brick: sky noise, bad pixels, emission-line galaxies and field sources.

Depth and seeing vary between bricks. The noise of each pixel is that of the sky and of the sources
in it, and the inverse variance includes both, as in the coadds of the Legacy Surveys [1]_. The
inverse variance is estimated from the noisy counts of the image, since a pipeline knows no others:
it contains no more information on a galaxy than the image does.

References
----------
.. [1] Dey et al. 2019, AJ 157, 168.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import (
    CataloguePrior,
    Sources,
    concatenate,
    draw_population,
)
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL_SCALE, BrickImages
from cosmodag.injections.simulation.brick_grid import brick_name, brick_wcs
from cosmodag.injections.simulation.field_sources import (
    PIXELS_PER_SQUARE_ARCMIN,
    bright_positions,
    draw_field_sources,
)
from cosmodag.injections.simulation.galaxy_rendering import add_stamps, render_stamps
from cosmodag.injections.simulation.injection import sky_flux
from cosmodag.injections.simulation.placement import Positions, place_real_galaxies
from cosmodag.injections.simulation.psf import MoffatPsf

DENSITY = 11.5
"""Emission-line galaxies per square arcminute: 58 on 512² pixels, of which about 40 pass the cuts.
The sky has fewer; a small brick would then contain too few for training."""
DEPTH, DEPTH_SCATTER = np.array([25.4, 25.2, 24.0]), 0.15
"""Magnitude of a point source at 5 sigma in g, r, z: median where the Legacy Surveys use images of
the Dark Energy Survey, and scatter between bricks."""
SEEING, SEEING_SCATTER = np.array([1.5, 1.42, 1.34]), 0.06
"""FWHM of the point-spread function in arcsec in g, r, z: median, and relative scatter between
bricks."""
DUST = np.array([3.214, 2.165, 1.211])
"""Extinction in g, r, z for E(B−V) = 1 (Schlafly & Finkbeiner 2011, ApJ 737, 103)."""
COSMIC_RAYS, BAD_COLUMNS = 1.2, 0.2
"""Expected number per square arcminute in each band."""


class RandomStream(IntEnum):
    """Streams of random numbers; seed, brick number, stream and run determine every draw."""

    CONDITIONS = 1
    FIELD = 2
    REAL = 3
    SKY_NOISE = 4
    BAD_PIXELS = 5
    INJECTED_POSITIONS = 6
    INJECTED_GALAXIES = 7
    INJECTED_NOISE = 8
    FLAW = 9


class ObservingConditions(NamedTuple):
    """Observing conditions of a brick in g, r and z.

    Attributes
    ----------
    psf : MoffatPsf
        Point-spread functions.
    noise : numpy.ndarray, shape (3,), float64
        Standard deviation of the sky in nanomaggies per pixel.
    gain : numpy.ndarray, shape (3,), float64
        Electrons per nanomaggy.
    transmission : numpy.ndarray, shape (3,), float64
        Transmission of Galactic dust.
    exposures : numpy.ndarray, shape (3,), int64
        Number of exposures.
    """

    psf: MoffatPsf
    noise: np.ndarray
    gain: np.ndarray
    transmission: np.ndarray
    exposures: np.ndarray


class SimulatedBrick(NamedTuple):
    """A simulated brick and its true content.

    Attributes
    ----------
    number : int
        Number of the brick.
    name : str
        Name of the brick, such as "0591p042".
    images : BrickImages
        Images before injection.
    conditions : ObservingConditions
        Observing conditions.
    real : Sources
        Emission-line galaxies in the sky.
    positions : Positions
        Positions of these galaxies and of the rejected candidates.
    neighbours : numpy.ndarray, shape (K, 2), float64
        Positions of bright field sources in pixels.
    """

    number: int
    name: str
    images: BrickImages
    conditions: ObservingConditions
    real: Sources
    positions: Positions
    neighbours: np.ndarray


def random_generator(
    seed: int, number: int, stream: RandomStream, run: int = 0
) -> np.random.Generator:
    """Return the generator of a stream of random numbers.

    Parameters
    ----------
    seed : int
        Seed of the survey.
    number : int
        Number of the brick.
    stream : RandomStream
        Stream of random numbers.
    run : int
        Number of the run of injections.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng([seed, number, stream, run])


def simulate_brick(
    number: int,
    *,
    size: int,
    seed: int,
    prior: CataloguePrior,
    population: str = "real",
    density: float = DENSITY,
    tiles_per_row: int | None = None,
) -> SimulatedBrick:
    """Simulate a brick before injection.

    Parameters
    ----------
    number : int
        Number of the brick, from 0. Together with the seed it determines all random draws.
    size : int
        Pixels per side.
    seed : int
        Seed of the survey.
    prior : CataloguePrior
        Prior of the emission-line galaxies, such as `elg_prior.read_elg_prior` returns.
    population : {"real", "model"}
        Structure of the galaxies; see `cosmodag.imaging.galaxy_population.draw_population`.
    density : float
        Emission-line galaxies per square arcminute.
    tiles_per_row : int, optional
        As of `cosmodag.injections.simulation.brick_grid.brick_wcs`.

    Returns
    -------
    SimulatedBrick
        Its images have shape (3, size, size), bands g, r, z. Image and inverse variance of bad
        pixels are 0.

    Raises
    ------
    InputError
        If the size is below 64 pixels or the density too large.
    """
    if size < 64:
        raise InputError(f"size: {size} pixels are fewer than a stamp requires; give at least 64")
    conditions = draw_conditions(random_generator(seed, number, RandomStream.CONDITIONS))
    rng = random_generator(seed, number, RandomStream.REAL)
    field = draw_field_sources(size, random_generator(seed, number, RandomStream.FIELD))
    neighbours = bright_positions(field)
    positions = place_real_galaxies(expected_count(size, density), size, rng, neighbours)
    galaxies = draw_population(population, prior, len(positions.accepted), rng)
    real = galaxies.at_positions(positions.accepted)

    image = np.zeros((3, size, size), np.float32)
    for stamps in render_stamps(
        concatenate([real, field]), conditions.psf, conditions.transmission
    ):
        add_stamps(image, stamps)
    rng = random_generator(seed, number, RandomStream.SKY_NOISE)
    noise = rng.standard_normal(image.shape, np.float32)
    image += noise * np.sqrt(_variance(image, conditions))
    ivar = 1 / _variance(image, conditions)
    bad = _bad_pixels(size, random_generator(seed, number, RandomStream.BAD_PIXELS))
    image[bad], ivar[bad] = 0, 0
    psf_size = conditions.psf.fwhm.astype(np.float32)
    images = BrickImages(BANDS, image, ivar, psf_size, brick_wcs(number, size, tiles_per_row))
    return SimulatedBrick(
        number, brick_name(number), images, conditions, real, positions, neighbours
    )


def expected_count(size: int, density: float) -> float:
    """Return the expected number of galaxies on a brick.

    Parameters
    ----------
    size : int
        Pixels per side of the brick.
    density : float
        Galaxies per square arcminute.

    Returns
    -------
    float
    """
    return density * size**2 / PIXELS_PER_SQUARE_ARCMIN


def draw_conditions(rng: np.random.Generator) -> ObservingConditions:
    """Draw depth, seeing, dust and number of exposures of a brick.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ObservingConditions
    """
    seeing = SEEING * np.exp(
        SEEING_SCATTER * (0.8 * rng.standard_normal() + 0.6 * rng.standard_normal(3))
    )
    seeing = np.clip(seeing, 1.15, 1.8)
    depth = DEPTH + DEPTH_SCATTER * np.clip(rng.standard_normal(3), -2, 2)
    # The noise-equivalent area of a Gaussian point source is 4 pi sigma².
    area = 4 * np.pi * (seeing / 2.355 / PIXEL_SCALE) ** 2
    noise = 10 ** (-0.4 * (depth - 22.5)) / 5 / np.sqrt(area)
    reddening = rng.gamma(3.0, 0.012)
    return ObservingConditions(
        MoffatPsf(seeing),
        noise,
        sky_flux(BANDS) / noise**2,
        10 ** (-0.4 * DUST * reddening),
        rng.integers(2, 6, 3),
    )


def _variance(image: np.ndarray, conditions: ObservingConditions) -> np.ndarray:
    """Return the variance of the sky and of the sources in an image, (3, H, W) float32."""
    sky, gain = conditions.noise[:, None, None] ** 2, conditions.gain[:, None, None]
    return (sky + image / gain).astype(np.float32)


def _bad_pixels(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw bad columns and tracks of cosmic rays, (3, size, size) bool."""
    bad = np.zeros((3, size, size), bool)
    area = size**2 / PIXELS_PER_SQUARE_ARCMIN
    for plane in bad:
        for _ in range(rng.poisson(BAD_COLUMNS * area)):
            column, row = rng.integers(size, size=2)
            plane[row : row + int(rng.integers(30, 400)), column] = True
        for _ in range(rng.poisson(COSMIC_RAYS * area)):
            length, angle = 1 + rng.exponential(5), rng.uniform(0, np.pi)
            x, y = rng.uniform(0, size, 2)
            steps = np.arange(0, length, 0.5)
            rows = (y + steps * np.sin(angle)).astype(int)
            columns = (x + steps * np.cos(angle)).astype(int)
            inside = (rows < size) & (columns >= 0) & (columns < size)
            plane[rows[inside], columns[inside]] = True
    return bad
