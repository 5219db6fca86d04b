"""Shape, bands and positions of the stamps in a file, read from its header without the pixels."""

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.fits_layout import (
    CURE,
    Plane,
    axis_order,
    find_planes,
    stamp_shape,
)
from cosmodag.galaxies.stamps.pictures import inspect_picture
from cosmodag.galaxies.stamps.plane_units import check_fluxes
from cosmodag.galaxies.stamps.stacks import inspect_stack
from cosmodag.galaxies.stamps.stamp_bands import band_names, with_bands
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.imaging.world_coordinates import centre_position, has_world_coordinates, pixel_scale

FITS = (".fits", ".fits.gz", ".fits.bz2", ".fits.fz", ".fit", ".fit.gz", ".fts")
PICTURES = (".png", ".jpg", ".jpeg")
HDF5 = (".h5", ".hdf5")
EXTENSIONS = (*FITS, *PICTURES, *HDF5)
ANY_FORMAT = StampFormat()
_POSITION = re.compile(r"J(\d\d)(\d\d)(\d\d(?:\.\d+)?)([+-])(\d\d)(\d\d)(\d\d(?:\.\d+)?)")


class StampHeader(NamedTuple):
    """Content of a file of stamps.

    Attributes
    ----------
    n_stamps : int
    shape : tuple of int
        Number of bands, height and width of each stamp.
    bands : tuple of str, optional
        Names of the bands, if the file records them.
    positions : numpy.ndarray, shape (n_stamps, 2), optional
        Right ascension and declination of the centre of each stamp in degrees, if they are known.
    pixel : float, optional
        Pixel scale in arcsec, if the world coordinates have it.
    columns : tuple of str
        Names of values of each stamp that an HDF5 file has beside the stamps.
    order : tuple of int, optional
        Axes of bands, y and x among those of a stamp in the file; None if the header comes from a
        table, without what its pixels need.
    planes : mapping from str to list of Plane
        HDUs of a FITS file, see `find_planes`.
    """

    n_stamps: int
    shape: tuple[int, int, int]
    bands: tuple[str, ...] | None = None
    positions: np.ndarray | None = None
    pixel: float | None = None
    columns: tuple[str, ...] = ()
    order: tuple[int, int, int] | None = (0, 1, 2)
    planes: dict[str, list[Plane]] = {}  # noqa: RUF012 (never changed)


def read_header(
    path: str | os.PathLike, stamp_format: StampFormat = ANY_FORMAT, n_bands: int | None = None
) -> StampHeader:
    """Read the header of a file of stamps.

    Parameters
    ----------
    path : path-like
        FITS, PNG, JPEG or HDF5.
    stamp_format : StampFormat
    n_bands : int, optional
        Expected number of bands, by which their axis is recognized; that of the format by default.

    Returns
    -------
    StampHeader

    Raises
    ------
    InputError
        If the file has another format, is truncated, or has an image of another form. The message
        is the path, a colon and the reason.
    """
    if n_bands is None and stamp_format.bands is not None:
        n_bands = len(stamp_format.bands)
    name = str(path).lower()
    if name.endswith(FITS):
        header = _fits_header(path, stamp_format, n_bands)
    elif name.endswith(PICTURES):
        picture = inspect_picture(path)
        header = StampHeader(1, picture.shape, picture.bands)
    elif name.endswith(HDF5):
        stack = inspect_stack(path, stamp_format, n_bands)
        header = StampHeader(
            *(stack.n_stamps, stack.shape, stack.bands, stack.positions),
            columns=stack.columns,
            order=stack.order,
        )
    else:
        raise InputError(f"{path}: its extension is none of {', '.join(EXTENSIONS)}")
    if not header.n_stamps or 0 in header.shape:
        size = " × ".join(map(str, (header.n_stamps, *header.shape)))
        raise InputError(f"{path}: it has no pixels ({size}); {CURE}")
    if header.positions is None and header.n_stamps == 1:
        position = position_from_name(Path(path).name)
        return header._replace(positions=None if position is None else np.array([position]))
    return header


