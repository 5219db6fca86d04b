"""Labels of the examples of a dataset, from a column of its index or from a table."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.imaging.object_tables import as_names, column_of, read_object_table
from cosmodag.settings import unknown

CURE = "change label_table"
MAX_LABELS = 20
"""Largest number of different labels."""


@dataclass(frozen=True)
class LabelColumn:
    """Where labels come from.

    Attributes
    ----------
    column : str
        Column of the index, or of the table.
    table : mapping, optional
        `path` of a CSV, FITS or Parquet file, and `key`, its column with the names of objects
        (`group` in the index) or of examples (`id`). Objects that are missing from the table have
        no label.
    edges : sequence of float, optional
        Edges, ascending, that bin a numeric column into labels. A value on an edge has the label
        above.
    """

    column: str
    table: Mapping[str, str] | None = None
    edges: Sequence[float] | None = None


def read_labels(index: Mapping[str, pd.DataFrame], source: LabelColumn) -> dict[str, np.ndarray]:
    """Read the label of each example of each split.

    Parameters
    ----------
    index : mapping from str to pandas.DataFrame
        Index of each split.
    source : LabelColumn

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,), object
        Labels of each split as text, None for examples without a label.

    Raises
    ------
    InputError
        If the column is missing, the table has none of the objects, or the column has too many
        different values.
    """
    column, table = source.column, source.table
    if table is None:
        origin = "the index"
        values = {split: _column(rows, column) for split, rows in index.items()}
    else:
        origin = table["path"]
        by_name = _read_table(column, **table)
        values = {split: _matched(rows, by_name) for split, rows in index.items()}
        if not any(split_values.notna().any() for split_values in values.values()):
            example = next(rows["group"].iloc[0] for rows in index.values() if len(rows))
            raise InputError(
                f"{origin}: its column {table['key']} has none of the objects, such as {example}; "
                "change label_table"
            )
    labels = {
        split: _as_text(split_values, source.edges, origin)
        for split, split_values in values.items()
    }
    distinct = {label for rows in labels.values() for label in rows if label is not None}
    if len(distinct) > MAX_LABELS:
        raise InputError(
            f"labels: column {column} of {origin} has {len(distinct)} different values, more than "
            f"{MAX_LABELS}; bin it with label_edges, or choose another column"
        )
    return labels


def label_counts(column: str, labels: Mapping[str, np.ndarray]) -> dict:
    """Count the examples of each label in the training and the test split.

    Parameters
    ----------
    column : str
        Name of the column of labels.
    labels : mapping from str to numpy.ndarray
        Labels of each split.

    Returns
    -------
    dict
        `column`, and for "train" and "test" a dict from label to number of examples.
    """
    counts = {
        split: {str(name): int(count) for name, count in pd.Series(rows).value_counts().items()}
        for split, rows in labels.items()
        if split != "valid"
    }
    return {"column": column, **counts}


def _column(table: pd.DataFrame, column: str) -> pd.Series:
    """Return a column, or raise an error that names the nearest one."""
    if column not in table:
        raise unknown("labels: column", column, table.columns)
    return table[column]


def _read_table(column: str, path: str, key: str) -> pd.Series:
    """Return the values of a column of a table by name."""
    table = read_object_table(path, CURE)
    names = as_names(column_of(table, key, path, "label_table.key"))
    values = column_of(table, column, path, "labels")[names != ""]
    names = names[names != ""]
    if names.duplicated().any():
        duplicate = names[names.duplicated()].iloc[0]
        raise InputError(f"{path}: its column {key} has {duplicate!r} twice; remove one row")
    return pd.Series(values.to_numpy(), index=names)


def _matched(index: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Return the value of each example, by the name of its object or else by its own."""
    by_object, by_example = (index[name].astype(str).map(values) for name in ("group", "id"))
    return by_object.where(by_object.notna(), by_example)


def _as_text(values: pd.Series, edges: Sequence[float] | None, origin: str) -> np.ndarray:
    """Return values as text, None where they are missing."""
    valid = values.notna().to_numpy()
    labels = np.full(len(values), None, object)
    if edges is None:
        present = values[valid]
        integral = pd.api.types.is_numeric_dtype(present) and (present == np.floor(present)).all()
        labels[valid] = [str(int(value)) if integral else str(value) for value in present]
        return labels
    if not pd.api.types.is_numeric_dtype(values):
        raise InputError(f"labels: {values.name} of {origin} is not numeric; remove label_edges")
    if not len(edges) or list(edges) != sorted(set(edges)):
        raise InputError(f"label_edges {list(edges)}: give one or more values in ascending order")
    names = [f"below {edges[0]:g}", *(f"{edge:g} and above" for edge in edges)]
    if len(edges) > 1:
        names[1:-1] = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
    labels[valid] = np.array(names, object)[np.digitize(values[valid].astype(float), edges)]
    return labels
