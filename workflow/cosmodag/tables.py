"""Parquet tables of the workflow, with a record and a checksum in their metadata.

They are written and read as a whole, or part by part.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from cosmodag.checksums import lines, make_record, require, stamp, verify
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.input_files import check_file, read_parquet

KEY = b"cosmodag"
"""Key of the metadata that contains record and checksum."""
ATTRIBUTES = "attributes"
"""Key of the metadata that contains attributes of a table that is written in parts."""
ROW_GROUP = 1 << 16
"""Rows that are written or read together."""


def write_table(
    path: str | os.PathLike,
    table: pd.DataFrame,
    *,
    inputs: Iterable[str | os.PathLike] = (),
    files: Iterable[str | os.PathLike] = (),
) -> None:
    """Write a table as Parquet, whole or not at all.

    Parameters
    ----------
    path : path-like
        File to write.
    table : pandas.DataFrame
        Table, without its row labels.
    inputs, files : iterable of path-like
        Files that the table was made from, and files that belong to it, see
        `cosmodag.checksums.make_record`.
    """
    content = pa.Table.from_pandas(table, preserve_index=False)
    own = {KEY: lines(make_record(path, inputs, files))}
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), **own})
    with whole_file(path) as partial:
        pa.parquet.write_table(content, partial)
        stamp(partial)


def read_table(path: str | os.PathLike, cure: str, *, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read and verify a table that `write_table` wrote.

    Parameters
    ----------
    path : path-like
        File to read.
    cure : str
        What to do about a file that is missing or damaged, for the error.
    columns : sequence of str
        Columns that the table must have.

    Raises
    ------
    InputError
        If the file is missing, is no table, lacks a column, was altered, or carries no checksum.
    """
    with contextlib.suppress(OSError):
        verify(path, cure)
    table = read_parquet(path, cure=cure, columns=columns)
    require(path, cure)
    return table


class TableAppender:
    """Writer of a table in parts, so that one part is in memory.

    Attributes
    ----------
    inputs, files : list of path-like
        Files that the table is made from, and files that belong to it; to be completed before the
        table is.
    attributes : dict from str to object
        What JSON can represent and `read_attributes` returns.
    n_rows : int
        Rows that were appended.
    """

    def __init__(self, partial: str | os.PathLike):
        self.inputs: list[str | os.PathLike] = []
        self.files: list[str | os.PathLike] = []
        self.attributes: dict[str, Any] = {}
        self.n_rows = 0
        self._partial = partial
        self._writer: pa.parquet.ParquetWriter | None = None
        self._waiting: list[pd.DataFrame] = []

    def append(self, table: pd.DataFrame) -> None:
        """Append rows; all parts have the columns and types of the first one.

        Parameters
        ----------
        table : pandas.DataFrame
            The rows.
        """
        self.n_rows += len(table)
        self._waiting.append(table)
        if sum(map(len, self._waiting)) >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        """Write the rows that wait as one row group."""
        if not self._waiting:
            return
        table = pd.concat(self._waiting, ignore_index=True)
        self._waiting = []
        schema = None if self._writer is None else self._writer.schema
        content = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
        if self._writer is None:
            self._writer = pa.parquet.ParquetWriter(self._partial, content.schema)
        self._writer.write_table(content)

    def _finish(self, path: str | os.PathLike) -> None:
        """Write what waits, the attributes, the record and the place of the checksum."""
        self._flush()
        if self._writer is None:
            raise ValueError(f"{path}: no part was appended")
        own = lines(make_record(path, self.inputs, self.files))
        self._writer.add_key_value_metadata({ATTRIBUTES: json.dumps(self.attributes), KEY: own})
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


@contextlib.contextmanager
def append_table(path: str | os.PathLike) -> Iterator[TableAppender]:
    """Yield the writer of a Parquet table in parts; the table appears whole or not at all.

    Parameters
    ----------
    path : path-like
        File to write.

    Yields
    ------
    TableAppender
        At least one part must be appended, which may have no row.
    """
    with whole_file(path) as partial:
        appender = TableAppender(partial)
        try:
            yield appender
            appender._finish(path)
        finally:
            appender.close()
        stamp(partial)


def read_parts(
    path: str | os.PathLike, cure: str, *, columns: Sequence[str], n_rows: int = ROW_GROUP
) -> Iterator[pd.DataFrame]:
    """Read and verify columns of a table that `append_table` wrote, part by part.

    Parameters
    ----------
    path : path-like
        File to read.
    cure : str
        What to do about a file that is missing or damaged, for the error.
    columns : sequence of str
        Columns to read.
    n_rows : int
        Largest number of rows of a part.

    Yields
    ------
    pandas.DataFrame
        The next rows.

    Raises
    ------
    InputError
        As `read_table`.
    """
    with _open_verified(path, cure) as file:
        if missing := [name for name in columns if name not in file.schema_arrow.names]:
            raise InputError(f"{path}: no column {missing[0]!r}; {cure}")
        for batch in file.iter_batches(batch_size=n_rows, columns=list(columns)):
            yield batch.to_pandas()


def read_attributes(path: str | os.PathLike, cure: str) -> dict[str, Any]:
    """Return the attributes of a table that `append_table` wrote, and its number of rows.

    Parameters
    ----------
    path : path-like
        File to read.
    cure : str
        What to do about a file that is missing or damaged, for the error.

    Returns
    -------
    dict
        `TableAppender.attributes`, and `n_rows`.

    Raises
    ------
    InputError
        As `read_table`, or if the table has no attributes.
    """
    with _open_verified(path, cure) as file:
        own = (file.metadata.metadata or {}).get(ATTRIBUTES.encode())
        if own is None:
            raise InputError(f"{path}: it has no attributes, so it is another table; {cure}")
        return {**json.loads(own), "n_rows": file.metadata.num_rows}


@contextlib.contextmanager
def _open_verified(path: str | os.PathLike, cure: str) -> Iterator[pa.parquet.ParquetFile]:
    """Open a table after its checksum was compared."""
    check_file(path, cure)
    require(path, cure)
    try:
        file = pa.parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a whole Parquet file ({reason}); {cure}") from None
    with file:
        yield file
