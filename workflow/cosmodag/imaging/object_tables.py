"""Tables of objects in FITS, CSV or Parquet files, such as catalogues of labels."""

import os
import warnings
import zlib

import pandas as pd

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import column_values, open_fits
from cosmodag.input_files import check_file, read_parquet
from cosmodag.settings import unknown

FITS = (".fits", ".fit", ".fits.gz", ".fts")
PARQUET = (".parquet", ".pq")
SEPARATORS = {".tsv": "\t", ".ecsv": " "}
"""Signs between columns by the ending of a name, if they are no commas."""
EXACT = 2.0**53
"""Smallest number from which on floats do not represent every integer."""


def read_object_table(path: str | os.PathLike, cure: str) -> pd.DataFrame:
    """Read a table with one row per object.

    Parameters
    ----------
    path : path-like
        FITS, whose first table is read, Parquet, TSV, ECSV with spaces, or else CSV.
    cure : str
        What the user can do about a table that cannot be used, for error messages.

    Returns
    -------
    pandas.DataFrame
        Columns of numbers and text; masked and empty values are missing.

    Raises
    ------
    InputError
        If the file is missing, damaged or no table, or a CSV file has two columns of one name.
    """
    name = os.fspath(path).lower()
    if name.endswith(PARQUET):
        return read_parquet(path, cure=cure)
    return _read_fits(path, cure) if name.endswith(FITS) else _read_csv(path, cure)


def column_of(table: pd.DataFrame, column: str, path: str | os.PathLike, key: str) -> pd.Series:
    """Return a column of a table.

    Parameters
    ----------
    table : pandas.DataFrame
    column : str
        Name of the column.
    path, key : path-like, str
        File of the table and key of the configuration, for the error message.

    Raises
    ------
    InputError
        If there is no such column; the message names the nearest one.
    """
    if column not in table:
        raise InputError(f"{path}: {unknown(f'{key}: column', column, table.columns)}")
    return table[column]


def as_names(values: pd.Series) -> pd.Series:
    """Return names of objects as text, whole numbers without a decimal point.

    Missing names are empty.

    Parameters
    ----------
    values : pandas.Series
        Text or numbers.

    Returns
    -------
    pandas.Series

    Examples
    --------
    >>> as_names(pd.Series([1.0, 2.0])).tolist()
    ['1', '2']
    """
    if pd.api.types.is_float_dtype(values) and (values.dropna() == values.dropna() // 1).all():
        values = values.astype("Int64")
    return values.astype(str).where(values.notna(), "").str.strip()


def _read_fits(path: str | os.PathLike, cure: str) -> pd.DataFrame:
    """Read the first table of a FITS file, without columns of vectors."""
    with open_fits(path, what="table", cure=cure) as file:
        tables = [hdu for hdu in file if hasattr(hdu, "columns")]
        if not tables:
            raise InputError(f"{path}: no table; {cure}")
        columns = {}
        for name in tables[0].columns.names:
            values = column_values(tables[0], name)
            if values.ndim == 1:
                columns[name] = values
    table = pd.DataFrame(columns)
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name]):
            table[name] = table[name].where(table[name] != "")
    return table


def _read_csv(path: str | os.PathLike, cure: str) -> pd.DataFrame:
    """Read a CSV file with a header line."""
    check_file(path, cure)
    name = os.fspath(path).lower().removesuffix(".gz")
    separator = SEPARATORS.get(os.path.splitext(name)[1], ",")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)
            header = pd.read_csv(path, header=None, nrows=1, dtype=str, comment="#", sep=separator)
            table = pd.read_csv(path, sep=separator, comment="#")
            rounded = [name for name in table if _is_rounded(table[name])]
            if rounded:
                kinds = {"usecols": rounded, "dtype_backend": "numpy_nullable"}
                exact = pd.read_csv(path, sep=separator, comment="#", **kinds)
                table = table.assign(**exact.select_dtypes("Int64"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {cure}") from None
    except (ValueError, UnicodeDecodeError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a CSV table ({reason}); {cure}") from None
    names = header.iloc[0].tolist()
    if len(table.columns) != len(names) or not isinstance(table.index, pd.RangeIndex):
        raise InputError(
            f"{path}: its rows have more fields than its header; correct it, or {cure}"
        )
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: its columns name {name!r} twice; rename one of them")
    return table


def _is_rounded(values: pd.Series) -> bool:
    """Return whether a column of floats may consist of larger integers, some of them missing."""
    return pd.api.types.is_float_dtype(values) and bool(values.abs().max() >= EXACT)
