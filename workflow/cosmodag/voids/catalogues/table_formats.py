"""Readers of the columns of a table, one per file format.

Each reader takes the path, the columns, the table in the file and the largest number of rows per
chunk. It yields one chunk after the other and keeps no more than one in memory.
"""

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.fastfood import FASTFOOD_COLUMNS, read_fastfood

if TYPE_CHECKING:
    import h5py

Column = str | int
Columns = list[np.ndarray]
Table = str | int | None

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


def _read_hdf5(
    path: Path, columns: list[Column], table: Table, chunk_rows: int
) -> Iterator[Columns]:
    """Read columns of an HDF5 file: datasets of a group, or columns of one dataset."""
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: not a whole HDF5 file ({_reason(error)})") from None
    with file:
        root = file
        if table is not None:
            if str(table) not in file:
                raise _missing_error(path, "table", table, _hdf5_names(file))
            root = file[str(table)]
        sources = [_hdf5_source(path, root, column) for column in columns]
        lengths = {len(dataset) for dataset, _ in sources}
        if len(lengths) > 1:
            raise InputError(f"{path}: columns {columns} differ in length: {sorted(lengths)}")
        try:
            for start in range(0, lengths.pop(), chunk_rows):
                rows = slice(start, start + chunk_rows)
                yield [_hdf5_values(dataset, rows, part) for dataset, part in sources]
        except OSError as error:
            raise InputError(f"{path}: cannot be read to its end ({_reason(error)})") from None


def _hdf5_source(
    path: Path, root: "h5py.Group | h5py.Dataset", column: Column
) -> tuple["h5py.Dataset", Column | None]:
    """Return the dataset of a column, and its field or component in the dataset."""
    import h5py

    if isinstance(root, h5py.Dataset):
        if root.dtype.names:
            return root, _column_name(path, column, list(root.dtype.names))
        width = root.shape[1] if root.ndim == 2 else 1
        return root, _column_index(path, column, width)
    name, component = _split_component(column)
    if isinstance(name, int):
        raise InputError(
            f"{path}: column {name} is an index: set 'table' to a two-dimensional dataset"
        )
    if name not in root or not isinstance(root[name], h5py.Dataset):
        raise _missing_error(path, "column", name, _hdf5_names(root))
    dataset = root[name]
    if component is not None:
        width = dataset.shape[1] if dataset.ndim == 2 else 1
        component = _column_index(path, component, width)
    return dataset, component


def _hdf5_values(dataset: "h5py.Dataset", rows: slice, part: Column | None) -> np.ndarray:
    """Read rows of a dataset, of one field or one component where `part` names it."""
    if isinstance(part, str):
        return dataset.fields(part)[rows]
    return dataset[rows] if part is None or dataset.ndim == 1 else dataset[rows, part]


def _hdf5_names(root: "h5py.Group") -> list[str]:
    """Return the paths of all groups and datasets below a group."""
    names: list[str] = []
    root.visit(names.append)
    return names


