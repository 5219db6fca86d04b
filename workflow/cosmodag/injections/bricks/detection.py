"""Finding sources in the images of a brick and measuring them, as a catalogue like Tractor's.

Detection works on the signal-to-noise of all bands together; fluxes are those within one ellipse in
every band (Kron 1980, ApJS 43, 305; Bertin and Arnouts 1996, A&AS 117, 393, by way of `sep`).
"""

import numpy as np
import pandas as pd
import sep

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_images import PIXEL, BrickImages

SPECTRUM = {"g": 0.3, "r": 0.5, "z": 1.0}
"""Relative fluxes of what is looked for."""
KRON_FACTOR, SMALLEST_KRON = 2.5, 3.5
CORE = 0.6
"""Share of the ellipse's axes within which bands are compared: the outskirts are mostly noise."""
SMALLEST = 0.15
"""Arcsec below which a source is a point."""
ROUNDEST = 0.15
"""Ellipticity below which a galaxy is round."""
CONCENTRATION = 3.4
"""Ratio of the radii of 80 % and 30 % of the light above which a profile is de Vaucouleurs'."""
PSF_RADIUS, SHRINK = 0.63, 0.9
"""Half-light radius of a star as `sep` measures it, in units of the FWHM, and a factor on what is
left of a galaxy's: both from simulated exponential discs, whose true radius is met within 15 %."""
UNKNOWN_PSF = 1.4


def detect(
    images: BrickImages,
    *,
    brick: str,
    threshold: float = 0.8,
    background: int = 0,
    overlap: float = 0.0,
    transmission: np.ndarray | float = 1.0,
    exposures: np.ndarray | int = 1,
) -> pd.DataFrame:
    """Find and measure the sources of a brick.

    Parameters
    ----------
    images
        In nanomaggies with inverse variance; 0 marks bad pixels.
    brick
        Name of the brick.
    threshold
        Signal-to-noise of a smoothed pixel over all bands; its noise is about 0.13, so 0.8 is
        6 sigma.
    background
        Pixels a side of the mesh on which a background is estimated and subtracted. 0 subtracts
        none: coadds of the Legacy Surveys come without the sky.
    overlap
        Pixels along each edge that belong to the neighbouring brick: sources there are not primary.
    transmission
        Share of the light that dust lets through in each band, (B,), for the catalogue alone.
    exposures
        Number of them in each band, (B,), for the catalogue alone.

    Returns
    -------
    DataFrame
        A row a source, by position: brickname, objid, type (PSF, REX, EXP, DEV), brick_primary, bx,
        by (0-indexed pixels), ra, dec, shape_r (half-light radius in arcsec without the
        point-spread function), shape_e1, shape_e2, and for each band flux_, flux_ivar_ (as seen
        through the dust), mw_transmission_, nobs_, allmask_ (1 where the central pixel is bad),
        psfsize_ (FWHM in arcsec).

    Raises
    ------
    InputError
        The images hold values that are not finite, or no good pixel.
    """
    flux, ivar = _planes(images, background, brick)
    stack, signal = _stack(flux, ivar, images.bands)
    width = float(np.nanmean(np.where(images.psf_size > 0, images.psf_size, np.nan)))
    width = width if np.isfinite(width) else UNKNOWN_PSF
    found, segments = _extract(signal, ~(ivar > 0).any(0), threshold, width)
    measured = _measure(found, segments, stack, flux, ivar, width)
    return _catalogue(found, measured, images, ivar, brick, overlap, transmission, exposures)


def _planes(images: BrickImages, background: int, brick: str) -> tuple[np.ndarray, np.ndarray]:
    flux = np.ascontiguousarray(images.image, np.float32)
    ivar = np.ascontiguousarray(images.ivar, np.float32)
    for band, plane, weight in zip(images.bands, flux, ivar):
        if not (np.isfinite(plane).all() and np.isfinite(weight).all()):
            raise InputError(f"brick {brick}: {band} holds NaN; set bad pixels to 0 with ivar 0")
        if not (weight > 0).any():
            raise InputError(f"brick {brick}: ivar of {band} is nowhere > 0; leave this band out")
    if background:
        flux = flux.copy()
        for plane, weight in zip(flux, ivar):
            sky = sep.Background(plane, mask=weight <= 0, bw=background, bh=background)
            sky.subfrom(plane)
            plane[weight <= 0] = 0
    return flux, ivar


def _stack(flux, ivar, bands) -> tuple[np.ndarray, np.ndarray]:
    """Best estimate of the flux of the spectrum that is looked for, and its signal-to-noise."""
    spectrum = np.array([SPECTRUM[band] for band in bands], np.float32)
    weight = np.einsum("b,byx->yx", spectrum**2, ivar)
    total = np.einsum("b,byx,byx->yx", spectrum, flux, ivar, optimize=False)
    safe = np.maximum(weight, np.float32(1e-12))
    return total / safe, total / np.sqrt(safe)


