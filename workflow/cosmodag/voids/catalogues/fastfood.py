"""Corrfunc's Fortran "fast-food" catalogues.

A file is a series of records, each between two int32 counts of its bytes: 5 int32 (the second is
the number of galaxies), 9 float32 (the first is the size of the box), 1 float32 (the redshift), and
one record each for x, y, z and, optionally, the weight, of float32 or float64.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cosmodag.errors import InputError
from cosmodag.input_files import check_file

FASTFOOD_COLUMNS = ("x", "y", "z", "weight")
CURE = "copy the file again, or give another"
_BYTE_COUNT = np.dtype("<i4")


def read_fastfood(
    path: str | os.PathLike, fields: Sequence[int], chunk_rows: int
) -> Iterator[list[np.ndarray]]:
    """Read fields of a fast-food file chunk by chunk.

    Parameters
    ----------
    path : path-like
        The file.
    fields : sequence of int
        Indices into `FASTFOOD_COLUMNS` of the fields to read.
    chunk_rows : int
        Largest number of galaxies per chunk.

    Yields
    ------
    list of numpy.ndarray, shape (rows,), float32 or float64
        One array per field.

    Raises
    ------
    InputError
        The byte counts contradict the layout or the length of the file.
    """
    path = Path(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        n_galaxies, _ = _read_header(path, file)
        start = file.tell()
        dtypes: list[np.dtype] = []
        offsets: list[int] = []
        for field in range(len(FASTFOOD_COLUMNS)):
            if field > max(fields) and start >= size:
                break
            dtypes.append(_field_dtype(path, file, start, size, n_galaxies, field))
            offsets.append(start + 4)
            start += 8 + n_galaxies * dtypes[-1].itemsize
        for first in range(0, n_galaxies, chunk_rows):
            rows = min(chunk_rows, n_galaxies - first)
            chunk = []
            for field in fields:
                file.seek(offsets[field] + first * dtypes[field].itemsize)
                chunk.append(np.fromfile(file, dtypes[field], rows))
            yield chunk


def fastfood_box_size(path: str | os.PathLike) -> float:
    """Return the side of the box that the header of a fast-food file states.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    float
        In the unit of the positions; 0 or below if it is not stated.

    Raises
    ------
    InputError
        As `read_fastfood`.
    """
    with open(check_file(path), "rb") as file:
        return _read_header(Path(path), file)[1]


def _read_header(path: Path, file: BinaryIO) -> tuple[int, float]:
    """Return the number of galaxies and the box, and leave the file at the record of x."""
    records = []
    for dtype, count in (("<i4", 5), ("<f4", 9), ("<f4", 1)):
        before = np.fromfile(file, _BYTE_COUNT, 1)
        records.append(np.fromfile(file, dtype, count))
        after = np.fromfile(file, _BYTE_COUNT, 1)
        if len(after) == 0 or not before[0] == after[0] == 4 * count:
            raise InputError(
                f"{path}: not a whole fast-food file: its header needs a record of {4 * count} "
                f"bytes between two counts, and begins {list(map(int, before))}; {CURE}"
            )
    n_galaxies = int(records[0][1])
    if n_galaxies < 0:
        raise InputError(
            f"{path}: the fast-food header contains a count of {n_galaxies} galaxies; {CURE}"
        )
    return n_galaxies, float(records[1][0])


def _field_dtype(
    path: Path, file: BinaryIO, start: int, size: int, n_galaxies: int, field: int
) -> np.dtype:
    """Return the dtype of the record of a field, float32 or float64, from its byte counts."""
    name = FASTFOOD_COLUMNS[field]
    if start >= size:
        raise InputError(f"{path}: no record for {name}: the file ends after {start} bytes; {CURE}")
    file.seek(start)
    before = np.fromfile(file, _BYTE_COUNT, 1)
    for dtype in (np.dtype("<f4"), np.dtype("<f8")):
        length = n_galaxies * dtype.itemsize
        if len(before) and int(before[0]) == np.int64(length).astype(np.int32):
            break
    else:
        raise InputError(
            f"{path}: the record of {name} counts {list(map(int, before))} bytes, not 4 or 8 for "
            f"each of the {n_galaxies} galaxies of the header; {CURE}"
        )
    file.seek(start + 4 + length)
    after = np.fromfile(file, _BYTE_COUNT, 1)
    if len(after) == 0 or after[0] != before[0]:
        raise InputError(
            f"{path}: truncated in the record of {name}: it should end at byte "
            f"{start + 8 + length}, the file has {size}; {CURE}"
        )
    return dtype
