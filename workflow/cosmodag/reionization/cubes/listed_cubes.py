"""Cubes with any names and of any simulation, listed in a table.

Each row is a coeval box. Columns of fields contain files: ``brightness_temperature``, and where
there are any ``density``, ``neutral_fraction`` or ``ionized_fraction``, as paths below the folder;
an array in an HDF5 file follows a colon, as in ``run1.h5:grids/dT``. ``redshift`` is needed;
``realization``, ``escape_fraction`` and ``distorted_axis`` (of redshift-space distortions) are
optional. All other columns are parameters: each of their values is a universe of its own.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.imaging.object_tables import read_object_table
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.cube_selection import (
    REDSHIFT_TOLERANCE,
    CubesByUniverse,
    scanned_parameters,
    universe_of,
)
from cosmodag.schema_errors import nearest

FIELDS = {
    "brightness_temperature": "brightness_temperature",
    "density": "density",
    "neutral_fraction": "neutral_fraction",
    "ionized_fraction": "neutral_fraction",
}
"""Field by the name of a column of files."""
NUMBERS: dict[str, tuple[str, Callable[[pd.Series], pd.Series]]] = {
    "redshift": ("a redshift", lambda values: (values >= 0) & (values < 1000)),
    "realization": ("a whole number", lambda values: values % 1 == 0),
    "escape_fraction": ("above 0 and at most 1", lambda values: (values > 0) & (values <= 1)),
    "distorted_axis": ("0, 1 or 2", lambda values: values.isin((0, 1, 2))),
}
"""What other columns that are known contain, in words and as a check."""
CURE = "give a table of cubes, see docs/your-data/cubes.md"
_DATASET = re.compile(r"(?P<file>.+\.(?:h5|hdf5)):(?P<dataset>.+)")


def listed_cubes(
    folder: str | os.PathLike,
    table: str | os.PathLike,
    redshift: float,
    cells: int,
    box_size: float,
    escape_fraction: float | None,
) -> CubesByUniverse:
    """Return the cubes of one redshift in a table by universe and escape fraction, then by field.

    Parameters
    ----------
    folder : path
        Folder of the cubes.
    table : path
        CSV, FITS or Parquet.
    redshift, cells, box_size, escape_fraction
        See `cosmodag.reionization.cubes.cube_folder.read_folder`.

    Returns
    -------
    dict
        As `select_cubes` returns it.

    Raises
    ------
    InputError
        If a column is missing, a value is no number, there is no cube of the redshift, or two rows
        are the same universe.
    """
    rows = _read_rows(table)
    _check_values(rows, table)
    if escape_fraction is None and "escape_fraction" not in rows:
        raise InputError(
            f"{table}: has no column escape_fraction: add it, or set the key escape_fraction"
        )
    groups: CubesByUniverse = {}
    row_numbers: dict[tuple, int] = {}
    described = [
        _describe(Path(folder), row, cells, box_size, escape_fraction)
        for row in rows.to_dict("records")
    ]
    scanned = scanned_parameters(row["brightness_temperature"] for row in described)
    for number, cubes in enumerate(described, 1):
        cube = cubes["brightness_temperature"]
        if abs(cube.redshift - redshift) >= REDSHIFT_TOLERANCE:
            continue
        key = universe_of(cube, dict(cube.parameters), scanned), float(cube.escape_fraction or 0)
        if key in groups:
            raise InputError(
                f"{table}: rows {row_numbers[key]} and {number}: both are {key[0]} with escape "
                f"fraction {key[1]:g} at redshift {redshift:g}: state different realizations or "
                "parameters, or remove one"
            )
        groups[key], row_numbers[key] = cubes, number
    if not groups:
        known = ", ".join(f"{z:g}" for z in np.unique(rows["redshift"]))
        raise InputError(
            f"{table}: no cube of redshift {redshift:g}; there are {known or 'none of any'}: "
            "change the key redshifts"
        )
    return groups


def _read_rows(table: str | os.PathLike) -> pd.DataFrame:
    """Return the rows of a table, without spaces around names and the numbers of rows of pandas."""
    rows = read_object_table(table, CURE)
    rows.columns = [str(name).strip() for name in rows]
    rows = rows.drop(columns=[name for name in rows if name.startswith("Unnamed:")])
    for name in rows:
        if pd.api.types.is_string_dtype(rows[name]):
            rows[name] = rows[name].str.strip()
    for name in ("brightness_temperature", "redshift"):
        if name not in rows:
            raise InputError(
                f"{table}: has no column {name}, only {', '.join(map(repr, rows))}: add it, in a "
                "table with commas between its columns"
            )
    if {"neutral_fraction", "ionized_fraction"} <= set(rows):
        raise InputError(
            f"{table}: has both neutral_fraction and ionized_fraction: remove one of the columns"
        )
    return rows


def _check_values(rows: pd.DataFrame, table: str | os.PathLike) -> None:
    """Raise an error for files that are no text or named twice, and for values out of range."""
    for name, values in rows.items():
        what, is_valid = NUMBERS.get(str(name), ("a number", pd.Series.notna))
        if name in FIELDS:
            what, bad = "a file", ~values.map(lambda value: isinstance(value, str))
        else:
            bad = ~is_valid(pd.to_numeric(values, errors="coerce"))
        if name not in (*FIELDS, *NUMBERS) and bad.all() and pd.api.types.is_string_dtype(values):
            raise InputError(
                f"{table}: column {name} has text, so that it is no parameter"
                f"{nearest(str(name), FIELDS)}"
            )
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise InputError(
                f"{table}: row {row + 1}: {name} is {values.iloc[row]}, not {what}: correct it, "
                "or remove the row or the column"
            )
    files = rows["brightness_temperature"]
    if files.duplicated().any():
        row = int(np.flatnonzero(files.duplicated())[0])
        first = int(np.flatnonzero(files == files.iloc[row])[0])
        raise InputError(
            f"{table}: rows {first + 1} and {row + 1}: both name {files.iloc[row]}: give each box "
            "a file of its own"
        )


def _describe(
    folder: Path, row: dict, cells: int, box_size: float, escape_fraction: float | None
) -> dict[str, CubeDescription]:
    """Return the cubes of a row by field."""
    cubes = {}
    parameters = {name: value for name, value in row.items() if name not in (*FIELDS, *NUMBERS)}
    axis = row.get("distorted_axis")
    for column, field in FIELDS.items():
        if not isinstance(row.get(column), str):
            continue
        found = _DATASET.fullmatch(row[column])
        cubes[field] = CubeDescription(
            path=folder / (found["file"] if found else row[column]),
            field=field,
            redshift=float(row["redshift"]),
            cells=cells,
            box_size=float(box_size),
            neutral_fraction=None,
            escape_fraction=row.get("escape_fraction", escape_fraction),
            realization=int(row.get("realization", 0)),
            line_of_sight=None if axis is None else int(axis),
            dataset=found["dataset"] if found else None,
            parameters=tuple(sorted((name, float(value)) for name, value in parameters.items())),
            column=column,
        )
    return cubes
