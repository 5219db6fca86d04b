"""Shape, bands and position of the stamps in a file, read from its header without the pixels."""

import contextlib
import math
import os
import re
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_dataset, numbers_of, open_hdf5
from cosmodag.imaging.fits_files import in_nanomaggies
from cosmodag.imaging.fits_headers import image_shape, read_hdus
from cosmodag.input_files import check_file

FITS = (".fits", ".fits.gz", ".fit", ".fits.fz")
PICTURES = (".png", ".jpg", ".jpeg")
HDF5 = (".h5", ".hdf5")
EXTENSIONS = (*FITS, *PICTURES, *HDF5)
CURE = "leave the file out or replace it"
ENDS = {".png": b"IEND\xaeB`\x82", ".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9"}
"""Last bytes of complete pictures; other bytes may follow."""
END_WINDOW = 1 << 16
"""Bytes at the end of a picture in which its last bytes are searched."""
ORIENTATION = 0x0112
"""EXIF tag of the rotation of a picture."""
RGB = ("R", "G", "B")
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
    position : tuple of float, optional
        Right ascension and declination in degrees, if the header or the file name has them.
    """

    n_stamps: int
    shape: tuple[int, int, int]
    bands: tuple[str, ...] | None = None
    position: tuple[float, float] | None = None


def read_header(path: str | os.PathLike, dataset: str = "images") -> StampHeader:
    """Read the header of a file of stamps.

    Parameters
    ----------
    path : path-like
        FITS with one image (bands, y, x) or one image per band; PNG or JPEG in RGB; or HDF5.
    dataset : str
        Name of the dataset (N, bands, y, x) in an HDF5 file.

    Returns
    -------
    StampHeader

    Raises
    ------
    InputError
        If the file has another format, is truncated, or has an image of another form. The message
        is the path, a colon and the reason.
    """
    name = str(path).lower()
    if name.endswith(FITS):
        header = _fits_header(path)
    elif name.endswith(PICTURES):
        header = _picture_header(path)
    elif name.endswith(HDF5):
        header = _hdf5_header(path, dataset)
    else:
        raise InputError(f"{path}: its extension is none of {', '.join(EXTENSIONS)}")
    if not header.n_stamps or 0 in header.shape:
        size = " × ".join(map(str, (header.n_stamps, *header.shape)))
        raise InputError(f"{path}: it has no pixels ({size}); {CURE}")
    return header._replace(position=header.position or position_from_name(Path(path).name))


@contextlib.contextmanager
def open_picture(path: str | os.PathLike) -> Iterator[Image.Image]:
    """Open a PNG or JPEG file; errors while it is read are reported as errors of the file.

    Parameters
    ----------
    path : path-like
        The file.

    Yields
    ------
    PIL.Image.Image

    Raises
    ------
    InputError
        If the file is missing, is not a regular file, is truncated or is no picture.
    """
    check_file(path, CURE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                yield picture
    except InputError:
        raise
    except (
        *(OSError, EOFError, KeyError, ValueError, IndexError, SyntaxError, TypeError),
        *(struct.error, MemoryError, OverflowError, AttributeError),
        *(Image.DecompressionBombError, Image.DecompressionBombWarning),
    ) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: truncated or corrupt ({reason}); {CURE}") from error


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
    return ra, -dec if sign == "-" else dec


def image_hdus(headers: Sequence[Mapping[str, str]]) -> list[int]:
    """Return the indices of the HDUs of a FITS file that contain the stamp.

    Parameters
    ----------
    headers : sequence of mapping
        Header of each HDU. Planes with another IMAGETYP than "image", such as inverse variances,
        are ignored.

    Returns
    -------
    list of int
        The first HDU with three axes, or else all HDUs with two axes.
    """
    images = [
        index
        for index, header in enumerate(headers)
        if image_shape(header) and header.get("IMAGETYP", "image") == "image"
    ]
    cubes = [index for index in images if len(image_shape(headers[index])) == 3]
    return cubes[:1] or [index for index in images if len(image_shape(headers[index])) == 2]


def band_names(headers: Sequence[Mapping[str, str]], hdus: Sequence[int]) -> tuple[str, ...] | None:
    """Return the names of the bands of a FITS file.

    Parameters
    ----------
    headers : sequence of mapping
        Header of each HDU.
    hdus : sequence of int
        HDUs of the stamp, see `image_hdus`.

    Returns
    -------
    tuple of str or None
        Letters and digits of each name, so that ``HSC-G`` is ``HSCG``. None if the headers do not
        record the bands.
    """
    first = headers[hdus[0]]
    names: Sequence[str]
    if len(hdus) == 1:
        n_bands = image_shape(first)[0]
        if all(f"BAND{index}" in first for index in range(n_bands)):
            names = [first[f"BAND{index}"] for index in range(n_bands)]
        else:
            bands = first.get("BANDS", "")
            names = bands if len(bands) == n_bands else ()
    else:
        names = [headers[hdu].get("BAND", headers[hdu].get("EXTNAME", "")) for hdu in hdus]
    return _plain_names(names)


def _plain_names(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the letters and digits of names; None if there are no names or one has none."""
    plain = tuple(re.sub("[^A-Za-z0-9]", "", name) for name in names)
    return plain if plain and all(plain) else None


