"""One image of a survey in a file of its own: image and inverse variance of each band in turn.

The cutout service of the Legacy Surveys gives such files, and its coadded point-spread functions.
"""

import os
from collections.abc import Sequence

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import open_fits
from cosmodag.injections.bricks.brick_images import BANDS, BrickImages, check_plane

CURE = "give a cutout with its inverse variance, as the service of the Legacy Surveys makes them"


def read_survey_cutout(
    path: str | os.PathLike,
    *,
    psf_path: str | os.PathLike | None = None,
    bands: Sequence[str] = BANDS,
    pixel: float = 0.262,
) -> tuple[BrickImages, np.ndarray | None]:
    """Read an image of a survey and its point-spread functions.

    Parameters
    ----------
    path
        HDUs whose header says BAND and IMAGETYP, "image" or "invvar", in nanomaggies.
    psf_path
        A point-spread function an HDU, whose header says BAND.
    bands
        Which bands, in this order.
    pixel
        Side of a pixel in arcsec.

    Returns
    -------
    images : BrickImages
        `psf_size` is measured from the point-spread functions, NaN without them.
    psf : numpy.ndarray, shape (B, P, P), float32, or None

    Raises
    ------
    InputError
        A file is missing, cut short, or lacks a band; or as
        `cosmodag.injections.bricks.brick_images.read_planes`.
    """
    planes, header = {}, None
    with open_fits(path, what="cutout", cure=CURE) as file:
        for hdu in file:
            key = hdu.header.get("BAND"), hdu.header.get("IMAGETYP")
            if hdu.data is not None and None not in key:
                planes[key] = np.ascontiguousarray(hdu.data, np.float32)
                header = header or hdu.header.copy()
    for kind in ("image", "invvar"):
        for band in bands:
            if (band, kind) not in planes:
                raise InputError(f"{path}: no {kind} of band {band!r}; {CURE}")
            check_plane(path, planes[band, kind], kind)
    if len({plane.shape for plane in planes.values()}) > 1:
        raise InputError(f"{path}: its planes differ in shape; {CURE}")
    psf = None if psf_path is None else read_psf(psf_path, bands)
    sizes = np.full(len(bands), np.nan, np.float32)
    if psf is not None:
        sizes = np.array([width(each) * pixel for each in psf], np.float32)
    stacks = (np.stack([planes[b, kind] for b in bands]) for kind in ("image", "invvar"))
    return BrickImages(tuple(bands), *stacks, sizes, _wcs(path, header)), psf


def read_psf(path: str | os.PathLike, bands: Sequence[str] = BANDS) -> np.ndarray:
    """Read point-spread functions, (B, P, P) float32, P odd.

    Raises
    ------
    InputError
        The file is missing, cut short, lacks a band, or its images differ in shape.
    """
    with open_fits(path, what="point-spread function", cure="give that of the image") as file:
        found = {
            hdu.header["BAND"]: np.asarray(hdu.data, np.float32)
            for hdu in file
            if hdu.data is not None and "BAND" in hdu.header
        }
    for band in bands:
        if band not in found:
            raise InputError(f"{path}: no point-spread function of band {band!r}")
    if len({found[band].shape for band in bands}) > 1:
        raise InputError(f"{path}: its point-spread functions differ in shape")
    return np.stack([found[band] for band in bands])


def width(psf: np.ndarray) -> float:
    """Full width at half maximum in pixels of a point-spread function (P, P).

    That of the circle with the area where the function is above half its maximum.
    """
    fine = 8
    rows = np.linspace(0, len(psf) - 1, fine * (len(psf) - 1) + 1)
    lines = np.array([np.interp(rows, np.arange(len(psf)), line) for line in psf.T]).T
    surface = np.array([np.interp(rows, np.arange(len(psf)), line) for line in lines])
    return float(2 * np.sqrt((surface > psf.max() / 2).sum() / fine**2 / np.pi))


def _wcs(path: str | os.PathLike, header: fits.Header) -> WCS:
    wcs = WCS(header)
    if not wcs.has_celestial:
        raise InputError(f"{path}: no celestial coordinates in the header; {CURE}")
    return wcs