def position_from_name(name: str) -> tuple[float, float] | None:
    """Return the position that a file name contains.

    Parameters
    ----------
    name : str
        File name with a designation such as J000411.19+020924.0.

    Returns
    -------
    tuple of float or None
        Right ascension and declination in degrees.

    Examples
    --------
    >>> position_from_name("J120000.00-300000.0.png")
    (180.0, -30.0)
    """
    match = _POSITION.search(name)
    if not match:
        return None
    hours, minutes, seconds, sign, degrees, arcmin, arcsec = match.groups()
    ra = 15 * (int(hours) + int(minutes) / 60 + float(seconds) / 3600)
    dec = int(degrees) + int(arcmin) / 60 + float(arcsec) / 3600
    if ra >= 360 or dec > 90:
        return None
    return ra, -dec if sign == "-" else dec


def _fits_header(
    path: str | os.PathLike, stamp_format: StampFormat, n_bands: int | None
) -> StampHeader:
    """Read the header of a FITS file and those of its companions."""
    planes = find_planes(path, stamp_format)
    try:
        return _stamp_header(path, planes, stamp_format, n_bands)
    except (KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: its header is corrupt ({error}); {CURE}") from error


def _stamp_header(
    path: str | os.PathLike,
    planes: dict[str, list[Plane]],
    stamp_format: StampFormat,
    n_bands: int | None,
) -> StampHeader:
    """Return the content of a FITS file from the headers of its planes."""
    images = planes["image"]
    shapes = {stamp_shape(plane.hdu) for plane in images}
    if len(shapes) > 1:
        raise InputError(f"{path}: its bands have different shapes; {CURE}")
    (shape,) = shapes
    if len(shape) > 3 or (len(shape) == 3 and len(images) > 1):
        found = " × ".join(map(str, shape))
        raise InputError(f"{path}: an image of {found} along {len(shape)} axes; {CURE}")
    if len(shape) < 2:
        shape = (1,) * (2 - len(shape)) + shape  # of four axes, all but one of length 1
    order = (0, 1, 2)
    if len(shape) == 3:
        order = axis_order(shape, stamp_format.axes, n_bands)
        lengths = shape[order[0]], shape[order[1]], shape[order[2]]
    else:
        lengths = (len(images), *shape)
    _check_planes(path, planes, lengths)
    first, (_, height, width) = images[0], lengths
    header = first.hdu.header
    if not has_world_coordinates(header):
        header = first.primary
    positions = pixel = None
    if has_world_coordinates(header) and order == (0, 1, 2):
        try:
            positions = np.array([centre_position(header, width, height)])
        except InputError as error:
            raise InputError(f"{path}: {error}; {CURE}") from None
        pixel = pixel_scale(header)
    try:
        bands = band_names(images, lengths[0], stamp_format)
        planes = with_bands(planes, bands, lengths[0], stamp_format)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    check_fluxes(path, planes, stamp_format)
    return StampHeader(1, lengths, bands, positions, pixel, order=order, planes=planes)


def _check_planes(
    path: str | os.PathLike, planes: dict[str, list[Plane]], lengths: tuple[int, ...]
) -> None:
    """Refuse planes of other sizes than the image."""
    for plane, found in planes.items():
        for each in found:
            shape = stamp_shape(each.hdu)
            if plane not in ("image", "psf") and sorted(shape[-2:]) != sorted(lengths[1:]):
                if len(shape) == 3 and sorted(shape) == sorted(lengths):
                    continue
                sizes = (" × ".join(map(str, size)) for size in (shape, lengths[1:]))
                raise InputError(
                    f"{path}: its {plane} has {next(sizes)} pixels, and its image {next(sizes)}; "
                    f"{CURE}"
                )
