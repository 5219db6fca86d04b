"""Raw arrays of a stated shape, or of the shape that a header of C2-Ray states.

C2-Ray and tools21cm write the three numbers of cells as int32 before the values: bare, in the order
that the user states (C: the last index is the fastest), or as unformatted records of Fortran, which
have their lengths in bytes around them, in the order of Fortran (F). Values are float32 or float64.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.raw_cubes import byte_order_error, is_valid

HEADER_BYTES = 24
"""Length of the longer header: a record of three numbers, and the start of the next one."""
TYPES = ("f4", "f8")


class _Layout(NamedTuple):
    """Where the values of a file are, and how they are stored."""

    shape: tuple[int, ...]
    dtype: str
    offset: int = 0
    order: Literal["F"] | None = None


def read_raw_array(
    path: Path, field: str, shape: Sequence[int] | None = None, order: Literal["C", "F"] = "C"
) -> np.ndarray:
    """Map the numbers of a raw file into memory.

    Parameters
    ----------
    path : pathlib.Path
        Little-endian float32 or float64 without a header, or a file with a header of C2-Ray in any
        byte order.
    field : str
        A key of `raw_cubes.VALID_RANGES`, to recognize values of another byte order.
    shape : sequence of int, optional
        Numbers of cells; needed where there is no header.
    order : {"C", "F"}
        Order of values that are no records of Fortran.

    Returns
    -------
    numpy.ndarray, of that shape, float32 or float64
        Read-only.

    Raises
    ------
    InputError
        If the size of the file does not fit, or the values have another byte order.
    """
    if path.suffix == ".gz":
        raise InputError(f"{path}: is compressed: decompress it, by gunzip, before it is read")
    if shape is not None and not (
        isinstance(shape, list | tuple) and all(type(n) is int and n > 0 for n in shape)
    ):
        raise InputError(f"shape: {shape!r} is no list of numbers of cells: give integers above 0")
    size = path.stat().st_size
    found = _plain(size, shape) or _with_header(path, size)
    if found is None:
        raise _size_error(path, size, shape)
    if shape is not None and found.shape != tuple(shape):
        raise InputError(
            f"{path}: its header states {list(found.shape)} cells, not {list(shape)}: leave out "
            "--shape, or change the key cells"
        )
    order = found.order or order
    values = np.memmap(path, found.dtype, "r", found.offset, found.shape, order)
    if not found.offset and not is_valid(values, field) and is_valid(values.byteswap(), field):
        raise byte_order_error(path, field)
    return values


def _size_error(path: Path, size: int, shape: Sequence[int] | None) -> InputError:
    """Return the error of a file whose size fits neither a shape nor a header."""
    if shape is None:
        return InputError(
            f"{path}: neither HDF5, NumPy nor FITS, no raw cube of 21cmFAST by its name, and "
            "without a header of C2-Ray: set --shape if it is raw float32, or rename it"
        )
    return InputError(
        f"{path}: {size} bytes, but {list(shape)} cells of float32 are {4 * math.prod(shape)}: "
        "change --shape or the key cells, or convert the file to little-endian float32"
    )


def _plain(size: int, shape: Sequence[int] | None) -> _Layout | None:
    """Return the layout of a file without a header, None if its size is another one."""
    for dtype in TYPES:
        if shape is not None and size == np.dtype(dtype).itemsize * math.prod(shape):
            return _Layout(tuple(shape), f"<{dtype}")
    return None


def _with_header(path: Path, size: int) -> _Layout | None:
    """Return the layout that the header of a file states, None if there is none that fits."""
    with open(path, "rb") as file:
        start = file.read(HEADER_BYTES)
    if len(start) < HEADER_BYTES:
        return None
    for byte_order in "<>":
        numbers = np.frombuffer(start, f"{byte_order}i4").tolist()
        for dtype in TYPES:
            width = np.dtype(dtype).itemsize
            if min(numbers[:3]) > 0 and size == 12 + width * math.prod(numbers[:3]):
                return _Layout(tuple(numbers[:3]), byte_order + dtype, 12)
            shape = numbers[1:4]
            is_record = numbers[0] == numbers[4] == 12 and min(shape) > 0
            if is_record and size == HEADER_BYTES + 4 + width * math.prod(shape):
                return _Layout(tuple(shape), byte_order + dtype, HEADER_BYTES, "F")
    return None
