"""Raw cubes of little-endian float32 without a header, read and validated in one pass."""

import gzip
import os
import zlib
from pathlib import Path

import numba
import numpy as np

from cosmodag.errors import InputError
from cosmodag.input_files import LARGEST_EXPANSION, check_file

CHUNK_VALUES = 1 << 18
"""Values that are read and validated together: 1 MiB."""
VALID_RANGES = {
    "brightness_temperature": (-1000.0, 1000.0),
    "density": (-1.001, 1e5),
    "neutral_fraction": (-1e-3, 1.001),
}
"""Smallest and largest possible value of each field: mK, density contrast, fraction."""
MIN_MAGNITUDE = 1e-30
"""Smallest magnitude, except 0, that a simulation writes."""
_INFINITY_BITS = 0x7F800000


def read_raw_cube(path: str | os.PathLike, field: str, *, cells: int | None = None) -> np.ndarray:
    """Read a raw cube: as a memory map, or decompressed if its name ends in ``.gz``.

    Parameters
    ----------
    path : path
        File to read.
    field : str
        A key of `VALID_RANGES`.
    cells : int, optional
        Expected cells per side; not checked by default.

    Returns
    -------
    numpy.ndarray, shape (n, n, n), float32
        Read-only array. A memory map needs no memory besides the page cache.

    Raises
    ------
    InputError
        If the file is missing, its size is not that of a cube or of the expected cube, or if values
        are NaN or outside the valid range, for example because of another byte order.
    """
    path = Path(path)
    count = _count_values(path)
    if cells is not None and count == 2 * cells**3:
        raise InputError(
            f"{path}: the file has 8 bytes per cell of {cells}³, as float64 has: convert it to "
            "little-endian float32"
        )
    side = round(count ** (1 / 3))
    if side**3 != count or count == 0:
        raise InputError(
            f"{path}: {count} float32 values are not a cube ({side}³ is {side**3}): the file is "
            "truncated or of another kind; copy it again"
        )
    if cells is not None and side != cells:
        raise InputError(
            f"{path}: the file contains {side}³ cells, but its name says {cells}³: rename it"
        )
    if path.suffix == ".gz" and 4 * count > LARGEST_EXPANSION * path.stat().st_size:
        raise InputError(f"{path}: too small for {side}³ cells: truncated; copy it again")
    values = _decompress(path, count) if path.suffix == ".gz" else np.memmap(path, "<f4", "r")
    extremes = np.array([0, 0, _INFINITY_BITS], np.uint32)
    bits = values.view(np.uint32)
    for start in range(0, count, CHUNK_VALUES):
        _update_extremes(np.asarray(bits[start : start + CHUNK_VALUES]), extremes)
    _check_values(path, field, values, extremes)
    return values.reshape(side, side, side)


def _count_values(path: Path) -> int:
    """Return the number of values in a file; of a gzip file, from its last four bytes."""
    size = check_file(path, "check the folder of the cubes").stat().st_size
    if path.suffix == ".gz":
        with open(path, "rb") as file:
            file.seek(max(size - 4, 0))
            size = int.from_bytes(file.read(4), "little")
    if size % 4:
        raise InputError(
            f"{path}: {size} bytes are not a multiple of 4, the size of a float32: the file is "
            "truncated or of another kind; copy it again"
        )
    return size // 4


def _decompress(path: Path, count: int) -> np.ndarray:
    """Return the values of a gzip file."""
    values = np.empty(count, "<f4")
    buffer = values.data.cast("B")
    n_read = 0
    try:
        with gzip.open(path, "rb") as file:
            while n_read < len(buffer):
                n_new = file.readinto(buffer[n_read : n_read + 4 * CHUNK_VALUES])
                if not n_new:
                    raise EOFError("the compressed data end too early")
                n_read += n_new
            if file.read(1):
                raise EOFError("there are more data than the file states")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be decompressed ({error}): copy it again") from None
    values.flags.writeable = False
    return values


@numba.njit(cache=True, nogil=True)
def _update_extremes(bits, extremes):
    """Update the largest magnitudes above and below 0 and the smallest other than 0.

    The magnitudes of floats have the order of their bits. Integers have no NaN, so the compiler
    vectorizes the loop. Bound by memory traffic.
    """
    above, below, smallest = extremes[0], extremes[1], extremes[2]
    for i in range(len(bits)):
        magnitude = bits[i] & np.uint32(0x7FFFFFFF)
        negative = bits[i] > np.uint32(0x7FFFFFFF)
        above = max(above, np.uint32(0) if negative else magnitude)
        below = max(below, magnitude if negative else np.uint32(0))
        smallest = min(smallest, np.uint32(0x7F800000) if magnitude == 0 else magnitude)
    extremes[0], extremes[1], extremes[2] = above, below, smallest


def _check_values(path: Path, field: str, values: np.ndarray, extremes: np.ndarray) -> None:
    """Raise an error for values that the field cannot have."""
    if (extremes[:2] >= _INFINITY_BITS).any():
        if is_valid(values.byteswap(), field):
            raise byte_order_error(path, field)
        n_invalid = np.count_nonzero(~np.isfinite(values))
        raise InputError(
            f"{path}: {n_invalid} cells of {field} are NaN or infinite: repair or remove the cube"
        )
    highest, lowest, smallest = extremes.view(np.float32).astype(float) * (1, -1, 1)
    low, high = VALID_RANGES[field]
    if low <= lowest and highest <= high and smallest >= MIN_MAGNITUDE:
        return
    if is_valid(values.byteswap(), field):
        raise byte_order_error(path, field)
    raise InputError(
        f"{path}: {field} is {lowest:.4g} to {highest:.4g} with the smallest magnitude "
        f"{smallest:.4g}, but {low:g} to {high:g} are possible: the file has another field, unit "
        "or type"
    )


def byte_order_error(path: Path, field: str) -> InputError:
    """Return the error of a file whose values have another byte order.

    Parameters
    ----------
    path : pathlib.Path
    field : str
        A key of `VALID_RANGES`.
    """
    return InputError(
        f"{path}: {field} has valid values only in the other byte order: convert the file to "
        "little-endian float32"
    )


def is_valid(values: np.ndarray, field: str) -> bool:
    """Return whether a field can have all values: finite, in its range, none of them tiny.

    Parameters
    ----------
    values : numpy.ndarray, float32 or float64
    field : str
        A key of `VALID_RANGES`.

    Returns
    -------
    bool
    """
    if not np.isfinite(values).all():
        return False
    low, high = VALID_RANGES[field]
    tiny = (np.abs(values) < MIN_MAGNITUDE) & (values != 0)
    return bool(values.min() >= low and values.max() <= high and not tiny.any())
