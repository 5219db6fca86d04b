"""Pixels of stamps: in nanomaggies, with their bands in order, masked pixels marked as not finite.

Error images give the noise, images of point-spread functions their width, and segmentation images
the magnitude of the segment of the galaxy; pixels of masks and of other segments are masked.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.fits_layout import CURE, Plane
from cosmodag.galaxies.stamps.pictures import read_picture
from cosmodag.galaxies.stamps.plane_units import POWERS, error_ratios
from cosmodag.galaxies.stamps.stacks import read_stack
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_headers import FITS, PICTURES, StampHeader
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.flux_units import ZERO_POINT, nanomaggies_at, nanomaggies_per
from cosmodag.imaging.psf_images import full_width_at_half_maximum

SEGMENT_MAGNITUDE = "segment_magnitude"
"""Column with the AB magnitude of the segment of the galaxy; with several bands, one per band."""


def segment_columns(bands: Sequence[str]) -> list[str]:
    """Return the names of the columns of the magnitudes of segments.

    Parameters
    ----------
    bands : sequence of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> segment_columns("r"), segment_columns("gr")
    (['segment_magnitude'], ['segment_magnitude_g', 'segment_magnitude_r'])
    """
    if len(bands) == 1:
        return [SEGMENT_MAGNITUDE]
    return [f"{SEGMENT_MAGNITUDE}_{band}" for band in bands]


def read_images(
    path: str | os.PathLike, header: StampHeader, bands: Sequence[str], dataset: str = "images"
) -> Iterator[np.ndarray]:
    """Read the images of one file.

    Parameters
    ----------
    path : path-like
        File of stamps.
    header : StampHeader
        Header of the file.
    bands : sequence of str
        Bands to read, in order.
    dataset : str
        Name of the dataset of stamps in HDF5 files.

    Yields
    ------
    numpy.ndarray, shape (bands, height, width), float32
        Pixel values of pictures are scaled to [0, 1], and those of FITS files are in nanomaggies.

    Raises
    ------
    InputError
        If the file lacks a band.
    """
    for image, _ in read_stamps(path, header, StampFormat(bands=bands, dataset=dataset)):
        yield image


def read_stamps(
    path: str | os.PathLike, header: StampHeader, stamp_format: StampFormat
) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """Read the stamps of one file with what is known of each.

    Parameters
    ----------
    path : path-like
        File of stamps.
    header : StampHeader
        Header of the file.
    stamp_format : StampFormat
        Its bands are required.

    Yields
    ------
    image : numpy.ndarray, shape (bands, height, width), float32
    values : dict from str to object
        `psf` (arcsec), `noise` (nanomaggies), magnitudes of the segment, and columns of the file.

    Raises
    ------
    InputError
        If the file lacks a band, or a plane cannot be used.
    """
    order = _band_order(path, header, stamp_format.bands or ())
    name = str(path).lower()
    if name.endswith(FITS):
        yield _read_fits(path, header, stamp_format, order)
    elif name.endswith(PICTURES):
        yield read_picture(path)[order], {}
    else:
        rows = read_stack(path, stamp_format.dataset, header.n_stamps, header.columns)
        for image, values in rows:
            image = image[np.newaxis] if image.ndim == 2 else image.transpose(header.order)
            yield image[order], values


def _band_order(
    path: str | os.PathLike, header: StampHeader, bands: Sequence[str]
) -> list[int] | slice:
    """Return the indices of bands in a file."""
    if header.bands and set(bands) <= set(header.bands):
        return [header.bands.index(band) for band in bands]
    if header.bands or len(bands) != header.shape[0]:
        actual = ", ".join(header.bands or ()) or f"{header.shape[0]} without names"
        raise InputError(
            f"{path}: bands {', '.join(bands)} are expected, the file has {actual}; change bands"
        )
    return slice(None)


def _read_fits(
    path: str | os.PathLike,
    header: StampHeader,
    stamp_format: StampFormat,
    order: list[int] | slice,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Read the stamp of a FITS file and its other planes."""
    pixels = _read_planes(header.planes)
    images = {
        plane: _arranged(path, plane, arrays, header, order)
        for plane, arrays in pixels.items()
        if plane != "psf"
    }
    scale = _scale(header, stamp_format, order)
    image = images["image"] * scale
    error = _error(path, images, header.planes, scale, stamp_format, order)
    for plane in filter(images.__contains__, ("mask", "segmentation")):
        if images[plane].shape[0] == 1:
            images[plane] = np.broadcast_to(images[plane], image.shape)
    if error is not None:
        image[~(np.isfinite(error) & (error > 0))] = np.nan
    if "mask" in images:
        image[~(images["mask"] == 0)] = np.nan
    values: dict[str, Any] = {}
    bands, middle = stamp_format.bands or (), len(image) // 2
    if "segmentation" in images:
        segment = images["segmentation"]
        galaxy = segment == _central(segment[middle])
        image[(segment > 0) & ~galaxy] = np.nan
        flux = np.sum(image, axis=(1, 2), where=galaxy & np.isfinite(image), dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitudes = ZERO_POINT - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
        values |= dict(zip(segment_columns(bands), magnitudes.tolist()))
    good = np.isfinite(image[middle])
    if error is not None and good.any():
        values["noise"] = float(np.median(error[middle][good]))
    if "psf" in pixels and stamp_format.pixel is not None:
        values["psf"] = stamp_format.pixel * _psf_width(path, pixels["psf"], order, middle)
    return image, values


def _read_planes(planes: dict[str, list[Plane]]) -> dict[str, list[np.ndarray]]:
    """Read the pixels of the planes of a stamp, file by file."""
    pixels: dict[tuple[str, int], np.ndarray] = {}
    every = [plane for found in planes.values() for plane in found]
    for file in dict.fromkeys(plane.path for plane in every):
        with open_fits(file, what="stamp", cure=CURE) as hdus:
            for plane in every:
                if plane.path == file:
                    values = np.asarray(hdus[plane.number].data, np.float32)
                    if values.ndim > 3:
                        values = values.reshape([n for n in values.shape if n != 1] or [1])
                    pixels[file, plane.number] = values
    return {
        name: [pixels[plane.path, plane.number] for plane in found]
        for name, found in planes.items()
    }


def _arranged(
    path: str | os.PathLike,
    plane: str,
    arrays: list[np.ndarray],
    header: StampHeader,
    order: list[int] | slice,
) -> np.ndarray:
    """Return a plane of a stamp as (bands, height, width), or (1, height, width) for all bands."""
    n_bands, *size = header.shape
    rows = [each.band for each in header.planes[plane]]
    values = arrays[0] if len(arrays) == 1 else np.stack(arrays)
    if len(rows) < n_bands and None not in rows:  # a mask of some of the bands
        values = np.zeros(header.shape, np.float32)
        values[rows] = np.stack(arrays)
    elif values.ndim < 3:
        values = values.reshape(1, *size)
    elif len(arrays) == 1:
        values = values.transpose(header.order)
    if list(values.shape[1:]) != size or len(values) not in (1, n_bands):
        found, expected = (" × ".join(map(str, shape)) for shape in (values.shape, header.shape))
        raise InputError(f"{path}: its {plane} is {found}, and its image {expected}; {CURE}")
    return values[order] if len(values) == n_bands else values


def _scale(header: StampHeader, stamp_format: StampFormat, order: list[int] | slice) -> np.ndarray:
    """Return the flux in nanomaggies of a pixel value of 1, (bands or 1, 1, 1)."""
    planes, key = header.planes["image"], stamp_format.zero_point
    if isinstance(key, list | tuple):
        factors = np.array([nanomaggies_at(point) for point in key])
    elif isinstance(key, int | float):
        factors = np.array([nanomaggies_at(key)])
    else:
        factors = np.array(
            [
                nanomaggies_per(plane.value("BUNIT"), stamp_format.pixel) or np.nan
                if key is None
                else nanomaggies_at(float(plane.value(key.upper())))
                for plane in planes
            ]
        )
        factors = factors[order] if len(planes) > 1 else factors
    if not np.all(np.isfinite(factors)):
        raise InputError(f"{planes[0].path}: its unit needs the pixel scale; set pixel")
    return factors.astype(np.float32)[:, np.newaxis, np.newaxis]


def _error(
    path: str | os.PathLike,
    images: dict[str, np.ndarray],
    planes: dict[str, list[Plane]],
    scale: np.ndarray,
    stamp_format: StampFormat,
    order: list[int] | slice,
) -> np.ndarray | None:
    """Return the standard deviation of each pixel in nanomaggies, 0 where there is no weight."""
    kind = next((each for each in POWERS if each in images), None)
    if kind is None:
        return None
    error = images[kind]
    if kind == "weight":
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(error > 0, 1 / np.sqrt(error), 0)
    ratios = error_ratios(path, planes[kind], planes["image"], kind, stamp_format)
    ratios = ratios.astype(np.float32)[:, np.newaxis, np.newaxis]
    error = error * scale * (ratios[order] if len(ratios) > 1 else ratios)
    return np.broadcast_to(error, images["image"].shape)


def _central(segments: np.ndarray) -> float:
    """Return the segment at the centre of an image, or else the nearest one; 0 if there is none."""
    y, x = np.nonzero(segments > 0)
    if not len(y):
        return 0.0
    height, width = segments.shape
    nearest = np.argmin((y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2)
    return float(segments[y[nearest], x[nearest]])


def _psf_width(
    path: str | os.PathLike, arrays: list[np.ndarray], order: list[int] | slice, middle: int
) -> float:
    """Return the width of the point-spread function of the middle band in pixels."""
    cube = arrays[0] if arrays[0].ndim == 3 else np.stack(arrays)
    image = cube[order][middle] if len(cube) > 1 else cube[0]
    try:
        return full_width_at_half_maximum(image)
    except InputError as error:
        raise InputError(f"{path}: {error}; {CURE}") from None
