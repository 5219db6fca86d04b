"""Catalogues of survey bricks: sources measured by Tractor, and injected galaxies.

Column names are in lower case here, whatever their case in a file. Positions `bx`, `by` count
pixels from 0 (bx along a row of the image, by along a column); fluxes are in nanomaggies. Vector
columns with a value per band, as of DR3 and earlier, are read as a column per band.
"""

import os
from collections.abc import Container, Mapping, Sequence

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.imaging.fits_files import column_values, in_nanomaggies, open_fits
from cosmodag.injections.bricks.catalogue_rows import (
    distinct_rows,
    finite_rows,
    refuse_repeated,
)
from cosmodag.rejections import Rejections
from cosmodag.schema_errors import nearest

TRACTOR_COLUMNS = ("objid", "type", "brick_primary", "bx", "by", "ra", "dec")
TRACTOR_BAND_COLUMNS = ("flux", "flux_ivar", "mw_transmission", "nobs", "allmask", "psfsize")
SHAPE_COLUMNS = ("shape_r", "shape_e1", "shape_e2", "shapeexp_r", "shapedev_r")
"""Half-light radii in arcsec and ellipticities. Releases before DR9 have a radius per profile."""
VECTOR_BANDS = ("u", "g", "r", "i", "z", "Y")
"""Bands of the vector columns of DR3 and earlier releases, such as decam_flux."""
VECTOR_NAMES = {"psfdepth": "depth"}
"""Quantities that these releases name otherwise."""
SIMCAT_COLUMNS = ("id", "ra", "dec", "x", "y")

UNITS = {"bx": "pix", "by": "pix", "x": "pix", "y": "pix", "ra": "deg", "dec": "deg"}
UNITS_BY_PREFIX = {
    "flux_ivar_": "nanomaggy**-2",
    "flux_": "nanomaggy",
    "psfsize_": "arcsec",
    "shape": "arcsec",
}


def tractor_columns(bands: Sequence[str] = ("g", "r", "z")) -> list[str]:
    """Return the columns of a Tractor catalogue that the experiment requires.

    Parameters
    ----------
    bands : sequence of str
        Photometric bands.

    Returns
    -------
    list of str
    """
    per_band = [f"{name}_{band}" for name in TRACTOR_BAND_COLUMNS for band in bands]
    return [*TRACTOR_COLUMNS, *per_band]


def read_tractor(
    path: str | os.PathLike,
    columns: Sequence[str] | None = None,
    *,
    first_pixel: int = 0,
    rejections: Rejections | None = None,
) -> pd.DataFrame:
    """Read a Tractor catalogue.

    Parameters
    ----------
    path : path
        FITS table in HDU 1, with column names in either case.
    columns : sequence of str, optional
        Required columns in lower case; `tractor_columns` by default. The columns of
        `SHAPE_COLUMNS` that the table has are read as well.
    first_pixel : {0, 1}
        Index of the first pixel in `bx` and `by`, which is subtracted.
    rejections : Rejections, optional
        Gets the objects that are left out, since a number, a position or `brick_primary` is not
        finite, or an object is listed twice; by default none may be.

    Returns
    -------
    pandas.DataFrame
        One row per object: `objid` int64, `type` str in upper case, `brick_primary` bool and
        others.

    Raises
    ------
    InputError
        If the file is missing, truncated or empty, lacks a column or has text in it, has fluxes in
        other units or too many numbers or positions that are not finite, or repeats an `objid`.
    """
    required = tractor_columns() if columns is None else list(columns)
    table = _read_table(path, required, optional=SHAPE_COLUMNS)
    if not len(table):
        raise InputError(f"{path}: the catalogue has no object; leave its brick out of the list")
    numbers = ("objid", "bx", "by", "ra", "dec", "brick_primary")
    finite = [column for column in numbers if column in required]
    table = finite_rows(path, table, finite, rejections)
    if "objid" in required:
        table["objid"] = table["objid"].astype(np.int64)
        refuse_repeated(path, table["objid"])
    if {"bx", "by"} <= set(required):
        table = distinct_rows(path, table, ["bx", "by"], rejections)
    if "brick_primary" in required:
        table["brick_primary"] = table["brick_primary"].astype(bool)
    if "type" in required:
        table["type"] = table["type"].str.upper()
    for column in ("bx", "by"):
        if column in required:
            table[column] = table[column].astype(np.float64) - first_pixel
    return table


def write_tractor(path: str | os.PathLike, catalogue: pd.DataFrame) -> None:
    """Write a Tractor catalogue with the units of its columns.

    Parameters
    ----------
    path : path
        FITS file to write.
    catalogue : pandas.DataFrame
        Columns as of `read_tractor`.
    """
    _write_table(path, catalogue)


