"""Columns of ASDF files, such as the halo catalogues of CompaSO."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.delimited_text import Problems
from cosmodag.voids.catalogues.table_columns import (
    CURE,
    Column,
    Columns,
    Table,
    column_index,
    column_name,
    common_length,
    first_line,
    refuse_transposed,
    split_component,
)

BRANCH = "data"
"""Branch of the columns if none is given, as in CompaSO."""
MISSING = (
    "reading ASDF needs the Python package asdf (and abacusutils for the compression of CompaSO), "
    "which is not installed: install it with pip, or write the columns to HDF5, FITS or Parquet"
)


def read_asdf(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of an ASDF file: arrays of a branch of its tree.

    Compressed arrays are decompressed as a whole, so that memory grows with their size.

    Parameters
    ----------
    path, columns, table, chunk_rows, problems
        See `cosmodag.voids.catalogues.table_formats`.

    Yields
    ------
    list of numpy.ndarray, shape (rows,)
        One array per column.

    Raises
    ------
    InputError
        The package asdf is not installed, or the file is damaged or lacks a column or the branch.
    """
    try:
        import asdf
    except ImportError:
        raise InputError(f"{path}: {MISSING}") from None
    branch = BRANCH if table is None else str(table)
    try:
        with asdf.open(path, lazy_load=True) as file:
            tree = file.tree
            if not isinstance(tree.get(branch), Mapping):
                raise InputError(
                    f"{path}: it has no branch '{branch}' of columns; set table to one of "
                    f"{', '.join(map(str, tree))}"
                )
            sources = [_array(path, tree[branch], column) for column in columns]
            for start in range(0, common_length(path, columns, sources), chunk_rows):
                yield [source[start : start + chunk_rows] for source in sources]
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        cure = CURE
        if "ompress" in str(error):
            cure = "install abacusutils, which brings the compression of CompaSO"
        raise InputError(f"{path}: cannot be read as ASDF ({first_line(error)}); {cure}") from None


def _array(path: Path, branch: Mapping, column: Column) -> np.ndarray:
    """Return the array of a column, or of a component of a column of vectors."""
    name, component = split_component(column)
    values = np.asarray(branch[column_name(path, name, list(branch))])
    refuse_transposed(path, column, values.shape)
    if component is None:
        return values
    return values[:, column_index(path, component, values.shape[1] if values.ndim == 2 else 0)]
