"""Effects of surveys on the image of a galaxy: residual sky, correlated and shot noise, masks.

All effects are off by default. Each is drawn from the seed, the number of the galaxy and a random
stream of its own, so that switching one on changes no other.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.galaxy_parameters import NOISE, galaxy_generator
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.psf_images import full_width_at_half_maximum
from cosmodag.settings import unknown

EFFECTS = (
    "sky",
    "sky_law",
    "neighbour_density",
    "neighbour_separation",
    "noise_correlation",
    "gain",
    "masked_fraction",
)
"""Effects that are settings; the image of the point-spread function is read from a file."""
SKY_LAWS = ("uniform", "normal")
SKY, SHOT, MASK = 3, 4, 5
"""Random streams of each galaxy, beside those of `galaxy_parameters` and `neighbours`."""
SKY_COLUMNS = ("sky_g", "sky_r", "sky_z")
PATCH = 3
"""Side of a masked patch in pixels."""


@dataclass(frozen=True)
class ImageEffects:
    """Effects on the image of a galaxy beside white noise; all are off by default.

    Attributes
    ----------
    sky : sequence of float
        Range of the residual sky in units of the noise per pixel, drawn for each band.
    sky_law : {"uniform", "normal"}
        "normal" has the middle of the range as its mean and half of its width as its standard
        deviation.
    neighbour_density : float
        Mean number of neighbours per square arcmin, of the same population, at random positions.
    neighbour_separation : float
        Smallest separation of a neighbour from the galaxy in arcsec.
    noise_correlation : sequence of float
        Range of the standard deviation in pixels of the Gaussian kernel that correlates the noise.
        The noise of the sky per pixel stays the same.
    gain : float, optional
        Electrons per nanomaggy; without it there is no shot noise of galaxies.
    masked_fraction : float
        Mean fraction of the pixels of each band that are masked, in patches of 3 × 3 pixels that
        leave the centre free.
    psf : numpy.ndarray, shape (H, W), optional
        Image of the point-spread function with the pixels of the stamps, instead of a Moffat
        profile.

    Raises
    ------
    InputError
        If the law is unknown or a range is reversed.
    """

    sky: Sequence[float] = (0.0, 0.0)
    sky_law: str = "uniform"
    neighbour_density: float = 0.0
    neighbour_separation: float = 0.0
    noise_correlation: Sequence[float] = (0.0, 0.0)
    gain: float | None = None
    masked_fraction: float = 0.0
    psf: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check the law and the ranges."""
        if self.sky_law not in SKY_LAWS:
            raise unknown("sky_law", self.sky_law, SKY_LAWS)
        for name in ("sky", "noise_correlation"):
            low, high = getattr(self, name)
            if not low <= high:
                raise InputError(
                    f"{name}: the range {[low, high]} is reversed; give [smallest, largest]"
                )


def read_psf(path: str | os.PathLike, pixel: float) -> tuple[np.ndarray, float]:
    """Read the image of a point-spread function, the first image of a FITS file.

    Parameters
    ----------
    path : path-like
        FITS file whose pixels are those of the stamps.
    pixel : float
        Pixel scale in arcsec per pixel.

    Returns
    -------
    image : numpy.ndarray, shape (H, W), float64
        Of unit sum.
    width : float
        Full width at half maximum in arcsec.

    Raises
    ------
    InputError
        If the file has no image with a peak inside its border.
    """
    cure = "give a FITS file with the image of a point source at its centre"
    with open_fits(path, what="point-spread function", cure=cure) as file:
        images = [hdu.data for hdu in file if hdu.is_image and hdu.data is not None]
    if not images:
        raise InputError(f"{path}: has no image; {cure}")
    image = np.asarray(images[0], np.float64)
    try:
        width = full_width_at_half_maximum(image)
    except InputError as error:
        raise InputError(f"{path}: {error}; {cure}") from None
    return image / image.sum(), width * pixel


