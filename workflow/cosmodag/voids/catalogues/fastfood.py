"""Corrfunc's Fortran "fast-food" catalogues.

A file is a series of records, each between two int32 counts of its bytes: 5 int32 (the second is
the number of galaxies), 9 float32 (the first is the size of the box), 1 float32 (redshift), then
one record each for x, y, z and, optionally, the weight, of float32 or float64.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError

FASTFOOD_COLUMNS = ("x", "y", "z", "weight")
_COUNT = np.dtype("<i4")


def read_fastfood(
    path: str | os.PathLike, fields: Sequence[int], chunk_rows: int
) -> Iterator[list[np.ndarray]]:
    """Read records of a fast-food file chunk by chunk.

    Parameters
    ----------
    path
        The file.
    fields
        Which of x, y, z, weight (0 to 3) to read.
    chunk_rows
        Largest number of galaxies a chunk.

    Yields
    ------
    list of (rows,) float32 or float64 arrays
        One array a field.

    Raises
    ------
    InputError
        The byte counts contradict the layout or the length of the file.
    """
    path = Path(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        galaxies = _header(path, file)
        start, dtypes, offsets = file.tell(), [], []
        for field in range(max(fields) + 1):
            dtypes.append(_field_type(path, file, start, size, galaxies, field))
            offsets.append(start + 4)
            start += 8 + galaxies * dtypes[-1].itemsize
        for first in range(0, galaxies, chunk_rows):
            rows = min(chunk_rows, galaxies - first)
            chunk = []
            for field in fields:
                file.seek(offsets[field] + first * dtypes[field].itemsize)
                chunk.append(np.fromfile(file, dtypes[field], rows))
            yield chunk


def _header(path: Path, file) -> int:
    """The number of galaxies; leaves the file at the record of x."""
    records = []
    for dtype, count in (("<i4", 5), ("<f4", 9), ("<f4", 1)):
        before = np.fromfile(file, _COUNT, 1)
        records.append(np.fromfile(file, dtype, count))
        after = np.fromfile(file, _COUNT, 1)
        if len(after) == 0 or not before[0] == after[0] == 4 * count:
            raise InputError(
                f"{path}: not a whole fast-food file: its header wants a record of {4 * count} "
                f"bytes between two counts, and begins {list(map(int, before))}"
            )
    galaxies = int(records[0][1])
    if galaxies < 0:
        raise InputError(f"{path}: the fast-food header gives {galaxies} galaxies")
    return galaxies


def _field_type(path: Path, file, start: int, size: int, galaxies: int, field: int) -> np.dtype:
    """Whether a field's record holds float32 or float64, from its byte counts."""
    name = FASTFOOD_COLUMNS[field]
    if start >= size:
        raise InputError(f"{path}: no record for {name}: the file ends after {start} bytes")
    file.seek(start)
    before = np.fromfile(file, _COUNT, 1)
    for dtype in (np.dtype("<f4"), np.dtype("<f8")):
        length = galaxies * dtype.itemsize
        if len(before) and int(before[0]) == np.int64(length).astype(np.int32):
            break
    else:
        raise InputError(
            f"{path}: the record of {name} counts {list(map(int, before))} bytes, not 4 or 8 for "
            f"each of the {galaxies} galaxies of the header"
        )
    file.seek(start + 4 + length)
    after = np.fromfile(file, _COUNT, 1)
    if len(after) == 0 or after[0] != before[0]:
        raise InputError(
            f"{path}: truncated in the record of {name}: it should end at byte "
            f"{start + 8 + length}, the file has {size}"
        )
    return dtype
