"""Points at which a model of completeness is evaluated, and the table of its values."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.json_files import write_json

CURE = "give a table with a row per point and a column per feature, as FITS, CSV or Parquet"


def table_of_points(points: Any) -> pd.DataFrame:
    """Return points that were given as JSON.

    Parameters
    ----------
    points : mapping from str to float, or a list of such
        Features by name.

    Returns
    -------
    pandas.DataFrame
        A row per point.

    Raises
    ------
    InputError
        If a point is no mapping, has another value than a finite number, or differs from the
        others in its features.

    Examples
    --------
    >>> table_of_points({"r": 22.5}).to_dict("records")
    [{'r': 22.5}]
    """
    rows = points if isinstance(points, list) else [points]
    for row in rows:
        if not isinstance(row, dict) or not row or row.keys() != rows[0].keys():
            raise InputError(
                f'--at: {row!r} is no point with the features of the others; give {{"r": 22.5}}'
            )
        for name, value in row.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"--at: {name} is {value!r}; give a number")
            if not np.isfinite(value):
                raise InputError(f"--at: {name} is {value}; give a finite number")
    if not rows:
        raise InputError('--at: no point; give one such as {"r": 22.5}')
    return pd.DataFrame(rows)


def write_points(
    path: str | os.PathLike, table: pd.DataFrame, *, inputs: Sequence[str | os.PathLike]
) -> None:
    """Write a table of points with their completeness as CSV.

    Parameters
    ----------
    path : path
        File to write. Beside it a file of the same name, ``.json``, records what it was made from.
    table : pandas.DataFrame
        The points, with the columns completeness and outside.
    inputs : sequence of path
        Model and table of points.
    """
    with whole_file(path) as partial:
        table.to_csv(partial, index=False)
    record = {"experiment": "injections", "n": len(table)}
    write_json(Path(path).with_suffix(".json"), record, inputs=inputs, files=[path])
