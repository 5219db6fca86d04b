"""Images of survey bricks and their inverse variances, as tile-compressed FITS files."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.imaging.fits_files import in_nanomaggies, open_fits
from cosmodag.injections.bricks.brick_files import BrickFiles

BANDS = ("g", "r", "z")
UNITS = {"image": "nanomaggy", "invvar": "1/nanomaggy^2"}
PIXEL = 0.262
"""Side of a pixel of the Legacy Surveys in arcsec."""
TILE = (100, 100)
"""Pixels of a compressed tile, as the Legacy Surveys have them."""
QUANTA = 16
"""Steps of a quantised image a standard deviation of its noise."""
DITHERED = 0.01
"""Part of the median inverse variance that rounding may have taken off a pixel near 0."""

MISSING = "fetch it or leave its band out of `bands`"
"""What to do about a plane that is not there."""


class BrickImages(NamedTuple):
    """The images of one brick.

    Attributes
    ----------
    bands : tuple of str
    image : numpy.ndarray, shape (B, H, W), float32
        Nanomaggies a pixel, rows along y.
    ivar : numpy.ndarray, shape (B, H, W), float32
        Inverse variance in nanomaggies^-2; 0 marks bad pixels.
    psf_size : numpy.ndarray, shape (B,), float32
        Full width at half maximum of the point-spread function in arcsec, NaN where unknown.
    wcs : astropy.wcs.WCS
    """

    bands: tuple[str, ...]
    image: np.ndarray
    ivar: np.ndarray
    psf_size: np.ndarray
    wcs: WCS


def read_planes(
    files: BrickFiles, bands: Sequence[str] = BANDS
) -> Iterator[tuple[str, str, np.ndarray, fits.Header]]:
    """Read the planes of a brick one after the other, so that memory holds one of them.

    Parameters
    ----------
    files
        The brick, or a run of injections into it.
    bands
        Which bands, in this order.

    Yields
    ------
    band, quantity : str
        Quantity "image", then "invvar", of each band.
    plane : numpy.ndarray, shape (H, W), float32
        Nanomaggies, or nanomaggies^-2, of which slightly negative ones, as rounding with dithering
        leaves them, are 0.
    header : astropy.io.fits.Header

    Raises
    ------
    InputError
        If a file is missing, truncated or no such image, if planes differ in shape or are in other
        units, an image holds NaN, or an inverse variance holds NaN, negative values or nothing but
        zeros.
    """
    shape = None
    for band in bands:
        for quantity in ("image", "invvar"):
            path = files.coadd(quantity, band)
            plane, header = read_plane(path)
            if not in_nanomaggies(unit := str(header.get("BUNIT", ""))):
                raise InputError(
                    f"{path}: pixels in {unit!r}; convert the brick's planes to nanomaggies "
                    "(mag = 22.5 - 2.5 log10 flux) and nanomaggies^-2"
                )
            check_plane(path, plane, quantity)
            if shape is not None and plane.shape != shape:
                raise InputError(
                    f"{path}: {plane.shape[1]}×{plane.shape[0]} pixels where the brick's other "
                    f"planes have {shape[1]}×{shape[0]}; fetch the brick's files anew"
                )
            shape = plane.shape
            yield band, quantity, plane, header


def read_images(files: BrickFiles, bands: Sequence[str] = BANDS) -> BrickImages:
    """Read all planes of a brick.

    Parameters
    ----------
    files
        The brick, or a run of injections into it.
    bands
        Which bands, in this order.

    Raises
    ------
    InputError
        As `read_planes`, or if the images have no celestial coordinates.
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
            "CTYPE1, CRVAL1, … are needed"
        )
    sizes = np.array([_psf_size(files.coadd("psfsize", band)) for band in bands], np.float32)
    return BrickImages(tuple(bands), image, ivar, sizes, wcs)


def write_images(files: BrickFiles, images: BrickImages, *, lossless: bool = False) -> None:
    """Write the planes of a brick, each file whole or not at all.

    Parameters
    ----------
    files
        Where: the brick, or a run of injections into it.
    images
        What.
    lossless
        Keep every bit, at four times the size. Otherwise images are rounded to a sixteenth of
        their noise with subtractive dithering (Pence, Seaman & White 2009, PASP 121, 414), which
        keeps zeros; inverse variances likewise.
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
    """Read one plane, (H, W) float32 in native byte order, and its header.

    Raises
    ------
    InputError
        If the file is missing, truncated or holds no image in this HDU.
    """
    with open_fits(path, what="image", cure=MISSING) as file:
        plane, header = file[hdu].data, file[hdu].header
    if plane is None or np.ndim(plane) != 2:
        raise InputError(f"{path}: HDU {hdu} holds no image of two axes; fetch it anew")
    return np.ascontiguousarray(plane, dtype=np.float32), header


def plane_shape(path: str | os.PathLike) -> tuple[int, int]:
    """Read the shape (H, W) of a plane in HDU 1 from its header; errors as of `read_plane`."""
    with open_fits(path, what="image", cure=MISSING) as file:
        height, width = file[1].shape
    return height, width


def write_plane(
    path: str | os.PathLike, plane: np.ndarray, header: fits.Header, *, lossless: bool
) -> None:
    """Write one plane as HDU 1, tile-compressed; see `write_images`."""
    tile = tuple(min(side, length) for side, length in zip(TILE, plane.shape))
    if lossless:
        how = {"compression_type": "GZIP_1", "quantize_level": 0.0}
    else:
        how = {
            "compression_type": "RICE_1",
            "quantize_level": float(QUANTA),
            "quantize_method": 2,
            "dither_seed": 1,
        }
    compressed = fits.CompImageHDU(plane, header, tile_shape=tile, **how)
    with whole_file(path) as partial:
        fits.HDUList([fits.PrimaryHDU(), compressed]).writeto(partial, overwrite=True)


def check_plane(path: str | os.PathLike, plane: np.ndarray, quantity: str) -> None:
    """Check the values of a plane, and set slightly negative inverse variances to 0.

    See `read_planes` for what is refused.
    """
    # A number that is none spreads to the sum, the least and the greatest: no array is needed.
    least, greatest = (plane.min(), plane.max()) if quantity == "invvar" else (0, plane.sum())
    if not np.isfinite(least + greatest):
        _refuse_no_numbers(path, plane)
    if least < 0:
        _undo_dither(path, plane)
    if quantity == "invvar" and greatest <= 0:
        raise InputError(
            f"{path}: the inverse variance is 0 everywhere: no exposure in this band; leave the "
            "brick out of the list or the band out of `bands`"
        )


def _refuse_no_numbers(path: str | os.PathLike, plane: np.ndarray) -> None:
    """Refuse a plane with NaN or infinite pixels; none are there if only the sum was too large."""
    bad = np.count_nonzero(~np.isfinite(plane)) / plane.size
    if bad:
        cure = "mark bad pixels by an inverse variance of 0 instead"
        raise InputError(f"{path}: {100 * bad:.3g} % of the pixels are NaN or infinite; {cure}")


def _undo_dither(path: str | os.PathLike, ivar: np.ndarray) -> None:
    """Set to 0, in place, what rounding with dithering made slightly negative; refuse more."""
    good = ivar[ivar > 0]
    if not len(good) or -ivar.min() >= DITHERED * np.median(good):
        raise InputError(f"{path}: an inverse variance is negative; fetch the file anew")
    np.maximum(ivar, 0, out=ivar)


def _psf_size(path: Path) -> float:
    """Median of a map of PSF sizes in arcsec; NaN where a survey has none."""
    return float(np.median(read_plane(path)[0])) if path.is_file() else float("nan")
