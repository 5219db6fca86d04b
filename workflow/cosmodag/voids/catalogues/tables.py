"""Numeric columns of tables in any supported format, read in chunks."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.table_formats import FORMATS, READERS, Column, Columns


def read_columns(
    path: str | os.PathLike,
    columns: Sequence[Column],
    *,
    format: str | None = None,
    table: str | int | None = None,
    chunk_rows: int = 1 << 20,
) -> Iterator[Columns]:
    """Read columns of a table chunk by chunk.

    A column is given by its name or by its index from 0. `name[i]` is component i of a column of
    vectors (HDF5, FITS).

    Parameters
    ----------
    path : path-like
        The file.
    columns : sequence of str or int
        Names or indices of the columns.
    format : {"hdf5", "parquet", "fits", "csv", "text", "fastfood"}, optional
        Format of the file; by default that of its suffix, see `FORMATS`. "text" is separated by
        white space, with an optional header line "# x y z"; "fastfood" is Corrfunc's.
    table : str or int, optional
        Table in an HDF5 or FITS file: a group, whose datasets are the columns, or a dataset
        (two-dimensional or compound); a FITS extension, by default the first table.
    chunk_rows : int
        Largest number of rows in memory.

    Yields
    ------
    list of numpy.ndarray, shape (rows,)
        One array per column, in the order of `columns`; integers or floats in native byte order.

    Raises
    ------
    InputError
        The file is missing, truncated or of an unknown format, or a column is missing or not
        numeric.

    Examples
    --------
    >>> for x, y in read_columns("galaxies.csv", ["x", "y"]):  # doctest: +SKIP
    ...     print(x.mean(), y.mean())
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    format = format or FORMATS.get(path.suffix.lower())
    if format not in READERS:
        reason = f"format '{format}' is unknown" if format else "the suffix names no known format"
        raise InputError(f"{path}: {reason}; set 'format' to one of: {', '.join(READERS)}")
    if table is not None and format not in ("hdf5", "fits"):
        raise InputError(f"{path}: 'table' is for HDF5 and FITS files; {format} has one table")
    rows_before = 0
    for chunk in READERS[format](path, list(columns), table, chunk_rows):
        for name, values in zip(columns, chunk):
            if values.ndim != 1 or values.dtype.kind not in "fiub":
                raise InputError(
                    f"{path}: column '{name}' is not a column of numbers: it contains "
                    f"{values.dtype} of shape {values.shape[1:]} per row (rows from {rows_before})"
                )
        rows_before += len(chunk[0])
        yield [np.asarray(values, dtype=values.dtype.newbyteorder("=")) for values in chunk]
