"""What people call the examples of a dataset: a column of its index, or of a table beside it."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.settings import unknown

MOST = 20
"""Different values of a column from which on they are no labels."""


def read_labels(
    index: Mapping[str, pd.DataFrame],
    column: str,
    *,
    table: Mapping[str, str] | None = None,
    edges: Sequence[float] | None = None,
) -> dict[str, np.ndarray]:
    """Read the label of each example of each split.

    Parameters
    ----------
    index : mapping from split to pandas.DataFrame
    column : str
        Column of the index, or of the table.
    table : mapping, optional
        `path` of a CSV file, and `key`, its column of names: those of objects (`group` in the
        index) or of examples (`id`). Objects that it lacks have no label.
    edges : sequence of float, optional
        Values at which a column of numbers is cut into labels; each belongs to the label above.

    Returns
    -------
    dict from split to numpy.ndarray, shape (N,), object
        Text, None where there is no label.

    Raises
    ------
    InputError
        If the column is missing, the table names none of the examples, or values are too many to be
        labels.
    """
    if table is None:
        where, told = "the index", {split: _column(each, column) for split, each in index.items()}
    else:
        where = table["path"]
        values = _read_table(column, **table)
        told = {split: _found(each, values) for split, each in index.items()}
        if not any(each.notna().any() for each in told.values()):
            first = next(each["group"].iloc[0] for each in index.values() if len(each))
            raise InputError(
                f"{where}: its column {table['key']} names none of the objects, such as {first}; "
                "change label_table"
            )
    labels = {split: _named(each, edges, where) for split, each in told.items()}
    found = {label for each in labels.values() for label in each if label is not None}
    if len(found) > MOST:
        raise InputError(
            f"labels: column {column} of {where} holds {len(found)} different values, more than "
            f"{MOST}; cut it with label_edges, or choose another"
        )
    return labels


def _column(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        raise unknown("labels: column", column, table.columns)
    return table[column]


def _read_table(column: str, path: str, key: str) -> pd.Series:
    """The labels of a table by name."""
    try:
        table = pd.read_csv(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); change label_table") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no table in CSV ({error}); change label_table") from None
    try:
        names, values = _column(table, key).astype(str), _column(table, column)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if names.duplicated().any():
        raise InputError(
            f"{path}: its column {key} holds {names[names.duplicated()].iloc[0]!r} twice; keep one"
        )
    return pd.Series(values.to_numpy(), index=names)


def _found(index: pd.DataFrame, values: pd.Series) -> pd.Series:
    by_object, by_name = (index[name].astype(str).map(values) for name in ("group", "id"))
    return by_object.where(by_object.notna(), by_name)


def _named(values: pd.Series, edges: Sequence[float] | None, where: str) -> np.ndarray:
    """Values as text, None where there are none."""
    known = values.notna().to_numpy()
    found = np.full(len(values), None, object)
    if edges is None:
        kept = values[known]
        whole = pd.api.types.is_numeric_dtype(kept) and (kept == np.floor(kept)).all()
        found[known] = [str(int(each)) if whole else str(each) for each in kept]
        return found
    if not pd.api.types.is_numeric_dtype(values):
        raise InputError(f"labels: {values.name} of {where} holds no numbers that edges could cut")
    if not len(edges) or list(edges) != sorted(set(edges)):
        raise InputError(f"label_edges {list(edges)}: give one or more numbers, ascending")
    names = [f"below {edges[0]:g}", *(f"{edge:g} and above" for edge in edges)]
    if len(edges) > 1:
        names[1:-1] = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
    found[known] = np.array(names, object)[np.digitize(values[known].astype(float), edges)]
    return found
