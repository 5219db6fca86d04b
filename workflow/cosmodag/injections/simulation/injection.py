"""Injection of galaxies into images of the sky, correct or with one known flaw.

A flaw affects the stamps, which are centred on the positions of the catalogue, as follows:

- "psf": galaxies are rendered with a point-spread function that is 5 % too wide. The catalogue and
  the images keep the true width.
- "position": recorded positions are 1 pixel too large in x, as if counted from 1. This applies to
  the list of injections and to the catalogue of the injected images, so the two still match, and
  each injected stamp is centred 1 pixel beside its galaxy. (If the galaxies themselves were moved,
  their detections would move with them and the stamps would be correct.)
- "ivar": the inverse variance is that of the images before injection.
- "noise": a patch of sky noise is added with each injection, as if the galaxy brought its own sky.
  The inverse variance does not include it. All injections of an image share one patch.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import Sources
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL_SCALE, BrickImages
from cosmodag.injections.simulation.galaxy_rendering import RenderedStamps, render_stamps
from cosmodag.injections.simulation.psf import Psf
from cosmodag.settings import unknown

FLAWS = ("psf", "position", "ivar", "noise")
PSF_FACTOR = 1.05
POSITION_OFFSET = 1.0
"""Error of recorded positions in x in pixels."""
NOISE_PATCH_SIDE = 64
"""Pixels per side of a patch of noise."""
SKY_BRIGHTNESS = {"g": 22.0, "r": 21.1, "z": 19.0}
"""Surface brightness of the dark sky in AB magnitudes per square arcsecond."""
MIN_IVAR = 1e-12


def inject(
    images: BrickImages,
    galaxies: Sources,
    psf: Psf,
    *,
    rng: np.random.Generator,
    flaw: str | None = None,
    gain: np.ndarray | None = None,
    transmission: np.ndarray | float = 1.0,
) -> tuple[BrickImages, pd.DataFrame]:
    """Add galaxies and the photon noise of their light to images.

    The inverse variance is estimated from the added counts including their noise, as in the images
    of the sky. Bad pixels, where the inverse variance is 0, are unchanged.

    Parameters
    ----------
    images : BrickImages
        Images of the sky; they are not modified.
    galaxies : Sources
        Galaxies with positions.
    psf : Psf
        Point-spread functions of the images.
    rng : numpy.random.Generator
        Random generator of the noise. The photon noise is the same for all flaws.
    flaw : str, optional
        One of `FLAWS`; by default injections are correct.
    gain : numpy.ndarray, shape (B,), optional
        Electrons per nanomaggy in each band: a flux f has the variance f / gain. Estimated from the
        images by default, see `estimate_gain`.
    transmission : numpy.ndarray, shape (B,), or float
        Transmission of Galactic dust in each band.

    Returns
    -------
    injected : BrickImages
        Images with the galaxies.
    simcat : pandas.DataFrame
        One row per galaxy: id, ra, dec (degrees), x, y (0-indexed pixels), gflux, rflux, zflux
        (nanomaggies, attenuated by dust), mw_transmission_g, _r, _z, n, rhalf (arcsec), e1, e2,
        redshift.

    Raises
    ------
    InputError
        If the flaw is unknown.
    """
    if flaw is not None and flaw not in FLAWS:
        raise unknown("flaw", flaw, FLAWS)
    gain = estimate_gain(images) if gain is None else np.asarray(gain)
    image, variance = images.image.copy(), np.zeros_like(images.ivar)
    rendering_psf = psf.widened(PSF_FACTOR) if flaw == "psf" else psf
    for stamps in render_stamps(galaxies, rendering_psf, transmission, images.bands):
        electrons = gain[:, None, None].astype(np.float32)
        counts = rng.standard_normal(stamps.flux.shape, np.float32)
        counts *= np.sqrt(stamps.flux / electrons)
        counts += stamps.flux
        for row, image_window, stamp_window in stamps.windows(*image.shape[1:]):
            image[image_window] += counts[row][stamp_window]
            variance[image_window] += (counts[row] / electrons)[stamp_window]
    np.copyto(image, images.image, where=~(images.ivar > 0))
    variance *= images.ivar
    variance += 1
    injected = images._replace(image=image, ivar=images.ivar / variance)
    simcat = _simcat(images, galaxies, transmission)
    return add_flaw(images, injected, simcat, flaw=flaw, rng=rng)


def add_flaw(
    before: BrickImages,
    injected: BrickImages,
    simcat: pd.DataFrame,
    *,
    flaw: str | None,
    rng: np.random.Generator,
) -> tuple[BrickImages, pd.DataFrame]:
    """Add a flaw to correct injections that requires no new rendering.

    Parameters
    ----------
    before, injected : BrickImages
        Images without and with the galaxies; they are not modified.
    simcat : pandas.DataFrame
        Injected galaxies, as returned by `inject`.
    flaw : str or None
        "position", "ivar" or "noise"; "psf" and None change nothing.
    rng : numpy.random.Generator
        Random generator of the patch of noise.

    Returns
    -------
    injected : BrickImages
        Images with the flaw.
    simcat : pandas.DataFrame
        Injected galaxies with the flaw.

    Raises
    ------
    InputError
        If the flaw is unknown.
    """
    if flaw is not None and flaw not in FLAWS:
        raise unknown("flaw", flaw, FLAWS)
    if flaw == "position":
        simcat = simcat.assign(x=recorded_x(simcat["x"], flaw))
    if flaw == "ivar":
        injected = injected._replace(ivar=before.ivar)
    if flaw == "noise":
        image = injected.image.copy()
        _add_noise_patches(image, before.ivar, simcat[["x", "y"]].to_numpy(), rng)
        np.copyto(image, before.image, where=~(before.ivar > 0))
        injected = injected._replace(image=image)
    return injected, simcat


def recorded_x(x: pd.Series, flaw: str | None) -> pd.Series:
    """Return positions in x as a pipeline with a flaw records them.

    Parameters
    ----------
    x : pandas.Series
        True positions in pixels.
    flaw : str or None
        One of `FLAWS`.

    Returns
    -------
    pandas.Series
    """
    return x + POSITION_OFFSET if flaw == "position" else x


def estimate_gain(images: BrickImages) -> np.ndarray:
    """Estimate the gain from the noise of images, which is assumed to be that of a dark sky.

    A flux f has the variance f / gain. The gain is therefore the flux of the sky per pixel times
    the median inverse variance.

    Parameters
    ----------
    images : BrickImages
        Images with inverse variance.

    Returns
    -------
    numpy.ndarray, shape (B,), float64
        Electrons per nanomaggy in each band.
    """
    median_ivar = [
        np.median(ivar[ivar > 0]) if (ivar > 0).any() else np.inf for ivar in images.ivar
    ]
    return sky_flux(images.bands) * median_ivar


def sky_flux(bands: Sequence[str]) -> np.ndarray:
    """Return the flux of the dark sky per pixel.

    Parameters
    ----------
    bands : sequence of str
        Bands among g, r and z.

    Returns
    -------
    numpy.ndarray, shape (B,), float64
        Flux in nanomaggies.
    """
    flux = [10 ** (-0.4 * (SKY_BRIGHTNESS[band] - 22.5)) for band in bands]
    return np.array(flux) * PIXEL_SCALE**2


def _add_noise_patches(
    image: np.ndarray, ivar: np.ndarray, positions: np.ndarray, rng: np.random.Generator
) -> None:
    """Add one patch of noise around every galaxy in place, scaled to the local depth."""
    patch = rng.standard_normal((len(image), NOISE_PATCH_SIDE, NOISE_PATCH_SIDE), np.float32)
    corner = np.floor(positions + 0.5).astype(int) - NOISE_PATCH_SIDE // 2
    patches = np.broadcast_to(patch, (len(corner), *patch.shape))
    stamps = RenderedStamps(patches, corner, np.arange(len(corner)))
    for _, image_window, stamp_window in stamps.windows(*image.shape[1:]):
        image[image_window] += patch[stamp_window] / np.sqrt(
            np.maximum(ivar[image_window], MIN_IVAR)
        )


def _simcat(
    images: BrickImages, galaxies: Sources, transmission: np.ndarray | float
) -> pd.DataFrame:
    """Return the catalogue of injected galaxies."""
    catalogue = galaxies.catalogue
    ra, dec = images.wcs.all_pix2world(catalogue["x"], catalogue["y"], 0)
    by_band = dict(zip(images.bands, np.broadcast_to(transmission, len(images.bands))))
    flux = galaxies.fluxes()
    columns = {
        "id": np.arange(len(catalogue)),
        "ra": ra,
        "dec": dec,
        "x": catalogue["x"].to_numpy(),
        "y": catalogue["y"].to_numpy(),
    }
    for i, band in enumerate(BANDS):
        columns[f"{band}flux"] = flux[:, i] * by_band.get(band, 1.0)
        columns[f"mw_transmission_{band}"] = np.full(len(catalogue), by_band.get(band, 1.0))
    copied = {name: catalogue[name].to_numpy() for name in ("n", "rhalf", "e1", "e2", "redshift")}
    return pd.DataFrame({**columns, **copied})
