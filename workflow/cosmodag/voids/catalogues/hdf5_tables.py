"""Columns of HDF5 files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_dataset, find_object, numbers_of, open_hdf5
from cosmodag.voids.catalogues.delimited_text import Problems
from cosmodag.voids.catalogues.table_columns import (
    CURE,
    Column,
    Columns,
    Table,
    column_index,
    column_name,
    common_length,
    missing_error,
    refuse_transposed,
    split_component,
)

if TYPE_CHECKING:
    import h5py


def read_hdf5(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of an HDF5 file: datasets of a group, or columns of one dataset.

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
        The file is damaged or lacks a column or the table, or columns differ in length.
    """
    with open_hdf5(path, cure=CURE) as file:
        root = file
        if table is not None:
            root = find_object(file, str(table), cure=CURE)
            if root is None:
                raise missing_error(path, "table", table, _hdf5_names(file))
        sources = [_hdf5_source(path, root, column) for column in columns]
        n_rows = common_length(path, columns, [dataset for dataset, _ in sources])
        for start in range(0, n_rows, chunk_rows):
            rows = slice(start, start + chunk_rows)
            yield [_hdf5_values(dataset, rows, part) for dataset, part in sources]


def _hdf5_source(
    path: Path, root: "h5py.Group | h5py.Dataset", column: Column
) -> tuple["h5py.Dataset", Column | None]:
    """Return the dataset of a column, and its field or component in the dataset."""
    import h5py

    if isinstance(root, h5py.Dataset):
        find_dataset(root.file, root.name, cure=CURE)  # refuses values that do not exist
        _check_rows(path, column, root.shape)
        if root.dtype.names:
            return root, column_name(path, column, list(root.dtype.names))
        width = root.shape[1] if root.ndim == 2 else 1
        return _column_of(path, column, root), column_index(path, column, width)
    name, component = split_component(column)
    if isinstance(name, int):
        raise InputError(
            f"{path}: column {name} is an index: set 'table' to a two-dimensional dataset"
        )
    dataset = find_dataset(root, name, cure=CURE)
    if dataset is None:
        raise missing_error(path, "column", name, _hdf5_names(root))
    if component is not None:
        width = dataset.shape[1] if dataset.ndim == 2 else 1
        component = column_index(path, component, width)
    return _column_of(path, column, dataset), component


def _column_of(path: Path, column: Column, dataset: "h5py.Dataset") -> "h5py.Dataset":
    """Return a dataset if it has rows of numbers."""
    numbers_of(dataset, cure=f"choose another column than '{column}'", logical=True)
    _check_rows(path, column, dataset.shape)
    return dataset


def _check_rows(path: Path, column: Column, shape: tuple[int, ...]) -> None:
    """Refuse a dataset without rows, or with a row per coordinate."""
    if not 1 <= len(shape) <= 2:
        raise InputError(
            f"{path}: column '{column}' has {len(shape)} axes; give one row per galaxy"
        )
    refuse_transposed(path, column, shape)


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
