"""Numeric columns of tables in any supported format, read in chunks.

A column is a name, or a number counted from 0. `name[i]` is component i of a column of vectors
(HDF5, FITS). Every reader keeps at most one chunk in memory.
"""

import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.fastfood import FASTFOOD_COLUMNS, read_fastfood

Column = str | int
Columns = list[np.ndarray]

FORMATS = {
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".hdf": "hdf5",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".fits": "fits",
    ".fit": "fits",
    ".csv": "csv",
    ".txt": "text",
    ".dat": "text",
    ".ascii": "text",
    ".ff": "fastfood",
}


def read_columns(
    path: str | os.PathLike,
    columns: Sequence[Column],
    *,
    format: str | None = None,
    table: str | int | None = None,
    chunk_rows: int = 1 << 20,
) -> Iterator[Columns]:
    """Read columns of a table chunk by chunk.

    Parameters
    ----------
    path
        The file.
    columns
        Names, or numbers counted from 0, of the columns.
    format
        "hdf5", "parquet", "fits", "csv", "text" (whitespace, optional header "# x y z") or
        "fastfood" (Corrfunc); by the file's suffix where absent.
    table
        Where the columns are in a file of several tables: an HDF5 group, whose datasets are the
        columns, or an HDF5 dataset (two-dimensional or compound); a FITS extension, by default
        the first table.
    chunk_rows
        Largest number of rows in memory at once.

    Yields
    ------
    list of (rows,) arrays
        One array a column, in the order of `columns`; integers or floats in native byte order.

    Raises
    ------
    InputError
        The file is missing, truncated or of an unknown format, or a column is missing or not
        numeric.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    format = format or FORMATS.get(path.suffix.lower())
    if format not in _READERS:
        known = ", ".join(_READERS)
        given = f"format '{format}' is unknown" if format else "the suffix names no known format"
        raise InputError(f"{path}: {given}; set 'format' to one of: {known}")
    if table is not None and format not in ("hdf5", "fits"):
        raise InputError(f"{path}: 'table' is for HDF5 and FITS files; {format} holds one table")
    rows_before = 0
    for chunk in _READERS[format](path, list(columns), table, chunk_rows):
        for name, values in zip(columns, chunk):
            if values.ndim != 1 or values.dtype.kind not in "fiub":
                raise InputError(
                    f"{path}: column '{name}' is not a column of numbers: it holds "
                    f"{values.dtype} of shape {values.shape[1:]} a row (rows from {rows_before})"
                )
        rows_before += len(chunk[0])
        yield [np.asarray(values, dtype=values.dtype.newbyteorder("=")) for values in chunk]


def _read_hdf5(path: Path, columns: list[Column], table, chunk_rows: int) -> Iterator[Columns]:
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: not a whole HDF5 file ({_reason(error)})") from None
    with file:
        root = file
        if table is not None:
            if str(table) not in file:
                raise _missing(path, "table", table, _hdf5_names(file))
            root = file[str(table)]
        parts = [_hdf5_column(path, root, column) for column in columns]
        rows = {len(dataset) for dataset, _ in parts}
        if len(rows) > 1:
            raise InputError(f"{path}: columns {columns} differ in length: {sorted(rows)}")
        try:
            for start in range(0, rows.pop(), chunk_rows):
                chosen = slice(start, start + chunk_rows)
                yield [_hdf5_part(dataset, chosen, part) for dataset, part in parts]
        except OSError as error:
            raise InputError(f"{path}: cannot be read to its end ({_reason(error)})") from None


def _hdf5_column(path: Path, root, column: Column):
    """The dataset that holds a column, and the field or the component of it."""
    import h5py

    if isinstance(root, h5py.Dataset):
        if root.dtype.names:
            return root, _known(path, column, list(root.dtype.names))
        width = root.shape[1] if root.ndim == 2 else 1
        return root, _numbered(path, column, width)
    name, component = _split(column)
    if isinstance(name, int):
        raise InputError(f"{path}: column {name} is a number: set 'table' to a two-dimensional set")
    if name not in root or not isinstance(root[name], h5py.Dataset):
        raise _missing(path, "column", name, _hdf5_names(root))
    dataset = root[name]
    if component is not None:
        width = dataset.shape[1] if dataset.ndim == 2 else 1
        component = _numbered(path, component, width)
    return dataset, component


def _hdf5_part(dataset, chosen: slice, part: str | int | None) -> np.ndarray:
    if isinstance(part, str):
        return dataset.fields(part)[chosen]
    return dataset[chosen] if part is None or dataset.ndim == 1 else dataset[chosen, part]


def _hdf5_names(root) -> list[str]:
    names: list[str] = []
    root.visit(names.append)
    return names


def _read_parquet(path: Path, columns: list[Column], table, chunk_rows: int) -> Iterator[Columns]:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a whole Parquet file ({_reason(error)})") from None
    with file:
        names = [_known(path, column, file.schema_arrow.names) for column in columns]
        try:
            for batch in file.iter_batches(
                batch_size=chunk_rows, columns=list(dict.fromkeys(names))
            ):
                yield [batch.column(name).to_numpy(zero_copy_only=False) for name in names]
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{path}: cannot be read to its end ({_reason(error)})") from None


def _read_fits(path: Path, columns: list[Column], table, chunk_rows: int) -> Iterator[Columns]:
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            # astropy warns of truncated files; here they are refused.
            warnings.simplefilter("ignore")
            hdus = fits.open(path, memmap=True)
            tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
    except OSError as error:
        raise InputError(f"{path}: not a FITS file ({_reason(error)})") from None
    with hdus:
        if table is not None:
            tables = [hdu for hdu in tables if table in (hdu.name, hdus.index(hdu))]
        if not tables:
            raise InputError(f"{path}: no table{f' {table}' if table is not None else ''} in it")
        hdu = tables[0]
        where = hdu.fileinfo()
        if path.stat().st_size < where["datLoc"] + hdu.header["NAXIS1"] * hdu.header["NAXIS2"]:
            raise InputError(f"{path}: truncated: table {hdu.name} ends after the file does")
        parts = []
        for column in columns:
            name, component = _split(column)
            parts.append((_known(path, name, hdu.columns.names), component))
        for start in range(0, hdu.header["NAXIS2"], chunk_rows):
            rows = hdu.data[start : start + chunk_rows]
            yield [rows[name] if i is None else rows[name][:, i] for name, i in parts]


def _read_csv(path: Path, columns: list[Column], table, chunk_rows: int) -> Iterator[Columns]:
    names = _first_line(path).split(",")
    names = [name.strip().strip('"') for name in names]
    yield from _read_delimited(path, columns, names, chunk_rows, sep=",", skiprows=1)


def _read_text(path: Path, columns: list[Column], table, chunk_rows: int) -> Iterator[Columns]:
    row = _first_line(path, comment="#").split()
    headers = [line.lstrip("# ").split() for line in _comments(path)]
    # A line of comments is a header if it has a word for each column; else columns are numbers.
    header = next((words for words in reversed(headers) if len(words) == len(row)), None)
    names = header or list(range(len(row)))
    yield from _read_delimited(path, columns, names, chunk_rows, sep=r"\s+", comment="#")


def _read_delimited(path: Path, columns: list[Column], names: list, chunk_rows: int, **options):
    import pandas

    wanted = [_known(path, column, names) for column in columns]
    options.update(header=None, names=names, index_col=False, chunksize=chunk_rows)
    try:
        with pandas.read_csv(path, usecols=lambda name: name in wanted, **options) as reader:
            for frame in reader:
                yield [frame[name].to_numpy() for name in wanted]
    except (pandas.errors.EmptyDataError, pandas.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a table of numbers ({_reason(error)})") from None


def _first_line(path: Path, comment: str = "\n") -> str:
    """The first line that is neither empty nor begins with `comment`."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.strip() and not line.startswith(comment):
                return line.rstrip("\n")
    raise InputError(f"{path}: no rows in it")


