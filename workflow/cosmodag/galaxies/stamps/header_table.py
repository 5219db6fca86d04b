"""Table of the headers of accepted files, so that later jobs need not read all of them."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cosmodag.galaxies.stamps.stamp_headers import StampHeader
from cosmodag.tables import read_table, write_table

COLUMNS = ("path", "n_stamps", "shape", "pixel", "ra", "dec", "columns")
CURE = "filter the folder again"


def write_header_table(path: str | os.PathLike, headers: Mapping[str, StampHeader]) -> None:
    """Write the headers of files.

    Parameters
    ----------
    path : path-like
        Parquet file to write: number and shape of the stamps of each file, pixel scale, positions
        and names of columns.
    headers : mapping from str to StampHeader
        Headers by path.
    """
    rows = list(headers.values())
    placed = [np.empty((0, 2)) if row.positions is None else row.positions for row in rows]
    table = pd.DataFrame(
        {
            "path": list(headers),
            "n_stamps": [row.n_stamps for row in rows],
            "shape": [list(row.shape) for row in rows],
            "pixel": np.array([row.pixel or np.nan for row in rows], float),
            "ra": [position[:, 0] for position in placed],
            "dec": [position[:, 1] for position in placed],
            "columns": [list(row.columns) for row in rows],
        }
    )
    write_table(path, table)


def read_header_table(path: str | os.PathLike) -> dict[str, StampHeader]:
    """Read the headers of files.

    Parameters
    ----------
    path : path-like
        File of `write_header_table`.

    Returns
    -------
    dict from str to StampHeader
        Headers by path, without the planes and the names of bands.

    Raises
    ------
    InputError
        If the file is missing, damaged or altered.
    """
    table = read_table(path, CURE, columns=COLUMNS)
    return {
        row.path: StampHeader(
            int(row.n_stamps),
            tuple(map(int, row.shape)),
            positions=np.column_stack([row.ra, row.dec]) if len(row.ra) else None,
            pixel=float(row.pixel) if np.isfinite(row.pixel) else None,
            columns=tuple(row.columns),
            order=None,
        )
        for row in table.itertuples()
    }
