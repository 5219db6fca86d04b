"""One simulated brick: the sky, its noise, bad pixels, and real galaxies of the class among others.

Depth and seeing vary from brick to brick. Each pixel's noise is that of the sky and of the light of
the sources in it, and the inverse variance says so, as that of the coadds of the Legacy Surveys
(Dey et al. 2019, AJ 157, 168) does. It is told from the counts in the image, noise and all, since a
pipeline knows no others: it shows no more of a galaxy than the image does.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import Sources, concatenate, draw_population
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL, BrickImages
from cosmodag.injections.simulation.field_sources import SQUARE_ARCMIN, bright_places, draw_field
from cosmodag.injections.simulation.galaxy_rendering import MoffatPsf, add_light, draw_stamps
from cosmodag.injections.simulation.injection import sky_flux
from cosmodag.injections.simulation.placement import Places, place_real

DENSITY = 11.5
"""Galaxies of the class in a square arcminute, 58 on 512² pixels, of which about 40 pass the cuts.
The sky has fewer; a small brick would then hold too few to learn from."""
DEPTH, DEPTH_SCATTER = np.array([25.4, 25.2, 24.0]), 0.15
"""Magnitude of a point source at 5 sigma: median, that where the Legacy Surveys use images of the
Dark Energy Survey, and scatter between bricks."""
SEEING, SEEING_SCATTER = np.array([1.5, 1.42, 1.34]), 0.06
"""FWHM of the point-spread function in arcsec: median, and relative scatter between bricks."""
DUST = np.array([3.214, 2.165, 1.211])
"""Extinction in g, r, z for E(B−V) = 1 (Schlafly and Finkbeiner 2011, ApJ 737, 103)."""
COSMIC_RAYS, BAD_COLUMNS = 1.2, 0.2
"""Expected in a square arcminute of each band."""
BRICKS_A_ROW = 1440


class Purpose(IntEnum):
    """What a random draw is for; with the seed and the brick's number it names the draw."""

    CONDITIONS = 1
    FIELD = 2
    REAL = 3
    SKY_NOISE = 4
    BAD_PIXELS = 5
    INJECTED_PLACES = 6
    INJECTED_GALAXIES = 7
    INJECTED_NOISE = 8
    FLAW = 9


class Conditions(NamedTuple):
    """How a brick was observed, in g, r, z.

    `noise` (3,) standard deviation of the sky in nanomaggies a pixel, `gain` (3,) electrons a
    nanomaggy, `transmission` (3,) of the dust in the Galaxy, `exposures` (3,) their number.
    """

    psf: MoffatPsf
    noise: np.ndarray
    gain: np.ndarray
    transmission: np.ndarray
    exposures: np.ndarray


class Brick(NamedTuple):
    """A simulated brick with what is known of it.

    `real` are its galaxies of the class, `places` those and the candidates, `neighbours` (K, 2) the
    positions of bright sources of other kinds.
    """

    number: int
    name: str
    images: BrickImages
    conditions: Conditions
    real: Sources
    places: Places
    neighbours: np.ndarray


def random(seed: int, number: int, purpose: Purpose, run: int = 0) -> np.random.Generator:
    """Return the generator of one kind of draws on one brick, in a run of injections."""
    return np.random.default_rng([seed, number, purpose, run])


