"""One galaxy drawn into a stamp of several bands, with noise: what the COSMOS law is seen as."""

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import galsim
import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.stamp_law import NOISE, generator
from cosmodag.imaging.galaxy_population import BULGE_INDEX, component_fractions

BANDS = ("g", "r", "z")
NOISE_RATIO = (0.8, 1.0, 1.8)
"""Noise a pixel in g, r and z in units of that in r, about as in the Legacy Surveys."""
MOFFAT_BETA = 3.5
"""Power of the wings of the point-spread function."""
ACCURACY = galsim.GSParams(kvalue_accuracy=1e-4, folding_threshold=1e-2, maxk_threshold=1e-3)


def draw_stamp(galaxy: Mapping, *, pixel: float) -> np.ndarray:
    """Draw a galaxy without noise.

    Body and bulge are drawn once, seen through the point-spread function, and the bands differ in
    their shares: so a galaxy costs as many transforms as it has parts, whatever the bands.

    Parameters
    ----------
    galaxy
        A row of what `draw_galaxies` returns.
    pixel
        Arcsec a pixel.

    Returns
    -------
    numpy.ndarray, shape (3, side, side), float32
        Light in g, r and z in nanomaggies.
    """
    side = galaxy["side"]
    psf = galsim.Moffat(beta=MOFFAT_BETA, fwhm=galaxy["psf"], gsparams=ACCURACY)
    fraction = galaxy["bulge_fraction"]
    parts = [(galaxy["sersic_index"], galaxy["body_radius"], galaxy["axis_ratio"])]
    if fraction > 0:  # rounder than the disc that it lies in
        radius = galaxy["body_radius"] * galaxy["bulge_ratio"]
        parts.append((BULGE_INDEX, radius, 1 - 0.5 * (1 - galaxy["axis_ratio"])))
    angle = galaxy["position_angle"] * galsim.degrees
    planes = []
    for index, radius, ratio in parts:
        profile = galsim.Sersic(n=index, half_light_radius=radius, gsparams=ACCURACY)
        seen = galsim.Convolve(profile.shear(q=ratio, beta=angle), psf, gsparams=ACCURACY)
        plane = galsim.ImageF(side, side, scale=pixel)
        seen.drawImage(image=plane, offset=(galaxy["dx"], galaxy["dy"]))
        planes.append(plane.array)
    light = np.array(planes)
    if fraction > 0:
        bulge = component_fractions(np.array([fraction]), np.array([galaxy["gradient"]]))[0]
        shares = np.array([1 - bulge, bulge])
    else:
        shares = np.ones((1, len(BANDS)))
    return np.einsum("pb,pyx->byx", shares * fluxes(galaxy), light).astype(np.float32)


def fluxes(galaxy: Mapping) -> np.ndarray:
    """Fluxes of a galaxy in g, r and z in nanomaggies, (3,)."""
    r = galaxy["magnitude"]
    magnitudes = np.array([r + galaxy["g_minus_r"], r, r - galaxy["r_minus_z"]])
    return 10 ** (-0.4 * (magnitudes - 22.5))


class Observation(NamedTuple):
    """A galaxy as a survey sees it.

    Attributes
    ----------
    image, light : numpy.ndarray, shape (3, side, side), float32
        With noise and without, in nanomaggies.
    signal_to_noise : float
        Of the flux in all bands together for one who knows the shape: the root of the sum over
        pixels and bands of (light / noise)².
    """

    image: np.ndarray
    light: np.ndarray
    signal_to_noise: float


def observed_stamp(galaxy: Mapping, *, seed: int, pixel: float) -> Observation:
    """Draw a galaxy with noise, from its seed and number alone.

    The noise is that of the sky, the same in all pixels of a band; the light's own is left out.

    Raises
    ------
    InputError
        The stamp is smaller than the point-spread function, or GalSim cannot draw the galaxy.
    """
    if galaxy["side"] * pixel < 2 * galaxy["psf"]:
        raise InputError(
            f"sides: a stamp of {galaxy['side']} pixels of {pixel:g} arcsec holds no point-spread "
            f"function of {galaxy['psf']:.2f} arcsec; give larger sides or a smaller psf"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", galsim.GalSimWarning)
            light = draw_stamp(galaxy, pixel=pixel)
    except galsim.GalSimError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"galaxy {galaxy['number']}: cannot be drawn ({reason}); narrow the ranges"
        ) from error
    sigma = galaxy["noise"] * np.array(NOISE_RATIO, np.float32)[:, None, None]
    white = generator(seed, galaxy["number"], NOISE).standard_normal(light.shape, np.float32)
    signal_to_noise = float(np.sqrt(np.square(light / sigma, dtype=np.float64).sum()))
    return Observation(light + sigma * white, light, signal_to_noise)