def _read_parquet(
    path: Path, columns: list[Column], table: Table, chunk_rows: int
) -> Iterator[Columns]:
    """Read columns of a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a whole Parquet file ({_reason(error)})") from None
    with file:
        names = [_column_name(path, column, file.schema_arrow.names) for column in columns]
        try:
            for batch in file.iter_batches(
                batch_size=chunk_rows, columns=list(dict.fromkeys(names))
            ):
                yield [batch.column(name).to_numpy(zero_copy_only=False) for name in names]
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{path}: cannot be read to its end ({_reason(error)})") from None


def _read_fits(
    path: Path, columns: list[Column], table: Table, chunk_rows: int
) -> Iterator[Columns]:
    """Read columns of a FITS table."""
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            # astropy only warns about truncated files; they are refused below.
            warnings.simplefilter("ignore")
            hdus = fits.open(path, memmap=True)
            tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
    except OSError as error:
        raise InputError(f"{path}: not a FITS file ({_reason(error)})") from None
    with hdus:
        if table is not None:
            tables = [hdu for hdu in tables if table in (hdu.name, hdus.index(hdu))]
        if not tables:
            raise InputError(f"{path}: it has no table{f' {table}' if table is not None else ''}")
        hdu = tables[0]
        start_of_data = hdu.fileinfo()["datLoc"]
        if path.stat().st_size < start_of_data + hdu.header["NAXIS1"] * hdu.header["NAXIS2"]:
            raise InputError(f"{path}: truncated: table {hdu.name} extends beyond the end")
        sources = []
        for column in columns:
            name, component = _split_component(column)
            sources.append((_column_name(path, name, hdu.columns.names), component))
        for start in range(0, hdu.header["NAXIS2"], chunk_rows):
            rows = hdu.data[start : start + chunk_rows]
            yield [rows[name] if i is None else rows[name][:, i] for name, i in sources]


def _read_csv(
    path: Path, columns: list[Column], table: Table, chunk_rows: int
) -> Iterator[Columns]:
    """Read columns of a CSV file whose first line names them."""
    names: list[Column] = [name.strip().strip('"') for name in _first_line(path).split(",")]
    yield from _read_delimited(path, columns, names, chunk_rows, sep=",", skiprows=1)


def _read_text(
    path: Path, columns: list[Column], table: Table, chunk_rows: int
) -> Iterator[Columns]:
    """Read columns of a text file separated by white space."""
    row = _first_line(path, comment="#").split()
    headers = [line.lstrip("# ").split() for line in _comments(path)]
    # The last comment with one word per column is the header; without one, columns have indices.
    header = next((words for words in reversed(headers) if len(words) == len(row)), None)
    names: list[Column] = list(header or range(len(row)))
    yield from _read_delimited(path, columns, names, chunk_rows, sep=r"\s+", comment="#")


def _read_delimited(
    path: Path, columns: list[Column], names: list[Column], chunk_rows: int, **options: Any
) -> Iterator[Columns]:
    """Read columns of a text file with pandas."""
    import pandas

    selected = [_column_name(path, column, names) for column in columns]
    options.update(header=None, names=names, index_col=False, chunksize=chunk_rows)
    try:
        with pandas.read_csv(path, usecols=lambda name: name in selected, **options) as reader:
            for frame in reader:
                yield [frame[name].to_numpy() for name in selected]
    except (pandas.errors.EmptyDataError, pandas.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a table of numbers ({_reason(error)})") from None


def _first_line(path: Path, comment: str = "\n") -> str:
    """Return the first line that is neither empty nor begins with `comment`."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.strip() and not line.startswith(comment):
                return line.rstrip("\n")
    raise InputError(f"{path}: it has no rows")


def _comments(path: Path) -> list[str]:
    """Return the comment lines before the first row."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return list(itertools.takewhile(lambda line: line.startswith("#"), file))


def _read_fastfood(
    path: Path, columns: list[Column], table: Table, chunk_rows: int
) -> Iterator[Columns]:
    """Read columns of a fast-food file."""
    fields = [FASTFOOD_COLUMNS.index(str(_column_name(path, c, FASTFOOD_COLUMNS))) for c in columns]
    return read_fastfood(path, fields, chunk_rows)


READERS: dict[str, Callable[..., Iterator[Columns]]] = {
    "hdf5": _read_hdf5,
    "parquet": _read_parquet,
    "fits": _read_fits,
    "csv": _read_csv,
    "text": _read_text,
    "fastfood": _read_fastfood,
}


def _split_component(column: Column) -> tuple[Column, int | None]:
    """Split `name[i]` into name and i."""
    if isinstance(column, str) and column.endswith("]"):
        name, _, component = column[:-1].rpartition("[")
        if name and component.isdecimal():
            return name, int(component)
    return column, None


def _column_name(path: Path, column: Column, names: Sequence[Column]) -> Column:
    """Return the name of a column that is given by name or by index, if the table has it."""
    if isinstance(column, int):
        return names[_column_index(path, column, len(names))]
    if column not in names:
        raise _missing_error(path, "column", column, names)
    return column


def _column_index(path: Path, column: Column, width: int) -> int:
    """Return the index of a column, if it is below the number of columns."""
    if not isinstance(column, int) or not 0 <= column < width:
        raise InputError(f"{path}: no column {column}: its {width} columns count from 0")
    return column


def _missing_error(path: Path, kind: str, name: Column, names: Sequence[Column]) -> InputError:
    """Return the error for a missing column or table, with the nearest names."""
    texts = [str(other) for other in names]
    nearest = get_close_matches(str(name), texts, n=3, cutoff=0.4)
    hint = f"nearest: {', '.join(nearest)}" if nearest else f"it has: {', '.join(texts[:12])}"
    return InputError(f"{path}: no {kind} '{name}'; {hint}")


def _reason(error: Exception) -> str:
    """Return the first line of the message of a library's error."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