def _fits_header(path: str | os.PathLike) -> StampHeader:
    """Read the header of a FITS file."""
    headers = [hdu.header for hdu in read_hdus(path, CURE)]
    try:
        return _stamp_header(path, headers)
    except (KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: its header is corrupt ({error}); {CURE}") from error


def _stamp_header(path: str | os.PathLike, headers: Sequence[Mapping[str, str]]) -> StampHeader:
    """Return the content of a FITS file from the headers of its HDUs."""
    hdus = image_hdus(headers)
    shapes = {image_shape(headers[hdu]) for hdu in hdus}
    if len(shapes) > 1:
        raise InputError(f"{path}: its bands have different shapes; {CURE}")
    if not shapes:
        others = [" × ".join(map(str, shape)) for shape in map(image_shape, headers) if shape]
        found = f", but {others[0]} along {others[0].count('×') + 1} axes" if others else ""
        if kinds := {header["IMAGETYP"] for header in headers if "IMAGETYP" in header}:
            found += f" with IMAGETYP {', '.join(sorted(kinds))}, where image is read"
        raise InputError(f"{path}: no image with two or three axes{found}; {CURE}")
    (shape,) = shapes
    if len(shape) == 2 and len(hdus) == 1:
        raise InputError(f"{path}: 2-dimensional, {shape[0]} × {shape[1]}: it has only one band")
    n_bands = shape[0] if len(shape) == 3 else len(hdus)
    for hdu in hdus:
        if not in_nanomaggies(unit := headers[hdu].get("BUNIT", "")):
            raise InputError(
                f"{path}: pixels in {unit!r}; convert them to nanomaggies, or remove BUNIT if they "
                "are"
            )
    bands = band_names(headers, hdus)
    return StampHeader(1, (n_bands, *shape[-2:]), bands, _position(path, headers[hdus[0]]))


def _position(path: str | os.PathLike, header: Mapping[str, str]) -> tuple[float, float] | None:
    """Return the position in a header, None if it has none."""
    if not header.get("CTYPE1", "").startswith("RA") or not {"CRVAL1", "CRVAL2"} <= header.keys():
        return None
    position = float(header["CRVAL1"]), float(header["CRVAL2"])
    for name, value, limit in zip(("CRVAL1", "CRVAL2"), position, (360, 90)):
        if not (math.isfinite(value) and abs(value) <= limit):
            raise InputError(f"{path}: {name} is {value:g}, no position in degrees; {CURE}")
    return position


def _picture_header(path: str | os.PathLike) -> StampHeader:
    """Read the header of a PNG or JPEG file, and check that it is complete."""
    with open_picture(path) as picture:  # reads the header only
        mode, (width, height) = picture.mode, picture.size
        kind, orientation = picture.format, picture.getexif().get(ORIENTATION, 1)
    if mode in ("RGBA", "LA", "PA"):
        raise InputError(f"{path}: has an alpha channel; save it as RGB")
    if mode != "RGB":
        raise InputError(f"{path}: its colour mode is {mode}; save it as RGB")
    if orientation != 1:
        raise InputError(
            f"{path}: its EXIF data rotate it (orientation {orientation}); save it as seen"
        )
    if kind not in ("PNG", "JPEG"):
        raise InputError(f"{path}: its format is {kind}, unlike its name; rename or convert it")
    with open(path, "rb") as file:
        file.seek(-min(END_WINDOW, os.fstat(file.fileno()).st_size), os.SEEK_END)
        if ENDS[".png" if kind == "PNG" else ".jpg"] not in file.read():
            raise InputError(f"{path}: truncated: the end of the {kind} data is missing; {CURE}")
    return StampHeader(1, (3, height, width), RGB)


def _hdf5_header(path: str | os.PathLike, dataset: str) -> StampHeader:
    """Read the shape and the bands of a dataset of an HDF5 file."""
    with open_hdf5(path, cure=CURE) as file:
        images = find_dataset(file, dataset, cure=CURE)
        if images is None:
            names = ", ".join(file) or "none"
            raise InputError(f"{path}: no dataset {dataset!r}; its datasets: {names}")
        shape = numbers_of(images, cure=CURE).shape
        bands = images.attrs.get("bands")
    if len(shape) != 4:
        raise InputError(f"{path}: {dataset} has {len(shape)} axes instead of (N, bands, y, x)")
    n_stamps, n_bands, height, width = shape
    names = None if bands is None else _plain_names([_as_text(band) for band in bands])
    if names is not None and (len(names) != n_bands or len(set(names)) != n_bands):
        raise InputError(
            f"{path}: {dataset} has {n_bands} bands, but its attribute bands names "
            f"{', '.join(names)}; correct the attribute"
        )
    return StampHeader(n_stamps, (n_bands, height, width), names)


def _as_text(value: object) -> str:
    """Return an attribute of an HDF5 file as text."""
    return value.decode() if isinstance(value, bytes | np.bytes_) else str(value)