def _comments(path: Path) -> list[str]:
    """The lines of comments before the first row."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return list(itertools.takewhile(lambda line: line.startswith("#"), file))


def _read_fastfood(path: Path, columns: list[Column], table, chunk_rows: int) -> Iterator[Columns]:
    fields = [FASTFOOD_COLUMNS.index(_known(path, c, list(FASTFOOD_COLUMNS))) for c in columns]
    return read_fastfood(path, fields, chunk_rows)


_READERS: dict[str, Callable[..., Iterator[Columns]]] = {
    "hdf5": _read_hdf5,
    "parquet": _read_parquet,
    "fits": _read_fits,
    "csv": _read_csv,
    "text": _read_text,
    "fastfood": _read_fastfood,
}


def _split(column: Column) -> tuple[Column, int | None]:
    """Split `name[i]` into name and i."""
    if isinstance(column, str) and column.endswith("]"):
        name, _, component = column[:-1].rpartition("[")
        if name and component.isdecimal():
            return name, int(component)
    return column, None


def _known(path: Path, column: Column, names: list) -> Column:
    """The name of a column given by name or by number, if the table has it."""
    if isinstance(column, int):
        return names[_numbered(path, column, len(names))]
    if column not in names:
        raise _missing(path, "column", column, names)
    return column


def _numbered(path: Path, column: Column, width: int) -> int:
    if not isinstance(column, int) or not 0 <= column < width:
        raise InputError(f"{path}: no column {column}: its {width} columns count from 0")
    return column


def _missing(path: Path, what: str, name: Column, names: Sequence[Column]) -> InputError:
    names = [str(known) for known in names]
    near = get_close_matches(str(name), names, n=3, cutoff=0.4)
    found = f"nearest: {', '.join(near)}" if near else f"it has: {', '.join(names[:12])}"
    return InputError(f"{path}: no {what} '{name}'; {found}")


def _reason(error: Exception) -> str:
    """The first line of a library's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
