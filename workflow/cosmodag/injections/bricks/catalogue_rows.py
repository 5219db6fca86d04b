"""Rows of a catalogue that cannot be used: not finite, or listed twice."""

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections


def finite_rows(
    path: str | os.PathLike,
    table: pd.DataFrame,
    columns: Sequence[str],
    rejections: Rejections | None,
) -> pd.DataFrame:
    """Return the rows whose values in some columns are finite, and reject the others.

    Parameters
    ----------
    path : path
        File of the table, for messages.
    table : pandas.DataFrame
        The rows.
    columns : sequence of str
        Columns that must be finite.
    rejections : Rejections or None
        Gets the other rows; with None there may be none.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If too many rows are rejected.
    """
    finite = np.isfinite(table[list(columns)].to_numpy(np.float64))
    reasons = {
        row: f"{columns[int(np.argmin(finite[row]))]} is not finite"
        for row in np.flatnonzero(~finite.all(axis=1)).tolist()
    }
    return _without(path, table, reasons, rejections)


def distinct_rows(
    path: str | os.PathLike,
    table: pd.DataFrame,
    columns: Sequence[str],
    rejections: Rejections | None,
) -> pd.DataFrame:
    """Return the first row of each position, and reject copies of it under another number.

    Parameters
    ----------
    path, table, rejections
        See `finite_rows`.
    columns : sequence of str
        Columns that are equal in copies.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If too many rows are rejected.
    """
    places = table.groupby(list(columns), sort=False).ngroup().to_numpy()
    first = pd.Series(np.arange(len(table))).groupby(places).transform("first").to_numpy()
    reasons = {
        row: f"{' and '.join(columns)} are those of row {first[row]}: listed twice"
        for row in np.flatnonzero(first != np.arange(len(table))).tolist()
    }
    return _without(path, table, reasons, rejections)


def refuse_repeated(path: str | os.PathLike, ids: pd.Series) -> None:
    """Refuse identifiers that occur more than once.

    Parameters
    ----------
    path : path
        File of the table, for messages.
    ids : pandas.Series
        Identifiers with the name of their column.

    Raises
    ------
    InputError
    """
    duplicates = ids[ids.duplicated()]
    if len(duplicates):
        raise InputError(
            f"{path}: {ids.name} {duplicates.iloc[0]} occurs in "
            f"{int((ids == duplicates.iloc[0]).sum())} rows ({len(duplicates)} duplicate rows in "
            f"all); {ids.name} must be unique"
        )


def _without(
    path: str | os.PathLike,
    table: pd.DataFrame,
    reasons: dict[int, str],
    rejections: Rejections | None,
) -> pd.DataFrame:
    """Return a table without the rows that there is a reason to reject."""
    if not reasons:
        return table
    rejections = Rejections("objects", 0) if rejections is None else rejections
    for row, reason in reasons.items():
        rejections.add(path, f"row {row}", reason)
    rejections.check(path, len(table), "remove these objects")
    return table.drop(index=table.index[list(reasons)]).reset_index(drop=True)
