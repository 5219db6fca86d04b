"""Parquet tables of the workflow, with a record and a checksum in their metadata."""

import contextlib
import os
from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from cosmodag.checksums import lines, make_record, require, stamp, verify
from cosmodag.files import whole_file
from cosmodag.input_files import read_parquet

KEY = b"cosmodag"
"""Key of the metadata that contains record and checksum."""


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
