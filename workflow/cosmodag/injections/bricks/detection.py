"""Source detection and photometry on the images of a brick, with a catalogue like Tractor's.

Sources are detected in the signal-to-noise map of all bands combined. Their fluxes are measured in
one elliptical aperture for all bands [1]_, with the algorithms of SExtractor [2]_ as implemented
in `sep`.

References
----------
.. [1] Kron 1980, ApJS 43, 305.
.. [2] Bertin & Arnouts 1996, A&AS 117, 393.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import sep

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_images import PIXEL_SCALE, BrickImages

SPECTRUM = {"g": 0.3, "r": 0.5, "z": 1.0}
"""Relative fluxes of the spectral template for detection."""
KRON_FACTOR, MIN_KRON_RADIUS = 2.5, 3.5
CORE = 0.6
"""Scale of the aperture for colours relative to the Kron aperture, whose outskirts are noisy."""
MIN_RADIUS = 0.15
"""Half-light radius in arcsec below which a source counts as a point source."""
MIN_ELLIPTICITY = 0.15
"""Ellipticity below which a galaxy counts as round."""
MIN_CONCENTRATION = 3.4
"""Ratio of the radii of 80 % and 30 % of the flux above which a profile is de Vaucouleurs."""
PSF_RADIUS, SHRINK = 0.63, 0.9
"""Half-light radius of a star as `sep` measures it, in units of the FWHM, and correction factor of
deconvolved radii. Both are calibrated on simulated exponential discs, whose true radii are
recovered within 15 %."""
DEFAULT_FWHM = 1.4
"""FWHM of the point-spread function in arcsec if it is unknown."""
FWHM_PER_SIGMA = 2.355


class Photometry(NamedTuple):
    """Measurements of N sources in B bands.

    Attributes
    ----------
    bx, by : numpy.ndarray, shape (N,), float64
        Centroids in pixels.
    flux, error : numpy.ndarray, shape (N, B), float64
        Flux and its standard error in nanomaggies.
    radii : numpy.ndarray, shape (N, 3), float64
        Radii that enclose 30, 50 and 80 % of the flux, in arcsec.
    """

    bx: np.ndarray
    by: np.ndarray
    flux: np.ndarray
    error: np.ndarray
    radii: np.ndarray


def detect_sources(
    images: BrickImages,
    *,
    brick: str,
    threshold: float = 0.8,
    background: int = 0,
    overlap: float = 0.0,
    transmission: np.ndarray | float = 1.0,
    exposures: np.ndarray | int = 1,
) -> pd.DataFrame:
    """Detect and measure the sources of a brick.

    Parameters
    ----------
    images : BrickImages
        Images in nanomaggies with inverse variance; 0 marks bad pixels.
    brick : str
        Name of the brick.
    threshold : float
        Detection threshold in the smoothed signal-to-noise map of all bands combined. The noise of
        this map is about 0.13, so 0.8 corresponds to 6 sigma.
    background : int
        Cell size in pixels of the mesh for background subtraction. 0 subtracts none: coadds of the
        Legacy Surveys are background-subtracted.
    overlap : float
        Width in pixels of the margin that belongs to the neighbouring brick; sources in it are not
        primary.
    transmission : numpy.ndarray, shape (B,), or float
        Transmission of Galactic dust in each band, for the catalogue only.
    exposures : numpy.ndarray, shape (B,), or int
        Number of exposures in each band, for the catalogue only.

    Returns
    -------
    pandas.DataFrame
        One row per source, sorted by position: brickname, objid, type (PSF, REX, EXP, DEV),
        brick_primary, bx, by (0-indexed pixels), ra, dec (degrees), shape_r (half-light radius in
        arcsec, corrected for the point-spread function), shape_e1, shape_e2, and for each band
        flux_, flux_ivar_ (attenuated by dust, in nanomaggies), mw_transmission_, nobs_, allmask_
        (1 if the central pixel is bad), psfsize_ (FWHM in arcsec).

    Raises
    ------
    InputError
        If the images contain values that are not finite, a band has no good pixel, or most pixels
        are above the threshold, since their sky is not subtracted.
    """
    flux, ivar = _checked_planes(images, background, brick)
    stack, signal = _coadd_bands(flux, ivar, images.bands)
    fwhm = float(np.nanmean(np.where(images.psf_size > 0, images.psf_size, np.nan)))
    fwhm = fwhm if np.isfinite(fwhm) else DEFAULT_FWHM
    bad = np.asarray(~(ivar > 0).any(0))
    detections, segments = _extract(signal, bad, threshold, fwhm, brick)
    photometry = _measure(detections, segments, stack, flux, ivar, fwhm)
    columns = {
        **_source_columns(detections, photometry, images, brick, overlap, fwhm),
        **_band_columns(photometry, images, ivar, transmission, exposures),
    }
    order = np.lexsort((photometry.bx, photometry.by))
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def _checked_planes(
    images: BrickImages, background: int, brick: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return background-subtracted fluxes and inverse variances (B, H, W)."""
    flux = np.ascontiguousarray(images.image, np.float32)
    ivar = np.ascontiguousarray(images.ivar, np.float32)
    for band, plane, weight in zip(images.bands, flux, ivar):
        if not (np.isfinite(plane).all() and np.isfinite(weight).all()):
            raise InputError(f"brick {brick}: {band} contains NaN; set bad pixels to 0 with ivar 0")
        if not (weight > 0).any():
            raise InputError(f"brick {brick}: ivar of {band} is nowhere > 0; leave this band out")
    if background:
        flux = flux.copy()
        for plane, weight in zip(flux, ivar):
            sky = sep.Background(plane, mask=weight <= 0, bw=background, bh=background)
            sky.subfrom(plane)
            plane[weight <= 0] = 0
    return flux, ivar


