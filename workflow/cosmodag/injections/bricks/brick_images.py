"""Images of survey bricks and their inverse variances, stored as tile-compressed FITS files."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import in_nanomaggies, open_fits, write_fits
from cosmodag.imaging.fits_headers import image_shape, read_hdus
from cosmodag.imaging.world_coordinates import pixel_scale
from cosmodag.injections.bricks.brick_files import BrickFiles

BANDS = ("g", "r", "z")
UNITS = {"image": "nanomaggy", "invvar": "1/nanomaggy^2"}
PIXEL_SCALE = 0.262
"""Side of a pixel of the Legacy Surveys in arcsec."""
TILE_SHAPE = (100, 100)
"""Pixels per compressed tile, as in the files of the Legacy Surveys."""
QUANTIZE_LEVEL = 16
"""Quantization steps per standard deviation of the noise."""
LEAST_COVERAGE = 1e-3
"""Fraction of pixels with data below which a plane counts as missing: the edge of an exposure."""
DITHER_TOLERANCE = 0.01
"""Fraction of the median inverse variance by which dithering may make a pixel negative."""

CURE = "fetch it or leave its band out of `bands`"
"""Advice of the error for a missing plane."""


class BrickImages(NamedTuple):
    """Images of one brick.

    Attributes
    ----------
    bands : tuple of str
        Names of the B bands.
    image : numpy.ndarray, shape (B, H, W), float32
        Flux in nanomaggies per pixel; rows run along y.
    ivar : numpy.ndarray, shape (B, H, W), float32
        Inverse variance in nanomaggies^-2; 0 marks bad pixels.
    psf_size : numpy.ndarray, shape (B,), float32
        Full width at half maximum of the point-spread function in arcsec; NaN where unknown.
    wcs : astropy.wcs.WCS
        World coordinates of the pixels.
    """

    bands: tuple[str, ...]
    image: np.ndarray
    ivar: np.ndarray
    psf_size: np.ndarray
    wcs: WCS


def read_planes(
    files: BrickFiles, bands: Sequence[str] = BANDS
) -> Iterator[tuple[str, str, np.ndarray, fits.Header]]:
    """Read the planes of a brick one by one, so that only one plane is in memory.

    Parameters
    ----------
    files : BrickFiles
        Paths of the brick, or of a run of injections.
    bands : sequence of str
        Bands to read, in this order.

    Yields
    ------
    band : str
        Band of the plane.
    quantity : {"image", "invvar"}
        The image of each band precedes its inverse variance.
    plane : numpy.ndarray, shape (H, W), float32
        Flux in nanomaggies, or inverse variance in nanomaggies^-2. Slightly negative inverse
        variances, which result from dithering, are set to 0.
    header : astropy.io.fits.Header

    Raises
    ------
    InputError
        If a file is missing, truncated or contains no image; if planes differ in shape or are in
        other units; if an image contains NaN; or if an inverse variance contains NaN or negative
        values or is 0 nearly everywhere, see `check_plane`.
    """
    shape = None
    for band in bands:
        for quantity in ("image", "invvar"):
            path = files.verified(files.coadd(quantity, band))
            plane, header = read_plane(path)
            if not in_nanomaggies(unit := str(header.get("BUNIT", ""))):
                raise InputError(
                    f"{path}: pixels in {unit!r}; convert the brick's planes to nanomaggies "
                    "(mag = 22.5 - 2.5 log10 flux) and nanomaggies^-2"
                )
            check_plane(path, plane, quantity)
            if shape is not None and plane.shape != shape:
                raise InputError(
                    f"{path}: {plane.shape[1]}×{plane.shape[0]} pixels, but the other planes of "
                    f"the brick have {shape[1]}×{shape[0]}; fetch the files of the brick again"
                )
            shape = plane.shape
            yield band, quantity, plane, header


def read_images(files: BrickFiles, bands: Sequence[str] = BANDS) -> BrickImages:
    """Read all planes of a brick.

    Parameters
    ----------
    files : BrickFiles
        Paths of the brick, or of a run of injections.
    bands : sequence of str
        Bands to read, in this order.

    Returns
    -------
    BrickImages

    Raises
    ------
    InputError
        As `read_planes`, or if the header has no celestial coordinates.
    """
    planes = list(read_planes(files, bands))
    image, ivar = (
        np.stack([plane for _, quantity, plane, _ in planes if quantity == wanted])
        for wanted in ("image", "invvar")
    )
    wcs = WCS(planes[-1][3])
    if not wcs.has_celestial:
        raise InputError(
            f"{files.coadd('invvar', bands[-1])}: no celestial coordinates in the header; "
            "CTYPE1, CRVAL1, … are required"
        )
    sizes = np.array([_psf_size(files.coadd("psfsize", band)) for band in bands], np.float32)
    return BrickImages(tuple(bands), image, ivar, sizes, wcs)


def write_images(files: BrickFiles, images: BrickImages, *, lossless: bool = False) -> None:
    """Write the planes of a brick; an interrupted call leaves no incomplete file.

    Parameters
    ----------
    files : BrickFiles
        Paths of the brick, or of a run of injections.
    images : BrickImages
        Images to write.
    lossless : bool
        Whether to keep every bit, at four times the file size. Otherwise pixels are quantized to a
        sixteenth of their noise with subtractive dithering [1]_, which preserves zeros.

    References
    ----------
    .. [1] Pence, Seaman & White 2009, PASP 121, 414.
    """
    header = images.wcs.to_header()
    for number, band in enumerate(images.bands):
        for quantity, plane in (("image", images.image), ("invvar", images.ivar)):
            header["BUNIT"] = UNITS[quantity]
            path = files.coadd(quantity, band)
            write_plane(path, plane[number], header, lossless=lossless)
        header["BUNIT"] = "arcsec"
        size = np.full((1, 1), images.psf_size[number], np.float32)
        write_plane(files.coadd("psfsize", band), size, header, lossless=True)


def read_plane(path: str | os.PathLike, hdu: int = 1) -> tuple[np.ndarray, fits.Header]:
    """Read one plane and its header.

    Parameters
    ----------
    path : path
        FITS file.
    hdu : int
        Index of the HDU.

    Returns
    -------
    plane : numpy.ndarray, shape (H, W), float32
        Pixels in native byte order.
    header : astropy.io.fits.Header

    Raises
    ------
    InputError
        If the file is missing or truncated, or the HDU contains no image.
    """
    with open_fits(path, what="image", cure=CURE) as file:
        plane, header = file[hdu].data, file[hdu].header
    if plane is None or np.ndim(plane) != 2:
        raise InputError(f"{path}: HDU {hdu} has no image of two axes; fetch the file again")
    return np.ascontiguousarray(plane, dtype=np.float32), header


def plane_shape(path: str | os.PathLike) -> tuple[int, int]:
    """Return the shape (H, W) of the plane in HDU 1, read from its header.

    Parameters
    ----------
    path : path
        FITS file.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError
        As `read_plane`.
    """
    shapes = [image_shape(hdu.header) for hdu in read_hdus(path, CURE)]
    if len(shapes) < 2 or len(shapes[1]) != 2:
        raise InputError(f"{path}: HDU 1 has no image of two axes; fetch the file again")
    return shapes[1]


def plane_scale(path: str | os.PathLike) -> float:
    """Return the side in arcsec of the pixels in HDU 1; `PIXEL_SCALE` if its header states none.

    Parameters
    ----------
    path : path
        FITS file.

    Returns
    -------
    float
    """
    scale = pixel_scale(read_hdus(path, CURE)[1].header)
    return PIXEL_SCALE if scale is None or abs(scale / PIXEL_SCALE - 1) < 1e-3 else scale


def write_plane(
    path: str | os.PathLike, plane: np.ndarray, header: fits.Header | None, *, lossless: bool
) -> None:
    """Write one plane as the tile-compressed HDU 1 of a FITS file.

    Parameters
    ----------
    path : path
        File to write.
    plane : numpy.ndarray, shape (H, W), float32
        Pixels.
    header : astropy.io.fits.Header or None
        Header of the HDU.
    lossless : bool
        As for `write_images`.
    """
    tile = tuple(min(side, length) for side, length in zip(TILE_SHAPE, plane.shape))
    if lossless:
        compression = {"compression_type": "GZIP_1", "quantize_level": 0.0}
    else:
        compression = {
            "compression_type": "RICE_1",
            "quantize_level": float(QUANTIZE_LEVEL),
            "quantize_method": 2,
            "dither_seed": 1,
        }
    compressed = fits.CompImageHDU(plane, header, tile_shape=tile, **compression)
    write_fits(path, fits.HDUList([fits.PrimaryHDU(), compressed]))


def check_plane(path: str | os.PathLike, plane: np.ndarray, quantity: str) -> None:
    """Check the values of a plane and set slightly negative inverse variances to 0 in place.

    Parameters
    ----------
    path : path
        File of the plane, for messages.
    plane : numpy.ndarray, shape (H, W), float32
        Pixels.
    quantity : {"image", "invvar"}
        Physical quantity of the plane.

    Raises
    ------
    InputError
        If a pixel is NaN or infinite, if an inverse variance is negative, or if it is 0 in all but
        the fraction `LEAST_COVERAGE` of the pixels.
    """
    # NaN propagates to the sum, the minimum and the maximum, so no temporary array is needed.
    least, other = (plane.min(), plane.max()) if quantity == "invvar" else (0, plane.sum())
    if not np.isfinite(least + other):
        _refuse_not_finite(path, plane)
    if least < 0:
        _remove_negative_dither(path, plane)
    if quantity == "invvar" and (covered := np.count_nonzero(plane)) < LEAST_COVERAGE * plane.size:
        where = f"above 0 in {covered} of {plane.size} pixels only" if covered else "0 everywhere"
        raise InputError(
            f"{path}: the inverse variance is {where}: no exposure in this band; leave the brick "
            "out of the list or the band out of `bands`"
        )


def _refuse_not_finite(path: str | os.PathLike, plane: np.ndarray) -> None:
    """Refuse a plane with NaN or infinite pixels; accept one whose sum alone overflows."""
    bad = np.count_nonzero(~np.isfinite(plane)) / plane.size
    if bad:
        cure = "mark bad pixels by an inverse variance of 0 instead"
        raise InputError(f"{path}: {100 * bad:.3g} % of the pixels are NaN or infinite; {cure}")


def _remove_negative_dither(path: str | os.PathLike, ivar: np.ndarray) -> None:
    """Set inverse variances to 0 in place that dithering made slightly negative."""
    good = ivar[ivar > 0]
    if not len(good) or -ivar.min() >= DITHER_TOLERANCE * np.median(good):
        raise InputError(f"{path}: an inverse variance is negative; fetch the file again")
    np.maximum(ivar, 0, out=ivar)


def _psf_size(path: Path) -> float:
    """Return the median of a map of PSF sizes in arcsec, NaN if the survey has none."""
    return float(np.median(read_plane(path)[0])) if path.is_file() else float("nan")
