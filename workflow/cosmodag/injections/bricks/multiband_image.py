"""An image of a survey in several bands with its inverse variance, stored in one FITS file.

The cutout service of the Legacy Surveys provides such files, and files of the coadded point-spread
functions.
"""

import os
from collections.abc import Sequence

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import in_nanomaggies, open_fits
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL_SCALE, BrickImages, check_plane

CURE = "give a cutout with its inverse variance, as the service of the Legacy Surveys makes them"
_OVERSAMPLING = 8


def read_multiband_image(
    path: str | os.PathLike,
    *,
    psf_path: str | os.PathLike | None = None,
    bands: Sequence[str] = BANDS,
    pixel_scale: float = PIXEL_SCALE,
) -> tuple[BrickImages, np.ndarray | None]:
    """Read an image of a survey and its point-spread functions.

    Parameters
    ----------
    path : path
        FITS file with two HDUs per band. The header key BAND names the band, IMAGETYP is "image"
        or "invvar". Pixels are in nanomaggies and nanomaggies^-2.
    psf_path : path, optional
        FITS file with one point-spread function per HDU; the header key BAND names the band.
    bands : sequence of str
        Bands to read, in this order.
    pixel_scale : float
        Side of a pixel in arcsec.

    Returns
    -------
    images : BrickImages
        `psf_size` is measured from the point-spread functions, NaN without them.
    psf : numpy.ndarray, shape (B, P, P), float32, or None
        Point-spread functions; None without `psf_path`.

    Raises
    ------
    InputError
        If a file is missing, truncated or lacks a band, if a plane has invalid values (see
        `cosmodag.injections.bricks.brick_images.check_plane`), or if the header has no celestial
        coordinates.
    """
    planes, units, header = {}, {}, None
    with open_fits(path, what="cutout", cure=CURE) as file:
        for hdu in file:
            key = hdu.header.get("BAND"), hdu.header.get("IMAGETYP")
            if hdu.data is not None and None not in key:
                if np.ndim(hdu.data) != 2:
                    raise InputError(
                        f"{path}: {key[1]} of band {key[0]!r} has {np.ndim(hdu.data)} axes, not "
                        f"two; {CURE}"
                    )
                units[key] = str(hdu.header.get("BUNIT", ""))
                planes[key] = np.ascontiguousarray(hdu.data, np.float32)
                header = header or hdu.header.copy()
    for kind in ("image", "invvar"):
        for band in bands:
            if (band, kind) not in planes:
                raise InputError(f"{path}: no {kind} of band {band!r}; {CURE}")
            check_plane(path, planes[band, kind], kind)
    if len({plane.shape for plane in planes.values()}) > 1:
        raise InputError(f"{path}: its planes differ in shape; {CURE}")
    for (band, kind), unit in units.items():
        if kind == "image" and not in_nanomaggies(unit):
            raise InputError(
                f"{path}: image of band {band!r} is in {unit!r}, not nanomaggies; {CURE}"
            )
    psf = None if psf_path is None else read_psf(psf_path, bands)
    sizes = np.full(len(bands), np.nan, np.float32)
    if psf is not None:
        sizes = np.array([psf_fwhm(plane) * pixel_scale for plane in psf], np.float32)
    image, ivar = (np.stack([planes[b, kind] for b in bands]) for kind in ("image", "invvar"))
    return BrickImages(tuple(bands), image, ivar, sizes, _celestial_wcs(path, header)), psf


def read_psf(path: str | os.PathLike, bands: Sequence[str] = BANDS) -> np.ndarray:
    """Read the point-spread functions of an image.

    Parameters
    ----------
    path : path
        FITS file with one point-spread function per HDU; the header key BAND names the band.
    bands : sequence of str
        Bands to read, in this order.

    Returns
    -------
    numpy.ndarray, shape (B, P, P), float32
        Point-spread functions; P is odd.

    Raises
    ------
    InputError
        If the file is missing, truncated or lacks a band, or if its images differ in shape.
    """
    cure = "give that of the image"
    with open_fits(path, what="point-spread function", cure=cure) as file:
        planes = {
            hdu.header["BAND"]: np.asarray(hdu.data, np.float32)
            for hdu in file
            if hdu.data is not None and "BAND" in hdu.header
        }
    for band in bands:
        if band not in planes:
            raise InputError(f"{path}: no point-spread function of band {band!r}; {cure}")
        if planes[band].ndim != 2 or not (np.isfinite(planes[band]).all() and planes[band].any()):
            raise InputError(
                f"{path}: the point-spread function of band {band!r} is no image of finite values; "
                f"{cure}"
            )
    if len({planes[band].shape for band in bands}) > 1:
        raise InputError(f"{path}: its point-spread functions differ in shape; {cure}")
    return np.stack([planes[band] for band in bands])


def psf_fwhm(psf: np.ndarray) -> float:
    """Return the full width at half maximum of a point-spread function.

    The result is the diameter of a circle with the area over which the function exceeds half its
    maximum.

    Parameters
    ----------
    psf : numpy.ndarray, shape (P, P)
        Point-spread function.

    Returns
    -------
    float
        Full width at half maximum in pixels.
    """
    pixels = np.arange(len(psf))
    fine = np.linspace(0, len(psf) - 1, _OVERSAMPLING * (len(psf) - 1) + 1)
    lines = np.array([np.interp(fine, pixels, line) for line in psf.T]).T
    surface = np.array([np.interp(fine, pixels, line) for line in lines])
    return float(2 * np.sqrt((surface > psf.max() / 2).sum() / _OVERSAMPLING**2 / np.pi))


def _celestial_wcs(path: str | os.PathLike, header: fits.Header | None) -> WCS:
    """Return the world coordinates of a header; refuse a header without celestial ones."""
    try:
        wcs = WCS(header)
        celestial = wcs.has_celestial and bool(np.isfinite(wcs.wcs.crval).all())
    except (ValueError, MemoryError, AttributeError) as error:  # also those of wcslib
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: its world coordinates are invalid ({reason}); {CURE}") from None
    if not celestial:
        raise InputError(f"{path}: no celestial coordinates in the header; {CURE}")
    return wcs
