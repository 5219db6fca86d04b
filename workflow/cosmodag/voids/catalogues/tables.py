"""Numeric columns of tables in any supported format, read in chunks."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.input_files import check_file
from cosmodag.voids.catalogues.delimited_text import Problems
from cosmodag.voids.catalogues.table_columns import Column, Columns, refuse_transposed
from cosmodag.voids.catalogues.table_formats import FORMATS, READERS

_COMPRESSIBLE = ("csv", "text", "ecsv", "fits", "votable")
"""Formats that are also read compressed."""


def read_columns(
    path: str | os.PathLike,
    columns: Sequence[Column],
    *,
    format: str | None = None,
    table: str | int | None = None,
    chunk_rows: int = 1 << 20,
    problems: Problems | None = None,
) -> Iterator[Columns]:
    """Read columns of a table chunk by chunk.

    A column is given by its name or by its index from 0. `name[i]` is component i of a column of
    vectors (HDF5, FITS, Parquet, ASDF, VOTable).

    Parameters
    ----------
    path : path-like
        The file.
    columns : sequence of str or int
        Names or indices of the columns.
    format : str, optional
        One of "hdf5", "parquet", "fits", "csv", "text", "ecsv", "fastfood", "asdf" and "votable".
        Format of the file; by default that of its suffix, see `FORMATS`. "text" is separated by
        white space, with an optional header line "x y z" or "# x y z", as in the lists of Rockstar
        and AHF; "fastfood" is Corrfunc's.
    table : str or int, optional
        Table in an HDF5, FITS, ASDF or VOTable file: a group, whose datasets are the columns, or a
        dataset (two-dimensional or compound); a FITS extension, or the name, identifier or number
        of a table of a VOTable, by default the first table; a branch of an ASDF file, by default
        "data".
    chunk_rows : int
        Largest number of rows in memory.
    problems : mapping of int to str, optional
        Gets the reason for each row that is not a row of numbers, by the number of the row from 0;
        the values of such a row are NaN. By default, the first such row is an error.

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
    check_file(path, "give the path of a table")
    format = format or format_of(path)
    if format not in READERS:
        reason = f"format '{format}' is unknown" if format else _unknown_suffix(path)
        raise InputError(f"{path}: {reason}; set 'format' to one of: {', '.join(READERS)}")
    if table is not None and format not in ("hdf5", "fits", "asdf", "votable"):
        raise InputError(
            f"{path}: 'table' is for HDF5, FITS, ASDF and VOTable files; {format} has one table; "
            "remove it"
        )
    rows_before, found = 0, {} if problems is None else problems
    for chunk in READERS[format](path, list(columns), table, chunk_rows, found):
        for name, values in zip(columns, chunk):
            refuse_transposed(path, name, values.shape)
            if values.ndim != 1 or values.dtype.kind not in "fiub":
                raise InputError(
                    f"{path}: column '{name}' is not a column of numbers: it has {values.dtype} of "
                    f"shape {values.shape[1:]} per row (rows from {rows_before}); choose another"
                )
        if problems is None and found:
            row, reason = next(iter(found.items()))
            raise InputError(f"{path}: row {row} (from 0): {reason}")
        rows_before += len(chunk[0])
        yield [np.asarray(values, dtype=values.dtype.newbyteorder("=")) for values in chunk]


def format_of(path: Path) -> str | None:
    """Return the format that the suffix of a file names.

    Parameters
    ----------
    path : pathlib.Path
        The file; text, FITS and VOTables may be compressed by gzip or bzip2.

    Returns
    -------
    str or None
        A key of `READERS`; None if the suffix names none.
    """
    name = path.name.lower()
    plain = name.removesuffix(".gz").removesuffix(".bz2")
    format = FORMATS.get(Path(plain).suffix)
    return format if plain == name or format in _COMPRESSIBLE else None


def _unknown_suffix(path: Path) -> str:
    """Return why the suffix of a file names no format."""
    inner = FORMATS.get(Path(path.stem.lower()).suffix)
    if inner is not None:
        return f"{inner} files are not read compressed; decompress it"
    return "the suffix names no known format"