def _extract(signal, mask, threshold: float, width: float):
    sep.set_extract_pixstack(max(300_000, signal.size // 2))
    return sep.extract(
        signal,
        threshold,
        mask=mask,
        minarea=5,
        filter_kernel=_kernel(width / PIXEL),
        deblend_nthresh=32,
        deblend_cont=0.01,
        segmentation_map=True,
    )


def _kernel(width: float) -> np.ndarray:
    """Gaussian of a FWHM in pixels; `sep` scales it to a sum of 1."""
    reach = np.arange(-int(width), int(width) + 1)
    line = np.exp(-4 * np.log(2) * (reach / width) ** 2)
    return np.outer(line, line).astype(np.float32)


def _measure(found, segments, stack, flux, ivar, width: float) -> dict[str, np.ndarray]:
    """Fluxes in one ellipse and radii that hold shares of the light, without the neighbours'."""
    x, y, theta = found["x"], found["y"], found["theta"]
    a, b = np.maximum(found["a"], 0.5), np.maximum(found["b"], 0.5)
    number = np.arange(1, len(found) + 1, dtype=np.int32)
    apart = {"segmap": segments, "seg_id": number}
    bad = ~(ivar > 0)
    kron, _ = sep.kron_radius(stack, x, y, a, b, theta, 6.0, mask=bad.all(0), **apart)
    least = SMALLEST_KRON / KRON_FACTOR * width / PIXEL / 2.355 / np.sqrt(a * b)
    reach = KRON_FACTOR * np.clip(np.nan_to_num(kron), least, 6.0)
    total, part = (
        sep.sum_ellipse(stack, x, y, a, b, theta, r, mask=bad.all(0), subpix=3, **apart)[0]
        for r in (reach, CORE * reach)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.clip(np.nan_to_num(total / part, nan=1.0), 1.0, 3.0)
    fluxes, errors = [], []
    for plane, weight, masked in zip(flux, ivar, bad):
        variance = np.where(masked, 0, 1 / np.where(masked, 1, weight))
        light, error, _ = sep.sum_ellipse(
            plane, x, y, a, b, theta, CORE * reach, var=variance, mask=masked, subpix=3, **apart
        )
        fluxes.append(light * whole)
        errors.append(error * whole)
    shares = [0.3, 0.5, 0.8]
    radii, _ = sep.flux_radius(
        stack, x, y, 6.0 * a, shares, normflux=total, mask=bad.all(0), subpix=3, **apart
    )
    place_x, place_y, flag = sep.winpos(
        stack, x, y, np.clip(radii[:, 1] * 2 / 2.355, 1.0, 10.0), mask=bad.all(0)
    )
    lost = (flag != 0) | ~(np.hypot(place_x - x, place_y - y) < 3)
    return {
        "bx": np.where(lost, x, place_x),
        "by": np.where(lost, y, place_y),
        "flux": np.array(fluxes).T,
        "error": np.array(errors).T,
        "radii": radii * PIXEL,
        "width": np.full(len(x), width),
    }


def _catalogue(found, measured, images, ivar, brick, overlap, transmission, exposures):
    bx, by = measured["bx"], measured["by"]
    _, height, width = images.image.shape
    order = np.lexsort((bx, by))
    ra, dec = images.wcs.all_pix2world(bx, by, 0)
    size, e1, e2, types = _shapes(found, measured)
    inside = (np.abs(bx - (width - 1) / 2) < width / 2 - overlap) & (
        np.abs(by - (height - 1) / 2) < height / 2 - overlap
    )
    columns = {
        "brickname": np.full(len(bx), brick),
        "objid": np.argsort(order).astype(np.int32),
        "type": types,
        "brick_primary": inside,
        "bx": bx,
        "by": by,
        "ra": ra,
        "dec": dec,
        "shape_r": size,
        "shape_e1": e1,
        "shape_e2": e2,
    }
    row = np.clip(np.round(by), 0, height - 1).astype(int)
    column = np.clip(np.round(bx), 0, width - 1).astype(int)
    through = np.broadcast_to(transmission, len(images.bands))
    number = np.broadcast_to(exposures, len(images.bands))
    for i, band in enumerate(images.bands):
        error = measured["error"][:, i]
        known = np.isfinite(error) & (error > 0)
        columns[f"flux_{band}"] = measured["flux"][:, i]
        columns[f"flux_ivar_{band}"] = np.where(known, 1 / np.where(known, error, 1) ** 2, 0)
        columns[f"mw_transmission_{band}"] = np.full(len(bx), through[i])
        columns[f"nobs_{band}"] = np.full(len(bx), number[i], np.int16)
        columns[f"allmask_{band}"] = (ivar[i, row, column] <= 0).astype(np.int16)
        columns[f"psfsize_{band}"] = np.full(len(bx), images.psf_size[i])
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def _shapes(found, measured):
    """Size without the point-spread function, ellipticity, and the profile that these suggest."""
    low, half, high = measured["radii"].T
    blur = PSF_RADIUS * measured["width"]
    size = SHRINK * np.sqrt(np.maximum(half**2 - blur**2, 0))
    axis_ratio = np.minimum(found["b"] / found["a"], 1)
    e = (1 - axis_ratio) / (1 + axis_ratio)
    types = np.where(e < ROUNDEST, "REX", "EXP")
    types = np.where(high / np.maximum(low, 1e-6) > CONCENTRATION, "DEV", types)
    types = np.where(size < SMALLEST, "PSF", types)
    return size, e * np.cos(2 * found["theta"]), e * np.sin(2 * found["theta"]), types