def simulate_brick(
    number: int, *, size: int, seed: int, prior, population: str = "real", density: float = DENSITY
) -> Brick:
    """Simulate a brick as it is before any injection.

    Parameters
    ----------
    number
        Of the brick, from 0: names it and, with the seed, all of its draws.
    size
        Pixels a side.
    seed
        Of the survey.
    prior
        Law of the totals of the class: see `galaxy_prior`.
    population
        Law of the structure of the real galaxies: see `galaxy_population`.
    density
        Galaxies of the class in a square arcminute.

    Returns
    -------
    Brick
        Its images are (3, size, size) float32 in nanomaggies, bands g, r, z; bad pixels have image
        and inverse variance 0.

    Raises
    ------
    InputError
        The size or the density cannot be used.
    """
    if size < 64:
        raise InputError(f"size: {size} pixels hold no stamp; give at least 64")
    conditions = draw_conditions(random(seed, number, Purpose.CONDITIONS))
    rng = random(seed, number, Purpose.REAL)
    field = draw_field(size, random(seed, number, Purpose.FIELD))
    neighbours = bright_places(field)
    places = place_real(expected(size, density), size, rng, neighbours)
    real = draw_population(population, prior, len(places.kept), rng).at_positions(places.kept)

    image = np.zeros((3, size, size), np.float32)
    for stamps in draw_stamps(concatenate([real, field]), conditions.psf, conditions.transmission):
        add_light(image, stamps)
    noise = random(seed, number, Purpose.SKY_NOISE).standard_normal(image.shape, np.float32)
    image += noise * np.sqrt(_variance(image, conditions))
    ivar = 1 / _variance(image, conditions)
    bad = _bad_pixels(size, random(seed, number, Purpose.BAD_PIXELS))
    image[bad], ivar[bad] = 0, 0
    psf_size = conditions.psf.fwhm.astype(np.float32)
    images = BrickImages(BANDS, image, ivar, psf_size, brick_wcs(number, size))
    return Brick(number, brick_name(number), images, conditions, real, places, neighbours)


def expected(size: int, density: float) -> float:
    """Return the number of galaxies to expect on a brick of `size` pixels a side."""
    return density * size**2 / SQUARE_ARCMIN


def draw_conditions(rng: np.random.Generator) -> Conditions:
    """Draw depth, seeing, dust and number of exposures of a brick."""
    seeing = SEEING * np.exp(
        SEEING_SCATTER * (0.8 * rng.standard_normal() + 0.6 * rng.standard_normal(3))
    )
    seeing = np.clip(seeing, 1.15, 1.8)
    depth = DEPTH + DEPTH_SCATTER * np.clip(rng.standard_normal(3), -2, 2)
    # A point source is measured on 4 pi sigma² pixels of noise.
    area = 4 * np.pi * (seeing / 2.355 / PIXEL) ** 2
    noise = 10 ** (-0.4 * (depth - 22.5)) / 5 / np.sqrt(area)
    dust = rng.gamma(3.0, 0.012)
    return Conditions(
        MoffatPsf(seeing),
        noise,
        sky_flux(BANDS) / noise**2,
        10 ** (-0.4 * DUST * dust),
        rng.integers(2, 6, 3),
    )


def brick_centre(number: int) -> tuple[float, float]:
    """Return right ascension and declination in degrees: bricks of 0.25° along the equator.

    Raises
    ------
    InputError
        The number is not from 0 to 115,199.
    """
    row, column = divmod(number, BRICKS_A_ROW)
    if not 0 <= row < 80:
        raise InputError(f"brick number {number}: give one from 0 to {80 * BRICKS_A_ROW - 1}")
    return 0.25 * column + 0.125, 0.25 * row + 0.125


def brick_name(number: int) -> str:
    """Return the name of a brick after its centre, such as 0591p042."""
    ra, dec = brick_centre(number)
    return f"{int(ra * 10):04d}p{int(dec * 10):03d}"


def brick_wcs(number: int, size: int) -> WCS:
    """Return the tangential projection about the centre of a brick."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = brick_centre(number)
    wcs.wcs.crpix = [(size + 1) / 2] * 2
    wcs.wcs.cd = np.diag([-PIXEL / 3600, PIXEL / 3600])
    return wcs


def _variance(image: np.ndarray, conditions: Conditions) -> np.ndarray:
    """Variance of the sky and of the light in an image (3, H, W), float32."""
    sky, gain = conditions.noise[:, None, None] ** 2, conditions.gain[:, None, None]
    return (sky + image / gain).astype(np.float32)


def _bad_pixels(size: int, rng: np.random.Generator) -> np.ndarray:
    """Pixels (3, size, size) bool of bad columns and tracks of cosmic rays."""
    bad = np.zeros((3, size, size), bool)
    area = size**2 / SQUARE_ARCMIN
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
