"""Injecting galaxies into images of the sky, rightly or with one known flaw.

How each flaw reaches the stamps, which are centred by the position of the catalogue:

- "psf": galaxies are drawn with a point-spread function 5 % too wide; catalogue and images keep the
  width that is true of the sky.
- "position": positions written down are 1 pixel too large in x, as if counted from 1. Both the list
  of injections and the catalogue found in the injected images are written so, hence the two still
  match, and each injected stamp is centred 1 pixel beside its light. (Were the light alone moved,
  detection would follow it and the stamps would be right.)
- "ivar": the inverse variance is that of the images before injection.
- "noise": a patch of sky noise is added beneath each injection as if the galaxy brought a sky of
  its own; the inverse variance does not know of it. One patch serves a whole image.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import Sources
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL, BrickImages
from cosmodag.injections.simulation.galaxy_rendering import Psf, Stamps, draw_stamps
from cosmodag.settings import unknown

FLAWS = ("psf", "position", "ivar", "noise")
PSF_FACTOR = 1.05
POSITION_OFFSET = 1.0
"""Pixels in x."""
NOISE_PATCH = 64
"""Pixels a side."""
SKY = {"g": 22.0, "r": 21.1, "z": 19.0}
"""Brightness of the dark sky, AB magnitudes a square arcsecond."""
TINY = 1e-12


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
    """Add galaxies with the noise of their light to images.

    The inverse variance is told from the counts that are added, noise and all, as of the images of
    the sky. Bad pixels, where the inverse variance is 0, stay as they are.

    Parameters
    ----------
    images
        Of the sky; they are not changed.
    galaxies
        With positions.
    psf
        Point-spread function of the images in each of their bands.
    rng
        Where the noise comes from. The same generator gives the same noise of the galaxies' light
        whatever the flaw.
    flaw
        None, or one of `FLAWS`, as described above.
    gain
        Electrons a nanomaggy in each band (B,): a light f adds a variance f / gain. Estimated from
        the images by default, see `estimated_gain`.
    transmission
        Share of the light that dust lets through in each band, (B,).

    Returns
    -------
    BrickImages
        With the galaxies in them.
    DataFrame
        A row a galaxy: id, ra, dec, x, y (0-indexed pixels), gflux, rflux, zflux (nanomaggies as
        seen through the dust), mw_transmission_g, _r, _z, n, rhalf, e1, e2, redshift.

    Raises
    ------
    InputError
        The flaw is not known.
    """
    if flaw is not None and flaw not in FLAWS:
        raise unknown("flaw", flaw, FLAWS)
    gain = estimated_gain(images) if gain is None else np.asarray(gain)
    image, variance = images.image.copy(), np.zeros_like(images.ivar)
    drawn = psf.widened(PSF_FACTOR) if flaw == "psf" else psf
    for stamps in draw_stamps(galaxies, drawn, transmission, images.bands):
        electrons = gain[:, None, None].astype(np.float32)
        light = rng.standard_normal(stamps.light.shape, np.float32)
        light *= np.sqrt(stamps.light / electrons)
        light += stamps.light
        for row, window, part in stamps.windows(*image.shape[1:]):
            image[window] += light[row][part]
            variance[window] += (light[row] / electrons)[part]
    np.copyto(image, images.image, where=~(images.ivar > 0))
    variance *= images.ivar
    variance += 1
    injected = images._replace(image=image, ivar=images.ivar / variance)
    simcat = _simcat(images, galaxies, transmission)
    return spoil(images, injected, simcat, flaw=flaw, rng=rng)


def spoil(
    before: BrickImages,
    injected: BrickImages,
    simcat: pd.DataFrame,
    *,
    flaw: str | None,
    rng: np.random.Generator,
) -> tuple[BrickImages, pd.DataFrame]:
    """Give right injections a flaw that needs no drawing anew: "position", "ivar" or "noise".

    Parameters
    ----------
    before, injected
        Images without and with the galaxies; they are not changed.
    simcat
        What was injected.
    flaw
        As for `inject`; "psf" changes nothing here.
    rng
        Where a patch of noise comes from.
    """
    if flaw is not None and flaw not in FLAWS:
        raise unknown("flaw", flaw, FLAWS)
    if flaw == "position":
        simcat = simcat.assign(x=recorded(simcat["x"], flaw))
    if flaw == "ivar":
        injected = injected._replace(ivar=before.ivar)
    if flaw == "noise":
        image = injected.image.copy()
        _add_patches(image, before.ivar, simcat[["x", "y"]].to_numpy(), rng)
        np.copyto(image, before.image, where=~(before.ivar > 0))
        injected = injected._replace(image=image)
    return injected, simcat


def recorded(bx: np.ndarray, flaw: str | None) -> np.ndarray:
    """Return positions in x as a pipeline with this flaw writes them down."""
    return bx + POSITION_OFFSET if flaw == "position" else bx


def estimated_gain(images: BrickImages) -> np.ndarray:
    """Electrons a nanomaggy in each band (B,), if the noise of the images is that of a dark sky.

    Light f has a variance of f / gain; so gain is the sky's flux in a pixel times the median
    inverse variance.
    """
    typical = [np.median(ivar[ivar > 0]) if (ivar > 0).any() else np.inf for ivar in images.ivar]
    return sky_flux(images.bands) * typical


def sky_flux(bands: Sequence[str]) -> np.ndarray:
    """Return the flux of the dark sky in a pixel in each band, (B,) in nanomaggies."""
    return np.array([10 ** (-0.4 * (SKY[band] - 22.5)) for band in bands]) * PIXEL**2


def _add_patches(image, ivar, places: np.ndarray, rng: np.random.Generator) -> None:
    """Add the same patch of noise about every galaxy, at the depth of the image there."""
    patch = rng.standard_normal((len(image), NOISE_PATCH, NOISE_PATCH), np.float32)
    corner = np.floor(places + 0.5).astype(int) - NOISE_PATCH // 2
    patches = np.broadcast_to(patch, (len(corner), *patch.shape))
    for _, window, part in Stamps(patches, corner, np.arange(len(corner))).windows(
        *image.shape[1:]
    ):
        image[window] += patch[part] / np.sqrt(np.maximum(ivar[window], TINY))


def _simcat(images, galaxies: Sources, transmission) -> pd.DataFrame:
    catalogue = galaxies.catalogue
    ra, dec = images.wcs.all_pix2world(catalogue["x"], catalogue["y"], 0)
    through = dict(zip(images.bands, np.broadcast_to(transmission, len(images.bands))))
    flux = galaxies.fluxes()
    columns = {
        "id": np.arange(len(catalogue)),
        "ra": ra,
        "dec": dec,
        "x": catalogue["x"].to_numpy(),
        "y": catalogue["y"].to_numpy(),
    }
    for i, band in enumerate(BANDS):
        columns[f"{band}flux"] = flux[:, i] * through.get(band, 1.0)
        columns[f"mw_transmission_{band}"] = np.full(len(catalogue), through.get(band, 1.0))
    copied = {name: catalogue[name].to_numpy() for name in ("n", "rhalf", "e1", "e2", "redshift")}
    return pd.DataFrame({**columns, **copied})