def draw_sky(galaxies: pd.DataFrame, *, seed: int, effects: ImageEffects) -> pd.DataFrame:
    """Draw the residual sky and the correlation of the noise of galaxies.

    Parameters
    ----------
    galaxies : pandas.DataFrame
        Table of `draw_galaxies`.
    seed : int
        Seed of the simulation.
    effects : ImageEffects

    Returns
    -------
    pandas.DataFrame
        One row per galaxy. Columns of effects that are off are absent: sky_g, sky_r and sky_z (in
        units of the noise per pixel of the band), noise_correlation (pixels).
    """
    low, high = effects.sky
    rows = []
    for number in galaxies["number"]:
        rng = galaxy_generator(seed, number, SKY)
        uniform, normal = rng.uniform(-1, 1, len(SKY_COLUMNS)), rng.normal(size=len(SKY_COLUMNS))
        deviation = uniform if effects.sky_law == "uniform" else normal
        sky = (low + high) / 2 + (high - low) / 2 * deviation
        rows.append([*sky, rng.uniform(*effects.noise_correlation)])
    table = pd.DataFrame(rows, galaxies.index, [*SKY_COLUMNS, "noise_correlation"])
    is_off = {name: not any(effects.sky) for name in SKY_COLUMNS}
    is_off["noise_correlation"] = not any(effects.noise_correlation)
    return table.drop(columns=[name for name, off in is_off.items() if off])


def noisy(
    signal: np.ndarray,
    sigma: np.ndarray,
    galaxy: Mapping[str, Any],
    *,
    seed: int,
    gain: float | None,
) -> np.ndarray:
    """Add noise and the residual sky to an image.

    Parameters
    ----------
    signal : numpy.ndarray, shape (3, H, W), float32
        Light of all galaxies without noise in nanomaggies.
    sigma : numpy.ndarray, shape (3, 1, 1), float32
        Standard deviation of the noise of the sky per pixel in nanomaggies.
    galaxy : mapping
        A row of `draw_galaxies` with the columns of `draw_sky`.
    seed : int
        Seed of the simulation.
    gain : float or None
        Electrons per nanomaggy of the shot noise, None for none.

    Returns
    -------
    numpy.ndarray, shape (3, H, W), float32
    """
    rng = galaxy_generator(seed, galaxy["number"], NOISE)
    noise = sigma * rng.standard_normal(signal.shape, np.float32)
    if gain is not None:
        expected = np.maximum(signal, 0)
        electrons = galaxy_generator(seed, galaxy["number"], SHOT).poisson(expected * gain)
        noise += (electrons / gain - expected).astype(np.float32)
    if width := galaxy.get("noise_correlation", 0.0):
        noise = correlated(noise, width)
    if SKY_COLUMNS[0] in galaxy:
        sky = np.array([galaxy[name] for name in SKY_COLUMNS], np.float32)
        noise += sigma * sky[:, None, None]
    return signal + noise


def correlated(noise: np.ndarray, width: float) -> np.ndarray:
    """Correlate white noise with a Gaussian kernel at constant variance.

    The kernel is periodic, so that the variance is the same in all pixels.

    Parameters
    ----------
    noise : numpy.ndarray, shape (B, H, W), float32
        White noise.
    width : float
        Standard deviation of the kernel in pixels.

    Returns
    -------
    numpy.ndarray, shape (B, H, W), float32
    """
    kernel = np.zeros(noise.shape[1:], np.float32)
    kernel[tuple(n // 2 for n in kernel.shape)] = 1
    kernel = gaussian_filter(kernel, width, mode="wrap")
    return gaussian_filter(noise, (0, width, width), mode="wrap") / np.sqrt(np.square(kernel).sum())


def masked(image: np.ndarray, number: int, *, seed: int, fraction: float) -> np.ndarray:
    """Mask patches of the bands of an image, but not its centre.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W), float32
    number : int
        Number of the galaxy.
    seed : int
        Seed of the simulation.
    fraction : float
        Mean fraction of the pixels of a band that are masked; patches may overlap.

    Returns
    -------
    numpy.ndarray, shape (B, H, W), float32
        Masked pixels are NaN.
    """
    rng = galaxy_generator(seed, number, MASK)
    result = image.copy()
    height, width = image.shape[1:]
    for band in result:
        for _ in range(rng.poisson(fraction * band.size / PATCH**2)):
            y, x = rng.integers(0, height - PATCH + 1), rng.integers(0, width - PATCH + 1)
            band[y : y + PATCH, x : x + PATCH] = np.nan
    centre = np.s_[:, (height - 1) // 2 : height // 2 + 1, (width - 1) // 2 : width // 2 + 1]
    result[centre] = image[centre]
    return result
