"""Catalogues of survey bricks: what Tractor measured in the images, and what was injected.

Columns are named in lower case here, whatever their case in a file. Positions `bx`, `by` count
pixels from 0 (bx along a row of the image, by along a column); fluxes are in nanomaggies.
"""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.imaging.fits_files import in_nanomaggies, open_fits

TRACTOR_COLUMNS = ("objid", "type", "brick_primary", "bx", "by", "ra", "dec")
TRACTOR_BAND_COLUMNS = ("flux", "flux_ivar", "mw_transmission", "nobs", "allmask", "psfsize")
SHAPES = ("shape_r", "shape_e1", "shape_e2", "shapeexp_r", "shapedev_r")
"""Half-light radius in arcsec and ellipticities: since DR9 one each, before one a profile."""
SIMCAT_COLUMNS = ("id", "ra", "dec", "x", "y")

UNITS = {"bx": "pix", "by": "pix", "x": "pix", "y": "pix", "ra": "deg", "dec": "deg"}
UNITS_BY_BEGINNING = {
    "flux_ivar_": "nanomaggy**-2",
    "flux_": "nanomaggy",
    "psfsize_": "arcsec",
    "shape": "arcsec",
}


def tractor_columns(bands: Sequence[str] = ("g", "r", "z")) -> list[str]:
    """Return the columns of a Tractor catalogue that an experiment in these bands needs."""
    per_band = [f"{name}_{band}" for name in TRACTOR_BAND_COLUMNS for band in bands]
    return [*TRACTOR_COLUMNS, *per_band]


def read_tractor(
    path: str | os.PathLike, columns: Sequence[str] | None = None, *, first_pixel: int = 0
) -> pd.DataFrame:
    """Read a Tractor catalogue.

    Parameters
    ----------
    path
        FITS table in HDU 1, columns in either case.
    columns
        The columns needed, in lower case; by default those of `tractor_columns`. Those of `SHAPES`
        that the table has are read too.
    first_pixel : {0, 1}
        Number of the first pixel in `bx` and `by`, which is taken off.

    Returns
    -------
    pandas.DataFrame
        One row an object: `objid` int64, `type` text, `brick_primary` bool.

    Raises
    ------
    InputError
        If the file is missing, truncated or empty, lacks a column, gives fluxes in other units,
        positions that are no numbers, or an `objid` twice.
    """
    wanted = tractor_columns() if columns is None else list(columns)
    frame = _read_table(path, wanted, optional=SHAPES)
    if not len(frame):
        raise InputError(f"{path}: a brick with no object; leave the brick out of the list")
    if "objid" in wanted:
        frame["objid"] = frame["objid"].astype(np.int64)
        _refuse_twice(path, frame["objid"])
    if "brick_primary" in wanted:
        frame["brick_primary"] = frame["brick_primary"].astype(bool)
    _check_positions(path, frame, [c for c in ("bx", "by", "ra", "dec") if c in wanted])
    for column in ("bx", "by"):
        if column in wanted:
            frame[column] = frame[column].astype(np.float64) - first_pixel
    return frame


def write_tractor(path: str | os.PathLike, frame: pd.DataFrame) -> None:
    """Write a Tractor catalogue with the units of its columns."""
    _write_table(path, frame)


def read_simcat(path: str | os.PathLike, *, bands: Sequence[str] = ("g", "r", "z")) -> pd.DataFrame:
    """Read the catalogue of what was injected into a brick.

    Returns
    -------
    pandas.DataFrame
        Columns id (int64), ra, dec (degrees), x, y (pixels from 0), {band}flux (nanomaggies,
        before extinction where the file says so by mw_transmission_{band}), n, rhalf (arcsec), e1,
        e2, as far as the file has them beyond the first seven. An empty catalogue is allowed: a run
        may have injected nothing.

    Raises
    ------
    InputError
        As `read_tractor`.
    """
    optional = [f"mw_transmission_{band}" for band in bands] + ["n", "rhalf", "e1", "e2"]
    wanted = [*SIMCAT_COLUMNS, *(f"{band}flux" for band in bands)]
    frame = _read_table(path, wanted, optional=optional)
    frame["id"] = frame["id"].astype(np.int64)
    _refuse_twice(path, frame["id"])
    _check_positions(path, frame, ["x", "y", "ra", "dec"])
    return frame


def write_simcat(path: str | os.PathLike, frame: pd.DataFrame) -> None:
    """Write the catalogue of what was injected into a brick."""
    _write_table(path, frame)


def _read_table(
    path: str | os.PathLike, wanted: Sequence[str], optional: Sequence[str]
) -> pd.DataFrame:
    cure = "fetch it or leave its brick out of the list"
    with open_fits(path, what="table", cure=cure) as file:
        found = {column.name.lower(): column for column in file[1].columns}
        if missing := [name for name in wanted if name not in found]:
            raise InputError(f"{path}: no column {missing[0]!r}; columns found: {', '.join(found)}")
        _check_units(path, {name: found[name].unit or "" for name in wanted})
        names = [*wanted, *(name for name in optional if name in found)]
        data = file[1].data
        return pd.DataFrame({name: _native(data[found[name].name]) for name in names})


def _native(values: np.ndarray) -> np.ndarray:
    """Values in the machine's byte order; text without padding."""
    values = np.asarray(values)
    if values.dtype.kind in "SU":
        return np.char.strip(values.astype(str)).astype(object)
    return values.astype(values.dtype.newbyteorder("="))


def _check_units(path: str | os.PathLike, units: Mapping[str, str]) -> None:
    for name, unit in units.items():
        flux = name.startswith("flux_") or name.endswith("flux")
        if flux and not in_nanomaggies(unit):
            raise InputError(
                f"{path}: column {name} is in {unit!r}; convert it to nanomaggies (mag = 22.5 - "
                "2.5 log10 flux)"
            )


def _refuse_twice(path: str | os.PathLike, ids: pd.Series) -> None:
    twice = ids[ids.duplicated()]
    if len(twice):
        raise InputError(
            f"{path}: {ids.name} {twice.iloc[0]} stands in {int((ids == twice.iloc[0]).sum())} "
            f"rows ({len(twice)} rows too many); each object needs a number of its own"
        )


def _check_positions(path: str | os.PathLike, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        bad = ~np.isfinite(frame[column].to_numpy(np.float64))
        if bad.any():
            raise InputError(
                f"{path}: {column} is NaN or infinite in {bad.sum()} of {len(bad)} rows, first in "
                f"row {int(np.flatnonzero(bad)[0])}; remove these objects"
            )


def _write_table(path: str | os.PathLike, frame: pd.DataFrame) -> None:
    hdu = fits.table_to_hdu(Table({name: _column(frame[name]) for name in frame}))
    for name in frame:
        beginnings = (unit for start, unit in UNITS_BY_BEGINNING.items() if name.startswith(start))
        unit = UNITS.get(name) or next(beginnings, "nanomaggy" if name.endswith("flux") else None)
        if unit is not None:
            hdu.columns[name].unit = unit
    with whole_file(path) as partial:
        hdu.writeto(partial, overwrite=True)


def _column(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.to_numpy()
    return values.astype(str).to_numpy(dtype=str)
