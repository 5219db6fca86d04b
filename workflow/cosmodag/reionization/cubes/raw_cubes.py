"""Raw cubes of float32, little-endian, without header: read and checked in one pass."""

import gzip
import os
import zlib
from pathlib import Path

import numba
import numpy as np

from cosmodag.errors import InputError

READ_AT_ONCE = 1 << 18  # values: 1 MiB
LIMITS = {
    "brightness_temperature": (-1000.0, 1000.0),
    "density": (-1.001, 1e5),
    "neutral_fraction": (-1e-3, 1.001),
}
"""Least and greatest value that each field can hold: mK, contrast, fraction."""
LEAST_MAGNITUDE = 1e-30  # numbers other than 0 below it are none that a simulation writes
_NOT_FINITE = 0x7F800000


def read_raw_cube(path: str | os.PathLike, field: str, *, cells: int | None = None) -> np.ndarray:
    """Read a raw cube: mapped into memory, or unpacked if its name ends in ``.gz``.

    Parameters
    ----------
    path
        The file.
    field
        One of `LIMITS`, which says what values there can be.
    cells
        Cells a side that the name or the configuration promises.

    Returns
    -------
    (n, n, n) float32
        Read-only; a map holds no memory but the page cache's.

    Raises
    ------
    InputError
        The file is missing, no whole cube, of another size than promised, or holds NaN or values
        that the field cannot have, such as those of another byte order.
    """
    path = Path(path)
    count = _values_in(path)
    side = round(count ** (1 / 3))
    if side**3 != count or count == 0:
        raise InputError(
            f"{path}: {count} values of float32 are no cube ({side}³ are {side**3}): the file is "
            "truncated or of another kind; fetch it anew"
        )
    if cells is not None and side != cells:
        raise InputError(
            f"{path}: holds {side}³ cells where {cells}³ are promised by its name: "
            "rename it or give the right number"
        )
    values = _unpacked(path, count) if path.suffix == ".gz" else np.memmap(path, "<f4", "r")
    extremes = np.array([0, 0, _NOT_FINITE], np.uint32)
    bits = values.view(np.uint32)
    for start in range(0, count, READ_AT_ONCE):
        _scan(np.asarray(bits[start : start + READ_AT_ONCE]), extremes)
    _check(path, field, values, extremes)
    return values.reshape(side, side, side)


def _values_in(path: Path) -> int:
    """Number of values in a file, a gzipped one by what its last four bytes say."""
    try:
        size = path.stat().st_size
        if path.suffix == ".gz":
            with open(path, "rb") as file:
                file.seek(max(size - 4, 0))
                size = int.from_bytes(file.read(4), "little")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give the folder of the cubes") from None
    if size % 4:
        raise InputError(
            f"{path}: {size} bytes are no whole number of float32: the file is truncated or of "
            "another kind; fetch it anew"
        )
    return size // 4


def _unpacked(path: Path, count: int) -> np.ndarray:
    """The values of a gzipped file."""
    values = np.empty(count, "<f4")
    room = memoryview(values).cast("B")
    done = 0
    try:
        with gzip.open(path, "rb") as file:
            while done < len(room):
                got = file.readinto(room[done : done + 4 * READ_AT_ONCE])
                if not got:
                    raise EOFError("it ends too early")
                done += got
            if file.read(1):
                raise EOFError("it goes on after its end")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({error}): fetch it anew") from None
    values.flags.writeable = False
    return values


@numba.njit(cache=True, nogil=True)
def _scan(bits, extremes):
    """Update greatest magnitudes above and below 0 and the least beside 0; bound by memory.

    Magnitudes of floats are ordered as their bits are, and integers have no NaN, so the loop runs
    on vectors.
    """
    above, below, least = extremes[0], extremes[1], extremes[2]
    for i in range(len(bits)):
        magnitude = bits[i] & np.uint32(0x7FFFFFFF)
        negative = bits[i] > np.uint32(0x7FFFFFFF)
        above = max(above, np.uint32(0) if negative else magnitude)
        below = max(below, magnitude if negative else np.uint32(0))
        least = min(least, np.uint32(0x7F800000) if magnitude == 0 else magnitude)
    extremes[0], extremes[1], extremes[2] = above, below, least


def _check(path: Path, field: str, values: np.ndarray, extremes: np.ndarray) -> None:
    """Refuse values that the field cannot have."""
    if (extremes[:2] >= _NOT_FINITE).any():
        if _swapped(values, field):
            raise _byte_order(path, field)
        number = np.count_nonzero(~np.isfinite(values))
        raise InputError(
            f"{path}: {number} cells of {field} are NaN or infinite: repair or leave out the cube"
        )
    highest, lowest, least = extremes.view(np.float32).astype(float) * (1, -1, 1)
    low, high = LIMITS[field]
    if low <= lowest and highest <= high and least >= LEAST_MAGNITUDE:
        return
    if _swapped(values, field):
        raise _byte_order(path, field)
    raise InputError(
        f"{path}: {field} from {lowest:.4g} to {highest:.4g}, least beside 0 {least:.4g}, "
        f"where {low:g} to {high:g} can be: the file holds another field, unit or type"
    )


def _byte_order(path: Path, field: str) -> InputError:
    return InputError(
        f"{path}: {field} makes sense only in the other byte order: convert it to little-endian "
        "float32"
    )


def _swapped(values: np.ndarray, field: str) -> bool:
    """Whether values make sense once their bytes are swapped."""
    other = values.byteswap()
    if not np.isfinite(other).all():
        return False
    low, high = LIMITS[field]
    small = (np.abs(other) < LEAST_MAGNITUDE) & (other != 0)
    return bool(other.min() >= low and other.max() <= high and not small.any())
