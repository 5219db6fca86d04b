"""Readers of the columns of a table, one per file format.

Each reader takes the path, the columns, the table in the file, the largest number of rows per chunk
and a mapping for the rows that cannot be used. It yields one chunk after the other and keeps no
more than one in memory.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.asdf_tables import read_asdf
from cosmodag.voids.catalogues.delimited_text import Problems, TextTable, open_text_table
from cosmodag.voids.catalogues.fastfood import FASTFOOD_COLUMNS, read_fastfood
from cosmodag.voids.catalogues.hdf5_tables import read_hdf5
from cosmodag.voids.catalogues.table_columns import (
    CURE,
    Column,
    Columns,
    Table,
    column_index,
    column_name,
    first_line,
    refuse_transposed,
    split_component,
)
from cosmodag.voids.catalogues.text_blocks import leading_comments
from cosmodag.voids.catalogues.votables import read_votable

if TYPE_CHECKING:
    import pyarrow
    from astropy.io import fits

FORMATS = {
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".hdf": "hdf5",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".fits": "fits",
    ".fit": "fits",
    ".csv": "csv",
    ".ecsv": "ecsv",
    ".txt": "text",
    ".dat": "text",
    ".tsv": "text",
    ".ascii": "text",
    ".list": "text",  # Rockstar
    ".ahf_halos": "text",
    ".asdf": "asdf",
    ".ff": "fastfood",
    ".vot": "votable",
    ".votable": "votable",
    ".xml": "votable",
}


def _read_parquet(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            sources = [_parquet_source(path, column, schema) for column in columns]
            names = list(dict.fromkeys(name for name, _ in sources))
            for batch in file.iter_batches(batch_size=chunk_rows, columns=names):
                yield [_parquet_values(batch.column(name), part) for name, part in sources]
    except InputError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        raise InputError(
            f"{path}: not a whole Parquet file ({first_line(error)}); {CURE}"
        ) from None


def _parquet_source(path: Path, column: Column, schema: "pyarrow.Schema") -> tuple[str, int | None]:
    """Return the name of a column of numbers, and the component of its vectors."""
    import pyarrow.types as types

    whole = isinstance(column, int) or column in schema.names
    name, component = (column, None) if whole else split_component(column)
    name = str(column_name(path, name, schema.names))
    kind = schema.field(name).type
    if component is not None and types.is_fixed_size_list(kind):
        column_index(path, component, kind.list_size)
        kind = kind.value_type
    kinds = (types.is_floating, types.is_integer, types.is_boolean, types.is_decimal)
    if not any(is_kind(kind) for is_kind in kinds):
        raise InputError(
            f"{path}: column '{name}' is not a column of numbers but of {kind}; choose another"
        )
    return name, component


def _parquet_values(column: "pyarrow.Array", component: int | None) -> np.ndarray:
    """Return the values of a column, NaN where there is none."""
    import pyarrow.compute
    import pyarrow.types as types

    if component is not None:
        column = pyarrow.compute.list_element(column, component)
    if types.is_decimal(column.type) or (types.is_boolean(column.type) and column.null_count):
        column = column.cast("float64")
    return column.to_numpy(zero_copy_only=False)


def _read_fits(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a FITS table."""
    from astropy.io import fits

    from cosmodag.imaging.fits_files import open_fits

    with open_fits(path, what="table", cure=CURE, memmap=True) as hdus:
        tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
        if table is not None:
            tables = [hdu for hdu in tables if table in (hdu.name, hdus.index(hdu))]
        if not tables:
            raise InputError(
                f"{path}: it has no table{f' {table}' if table is not None else ''}; give a file "
                "with a table, or another key table"
            )
        hdu = tables[0]
        sources = []
        for column in columns:
            name, component = split_component(column)
            sources.append((str(column_name(path, name, hdu.columns.names)), component))
        for start in range(0, hdu.header["NAXIS2"], chunk_rows):
            rows = hdu.data[start : start + chunk_rows]
            yield [_fits_values(path, hdu, rows, name, part) for name, part in sources]


def _fits_values(
    path: Path, hdu: "fits.BinTableHDU", rows: "fits.FITS_rec", name: str, component: int | None
) -> np.ndarray:
    """Return the values of a column, NaN where the table marks them as undefined."""
    values = np.asarray(rows[name])
    refuse_transposed(path, name, (hdu.header["NAXIS2"], *values.shape[1:]))
    if component is not None:
        column_index(path, component, values.shape[1] if values.ndim == 2 else 0)
        values = values[:, component]
    null = hdu.columns[name].null
    if null is not None and values.dtype.kind in "iu" and np.any(values == null):
        values = np.where(values == null, np.nan, values.astype(np.float64))
    return values


def _read_csv(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a CSV file whose first line names them."""
    yield from _text_columns(open_text_table(path, comma=True), columns, chunk_rows, problems)


def _read_text(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a text file separated by white space."""
    yield from _text_columns(open_text_table(path, comma=False), columns, chunk_rows, problems)


def _read_ecsv(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a file in astropy's enhanced CSV."""
    comma = bool(re.search(r"^delimiter: *['\"]?,", leading_comments(path), re.M))
    text = open_text_table(path, comma=comma, has_header=True)
    yield from _text_columns(text, columns, chunk_rows, problems)


def _text_columns(
    table: TextTable, columns: list[Column], chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a text file."""
    names = [column_name(table.path, column, table.names) for column in columns]
    yield from table.read([table.names.index(name) for name in names], chunk_rows, problems)


def _read_fastfood(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a fast-food file."""
    fields = [FASTFOOD_COLUMNS.index(str(column_name(path, c, FASTFOOD_COLUMNS))) for c in columns]
    return read_fastfood(path, fields, chunk_rows)


READERS: dict[str, Callable[..., Iterator[Columns]]] = {
    "hdf5": read_hdf5,
    "parquet": _read_parquet,
    "fits": _read_fits,
    "csv": _read_csv,
    "text": _read_text,
    "ecsv": _read_ecsv,
    "fastfood": _read_fastfood,
    "asdf": read_asdf,
    "votable": read_votable,
}
"""Readers by the name of the format."""