def read_simcat(
    path: str | os.PathLike,
    *,
    bands: Sequence[str] = ("g", "r", "z"),
    rejections: Rejections | None = None,
) -> pd.DataFrame:
    """Read the catalogue of the galaxies that were injected into a brick.

    Parameters
    ----------
    path : path
        FITS table in HDU 1, with column names in either case.
    bands : sequence of str
        Photometric bands.
    rejections : Rejections, optional
        As of `read_tractor`.

    Returns
    -------
    pandas.DataFrame
        Columns id (int64), ra, dec (degrees), x, y (pixels) and {band}flux (nanomaggies, attenuated
        by mw_transmission_{band} if the file has this column). The columns n, rhalf (arcsec), e1
        and e2 are read if present. The catalogue may be empty, since a run may inject no galaxy.

    Raises
    ------
    InputError
        As `read_tractor`.
    """
    optional = [f"mw_transmission_{band}" for band in bands] + ["n", "rhalf", "e1", "e2"]
    required = [*SIMCAT_COLUMNS, *(f"{band}flux" for band in bands)]
    table = _read_table(path, required, optional=optional)
    table = finite_rows(path, table, ["id", "x", "y", "ra", "dec"], rejections)
    table["id"] = table["id"].astype(np.int64)
    refuse_repeated(path, table["id"])
    return distinct_rows(path, table, ["x", "y"], rejections)


def write_simcat(path: str | os.PathLike, catalogue: pd.DataFrame) -> None:
    """Write the catalogue of the galaxies that were injected into a brick.

    Parameters
    ----------
    path : path
        FITS file to write.
    catalogue : pandas.DataFrame
        Columns as of `read_simcat`.
    """
    _write_table(path, catalogue)


def _read_table(
    path: str | os.PathLike, required: Sequence[str], optional: Sequence[str]
) -> pd.DataFrame:
    """Read columns of a FITS table under names in lower case."""
    cure = "fetch it or leave its brick out of the list"
    with open_fits(path, what="table", cure=cure) as file:
        columns = {column.name.lower(): column for column in file[1].columns}
        sources = {name: _source_column(name, columns) for name in required}
        if missing := [name for name, (source, _) in sources.items() if source not in columns]:
            raise InputError(
                f"{path}: no column {missing[0]!r}{nearest(missing[0], columns)}; give a catalogue "
                "of Tractor"
            )
        sources |= {name: (name, None) for name in optional if name in columns}
        units = {name: columns[source].unit or "" for name, (source, _) in sources.items()}
        _check_units(path, {name: units[name] for name in required})
        table = {}
        for name, (source, place) in sources.items():
            values = column_values(file[1], columns[source].name)
            table[name] = values if place is None or values.ndim != 2 else values[:, place]
    for name, values in table.items():
        if values.ndim != 1 or (name != "type" and values.dtype.kind not in "fiub"):
            content = f"{values.shape[1:]} values per row" if values.ndim > 1 else "text"
            raise InputError(f"{path}: column {name} has {content}, not one number; {cure}")
    return pd.DataFrame(table)


def _source_column(name: str, columns: Container[str]) -> tuple[str, int | None]:
    """Return the column that a name is read from, and the place of its band in a vector column."""
    quantity, _, band = name.rpartition("_")
    vector = f"decam_{VECTOR_NAMES.get(quantity, quantity)}"
    if name in columns or vector not in columns or band not in VECTOR_BANDS:
        return name, None
    return vector, VECTOR_BANDS.index(band)


def _check_units(path: str | os.PathLike, units: Mapping[str, str]) -> None:
    """Refuse fluxes in other units than nanomaggies."""
    for name, unit in units.items():
        flux = name.startswith("flux_") or name.endswith("flux")
        if flux and not in_nanomaggies(unit):
            raise InputError(
                f"{path}: column {name} is in {unit!r}; convert it to nanomaggies (mag = 22.5 - "
                "2.5 log10 flux)"
            )


def _write_table(path: str | os.PathLike, table: pd.DataFrame) -> None:
    """Write a FITS table with units."""
    hdu = fits.table_to_hdu(Table({name: _column(table[name]) for name in table}))
    for name in table:
        units = (unit for prefix, unit in UNITS_BY_PREFIX.items() if name.startswith(prefix))
        unit = UNITS.get(name) or next(units, "nanomaggy" if name.endswith("flux") else None)
        if unit is not None:
            hdu.columns[name].unit = unit
    with whole_file(path) as partial:
        hdu.writeto(partial, overwrite=True)


def _column(values: pd.Series) -> np.ndarray:
    """Return a column in a type that FITS can store."""
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.to_numpy()
    return values.astype(str).to_numpy(dtype=str)