def _coadd_bands(
    flux: np.ndarray, ivar: np.ndarray, bands: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best-fit amplitude of the spectral template and its signal-to-noise, (H, W)."""
    spectrum = np.array([SPECTRUM[band] for band in bands], np.float32)
    weight = np.einsum("b,byx->yx", spectrum**2, ivar)
    total = np.einsum("b,byx,byx->yx", spectrum, flux, ivar, optimize=False)
    safe = np.maximum(weight, np.float32(1e-12))
    return total / safe, total / np.sqrt(safe)


def _extract(
    signal: np.ndarray, mask: np.ndarray, threshold: float, fwhm: float, brick: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the detections of `sep` as a structured array, and the segmentation map."""
    sep.set_extract_pixstack(max(300_000, signal.size // 2))
    try:
        return sep.extract(
            signal,
            threshold,
            mask=mask,
            minarea=5,
            filter_kernel=_gaussian_kernel(fwhm / PIXEL_SCALE),
            deblend_nthresh=32,
            deblend_cont=0.01,
            segmentation_map=True,
        )
    except Exception as error:  # `sep` raises no narrower one
        above = np.mean(signal[~mask] > threshold)
        raise InputError(
            f"brick {brick}: {above:.0%} of its pixels are above the detection threshold "
            f"({' '.join(str(error).split())[:60]}); give an image whose sky is subtracted"
        ) from error


def _gaussian_kernel(fwhm: float) -> np.ndarray:
    """Return a Gaussian kernel of a FWHM in pixels; `sep` normalizes its sum."""
    offset = np.arange(-int(fwhm), int(fwhm) + 1)
    line = np.exp(-4 * np.log(2) * (offset / fwhm) ** 2)
    return np.outer(line, line).astype(np.float32)


def _measure(
    detections: np.ndarray,
    segments: np.ndarray,
    stack: np.ndarray,
    flux: np.ndarray,
    ivar: np.ndarray,
    fwhm: float,
) -> Photometry:
    """Measure fluxes, radii and centroids, with the pixels of neighbouring sources masked."""
    x, y, theta = detections["x"], detections["y"], detections["theta"]
    a, b = np.maximum(detections["a"], 0.5), np.maximum(detections["b"], 0.5)
    labels = np.arange(1, len(detections) + 1, dtype=np.int32)
    mask_neighbours = {"segmap": segments, "seg_id": labels}
    bad = ~(ivar > 0)
    kron, _ = sep.kron_radius(stack, x, y, a, b, theta, 6.0, mask=bad.all(0), **mask_neighbours)
    least = MIN_KRON_RADIUS / KRON_FACTOR * fwhm / PIXEL_SCALE / FWHM_PER_SIGMA / np.sqrt(a * b)
    scale = KRON_FACTOR * np.clip(np.nan_to_num(kron), least, 6.0)
    total, core = (
        sep.sum_ellipse(stack, x, y, a, b, theta, r, mask=bad.all(0), subpix=3, **mask_neighbours)[
            0
        ]
        for r in (scale, CORE * scale)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        correction = np.clip(np.nan_to_num(total / core, nan=1.0), 1.0, 3.0)
    fluxes, errors = [], []
    for plane, weight, masked in zip(flux, ivar, bad):
        variance = np.where(masked, 0, 1 / np.where(masked, 1, weight))
        core_flux, core_error, _ = sep.sum_ellipse(
            plane, x, y, a, b, theta, CORE * scale,
            var=variance, mask=masked, subpix=3, **mask_neighbours,
        )  # fmt: skip
        fluxes.append(core_flux * correction)
        errors.append(core_error * correction)
    fractions = [0.3, 0.5, 0.8]
    radii, _ = sep.flux_radius(
        stack, x, y, 6.0 * a, fractions,
        normflux=total, mask=bad.all(0), subpix=3, **mask_neighbours,
    )  # fmt: skip
    window_sigma = np.clip(radii[:, 1] * 2 / FWHM_PER_SIGMA, 1.0, 10.0)
    centre_x, centre_y, flag = sep.winpos(stack, x, y, window_sigma, mask=bad.all(0))
    failed = (flag != 0) | ~(np.hypot(centre_x - x, centre_y - y) < 3)
    return Photometry(
        bx=np.where(failed, x, centre_x),
        by=np.where(failed, y, centre_y),
        flux=np.array(fluxes).T,
        error=np.array(errors).T,
        radii=radii * PIXEL_SCALE,
    )


def _source_columns(
    detections: np.ndarray,
    photometry: Photometry,
    images: BrickImages,
    brick: str,
    overlap: float,
    fwhm: float,
) -> dict[str, np.ndarray]:
    """Return the columns of positions and shapes."""
    bx, by = photometry.bx, photometry.by
    _, height, width = images.image.shape
    ra, dec = images.wcs.all_pix2world(bx, by, 0)
    radius, e1, e2, types = _shapes(detections, photometry.radii, fwhm)
    primary = (np.abs(bx - (width - 1) / 2) < width / 2 - overlap) & (
        np.abs(by - (height - 1) / 2) < height / 2 - overlap
    )
    return {
        "brickname": np.full(len(bx), brick),
        "objid": np.argsort(np.lexsort((bx, by))).astype(np.int32),
        "type": types,
        "brick_primary": primary,
        "bx": bx,
        "by": by,
        "ra": ra,
        "dec": dec,
        "shape_r": radius,
        "shape_e1": e1,
        "shape_e2": e2,
    }


def _band_columns(
    photometry: Photometry,
    images: BrickImages,
    ivar: np.ndarray,
    transmission: np.ndarray | float,
    exposures: np.ndarray | int,
) -> dict[str, np.ndarray]:
    """Return the columns of each band."""
    n_sources = len(photometry.bx)
    _, height, width = images.image.shape
    row = np.clip(np.round(photometry.by), 0, height - 1).astype(int)
    column = np.clip(np.round(photometry.bx), 0, width - 1).astype(int)
    transmission = np.broadcast_to(transmission, len(images.bands))
    exposures = np.broadcast_to(exposures, len(images.bands))
    columns = {}
    for i, band in enumerate(images.bands):
        error = photometry.error[:, i]
        valid = np.isfinite(error) & (error > 0)
        columns[f"flux_{band}"] = photometry.flux[:, i]
        columns[f"flux_ivar_{band}"] = np.where(valid, 1 / np.where(valid, error, 1) ** 2, 0)
        columns[f"mw_transmission_{band}"] = np.full(n_sources, transmission[i])
        columns[f"nobs_{band}"] = np.full(n_sources, exposures[i], np.int16)
        columns[f"allmask_{band}"] = (ivar[i, row, column] <= 0).astype(np.int16)
        columns[f"psfsize_{band}"] = np.full(n_sources, images.psf_size[i])
    return columns


def _shapes(
    detections: np.ndarray, radii: np.ndarray, fwhm: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return deconvolved half-light radii, both components of the ellipticity, and types."""
    r30, r50, r80 = radii.T
    psf_radius = PSF_RADIUS * np.full(len(radii), fwhm)
    radius = SHRINK * np.sqrt(np.maximum(r50**2 - psf_radius**2, 0))
    axis_ratio = np.minimum(detections["b"] / detections["a"], 1)
    e = (1 - axis_ratio) / (1 + axis_ratio)
    types = np.where(e < MIN_ELLIPTICITY, "REX", "EXP")
    types = np.where(r80 / np.maximum(r30, 1e-6) > MIN_CONCENTRATION, "DEV", types)
    types = np.where(radius < MIN_RADIUS, "PSF", types)
    angle = 2 * detections["theta"]
    return radius, e * np.cos(angle), e * np.sin(angle), types
