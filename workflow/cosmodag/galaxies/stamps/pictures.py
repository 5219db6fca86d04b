"""Stamps in PNG and JPEG files."""

import contextlib
import os
import struct
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from cosmodag.errors import InputError
from cosmodag.input_files import check_file

CURE = "leave the file out or replace it"
RGB = ("R", "G", "B")
ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
"""Last bytes of complete pictures; other bytes may follow."""
END_WINDOW = 1 << 16
"""Bytes at the end of a picture in which its last bytes are searched."""
ORIENTATION = 0x0112
"""EXIF tag of the rotation of a picture."""
QUARTER_TURNS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""
WHITE = {"L": 255, "RGB": 255, "P": 255, "I;16": 65535, "I;16B": 65535, "I": 65535}
"""Largest pixel value of the colour modes that are read."""
BIT_DEPTH = 24
"""Byte of a PNG file with the number of bits per colour."""


class Picture(NamedTuple):
    """Content of a picture.

    Attributes
    ----------
    shape : tuple of int
        Number of bands, height and width, as it is seen.
    bands : tuple of str, optional
        R, G and B; None if it is grey.
    """

    shape: tuple[int, int, int]
    bands: tuple[str, ...] | None


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


def inspect_picture(path: str | os.PathLike) -> Picture:
    """Read the size and the bands of a picture, and check that it is complete.

    Parameters
    ----------
    path : path-like
        PNG or JPEG file.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        If the file is damaged, or has colours of another kind than RGB or grey.
    """
    with open_picture(path) as picture:  # reads the header only
        mode, (width, height) = picture.mode, picture.size
        kind, orientation = picture.format, picture.getexif().get(ORIENTATION, 1)
        transparent = "transparency" in picture.info
    if mode in ("RGBA", "LA", "PA") or transparent:
        raise InputError(f"{path}: has an alpha channel; save it as RGB")
    if mode not in WHITE:
        raise InputError(f"{path}: its colour mode is {mode}; save it as RGB or grey")
    if kind not in ENDS:
        raise InputError(f"{path}: its format is {kind}, unlike its name; rename or convert it")
    with open(path, "rb") as file:
        start = file.read(BIT_DEPTH + 1)
        file.seek(-min(END_WINDOW, os.fstat(file.fileno()).st_size), os.SEEK_END)
        if ENDS[kind] not in file.read():
            raise InputError(f"{path}: truncated: the end of the {kind} data is missing; {CURE}")
    if kind == "PNG" and mode == "RGB" and start[BIT_DEPTH] == 16:
        raise InputError(f"{path}: has 16 bits per colour; save it with 8, or as FITS")
    if orientation in QUARTER_TURNS:
        width, height = height, width
    grey = mode.startswith(("L", "I"))
    return Picture((1 if grey else 3, height, width), None if grey else RGB)


def read_picture(path: str | os.PathLike) -> np.ndarray:
    """Read a picture, rotated by its EXIF data.

    Parameters
    ----------
    path : path-like
        PNG or JPEG file, see `inspect_picture`.

    Returns
    -------
    numpy.ndarray, shape (bands, height, width), float32
        Pixel values from 0 (black) to 1 (white).
    """
    with open_picture(path) as picture:
        white = WHITE[picture.mode]
        upright = ImageOps.exif_transpose(picture)
        values = np.asarray(upright.convert("RGB") if upright.mode == "P" else upright, np.float32)
    values /= np.float32(white)
    return np.moveaxis(values, -1, 0) if values.ndim == 3 else values[np.newaxis]
