"""Images of single galaxies in multiple bands, drawn with GalSim."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import galsim
import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.image_effects import ImageEffects, masked, noisy
from cosmodag.galaxies.simulation.neighbours import MARGIN
from cosmodag.imaging.galaxy_population import BULGE_INDEX, component_fractions

BANDS = ("g", "r", "z")
NOISE_RATIO = (0.8, 1.0, 1.8)
"""Noise per pixel in g, r and z in units of that in r, about as in the Legacy Surveys."""
MOFFAT_BETA = 3.5
"""Exponent of the Moffat point-spread function."""
ACCURACY = galsim.GSParams(kvalue_accuracy=1e-4, folding_threshold=1e-2, maxk_threshold=1e-3)


def draw_stamp(
    galaxy: Mapping[str, Any], *, pixel: float, psf_image: np.ndarray | None = None
) -> np.ndarray:
    """Draw a galaxy without noise.

    Body and bulge are each convolved with the point-spread function once. The bands are sums of the
    two with different weights, so the number of transforms does not depend on the number of bands.

    Parameters
    ----------
    galaxy : mapping
        A row of `draw_galaxies`.
    pixel : float
        Pixel scale in arcsec per pixel.
    psf_image : numpy.ndarray, shape (H, W), optional
        Image of the point-spread function of unit sum with the pixels of the stamp; by default a
        Moffat profile of the width of the galaxy's `psf`.

    Returns
    -------
    numpy.ndarray, shape (3, side, side), float32
        Flux per pixel in g, r and z in nanomaggies.
    """
    side = galaxy["side"]
    psf = galsim.Moffat(beta=MOFFAT_BETA, fwhm=galaxy["psf"], gsparams=ACCURACY)
    method = "auto"
    if psf_image is not None:
        psf = galsim.InterpolatedImage(galsim.ImageD(psf_image), scale=pixel, gsparams=ACCURACY)
        method = "no_pixel"  # pixels of the image have averaged over their area already
    fraction = galaxy["bulge_fraction"]
    components = [(galaxy["sersic_index"], galaxy["body_radius"], galaxy["axis_ratio"])]
    if fraction > 0:  # the bulge is rounder than the disc
        radius = galaxy["body_radius"] * galaxy["bulge_ratio"]
        components.append((BULGE_INDEX, radius, 1 - 0.5 * (1 - galaxy["axis_ratio"])))
    angle = galaxy["position_angle"] * galsim.degrees
    planes = []
    for index, radius, ratio in components:
        profile = galsim.Sersic(n=index, half_light_radius=radius, gsparams=ACCURACY)
        convolved = galsim.Convolve(profile.shear(q=ratio, beta=angle), psf, gsparams=ACCURACY)
        plane = galsim.ImageF(side, side, scale=pixel)
        convolved.drawImage(image=plane, offset=(galaxy["dx"], galaxy["dy"]), method=method)
        planes.append(plane.array)
    images = np.array(planes)
    if fraction > 0:
        bulge = component_fractions(np.array([fraction]), np.array([galaxy["gradient"]]))[0]
        weights = np.array([1 - bulge, bulge])
    else:
        weights = np.ones((1, len(BANDS)))
    return np.einsum("pb,pyx->byx", weights * fluxes(galaxy), images).astype(np.float32)


def fluxes(galaxy: Mapping[str, Any]) -> np.ndarray:
    """Return the total fluxes of a galaxy.

    Parameters
    ----------
    galaxy : mapping
        A row of `draw_galaxies`.

    Returns
    -------
    numpy.ndarray, shape (3,), float64
        Fluxes in g, r and z in nanomaggies.
    """
    r = galaxy["magnitude"]
    magnitudes = np.array([r + galaxy["g_minus_r"], r, r - galaxy["r_minus_z"]])
    return 10 ** (-0.4 * (magnitudes - 22.5))


class Observation(NamedTuple):
    """A galaxy as a survey observes it.

    Attributes
    ----------
    image : numpy.ndarray, shape (3, side, side), float32
        Image with noise in nanomaggies.
    noise_free : numpy.ndarray, shape (3, side, side), float32
        Image without noise in nanomaggies.
    signal_to_noise : float
        Optimal signal-to-noise of the flux in all bands for a known shape and white noise of the
        sky: the square root of the sum over pixels and bands of (noise-free flux / noise)².
    """

    image: np.ndarray
    noise_free: np.ndarray
    signal_to_noise: float


def observe(
    galaxy: Mapping[str, Any],
    *,
    seed: int,
    pixel: float,
    effects: ImageEffects | None = None,
    neighbours: Sequence[Mapping[str, Any]] = (),
) -> Observation:
    """Draw a galaxy with noise, which depends on the seed and the number of the galaxy alone.

    By default the noise is that of the sky, the same in all pixels of a band, without the shot
    noise of the galaxy. The noise-free image is that of the galaxy without its neighbours.

    Parameters
    ----------
    galaxy : mapping
        A row of `draw_galaxies` with the columns of `draw_sky`.
    seed : int
        Seed of the simulation.
    pixel : float
        Pixel scale in arcsec per pixel.
    effects : ImageEffects, optional
        Effects on the image; none by default.
    neighbours : sequence of mapping
        The rows of `draw_neighbours` of the galaxy.

    Returns
    -------
    Observation

    Raises
    ------
    InputError
        If the stamp is smaller than twice the point-spread function, or GalSim cannot draw the
        galaxy.
    """
    effects = effects or ImageEffects()
    if galaxy["side"] * pixel < 2 * galaxy["psf"]:
        raise InputError(
            f"sides: a stamp of {galaxy['side']} pixels of {pixel:g} arcsec is too small for a "
            f"point-spread function of {galaxy['psf']:.2f} arcsec; set larger sides or a smaller "
            "psf"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", galsim.GalSimWarning)
            noise_free = draw_stamp(galaxy, pixel=pixel, psf_image=effects.psf)
            signal = noise_free.copy()
            for neighbour in neighbours:
                # Drawn with the margin, as Fourier transforms wrap light around at the edges.
                image = draw_stamp(neighbour, pixel=pixel, psf_image=effects.psf)
                signal += image[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    except galsim.GalSimError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"galaxy {galaxy['number']}: GalSim cannot draw it ({reason}); narrow the ranges"
        ) from error
    sigma = galaxy["noise"] * np.array(NOISE_RATIO, np.float32)[:, None, None]
    image = noisy(signal, sigma, galaxy, seed=seed, gain=effects.gain)
    if effects.masked_fraction:
        image = masked(image, galaxy["number"], seed=seed, fraction=effects.masked_fraction)
    signal_to_noise = float(np.sqrt(np.square(noise_free / sigma, dtype=np.float64).sum()))
    return Observation(image, noise_free, signal_to_noise)
