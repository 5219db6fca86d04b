"""Summaries of tables of predictions, for the log and the report."""

import os
from pathlib import Path

import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.checksums import require_named
from cosmodag.imaging.fits_files import write_fits


def summarize(table: pd.DataFrame) -> str:
    """Return how many galaxies of a table are outside the training distribution.

    Parameters
    ----------
    table : pandas.DataFrame
        Table of `predict_galaxies`.

    Returns
    -------
    str
    """
    galaxies = "galaxy" if len(table) == 1 else "galaxies"
    return f"{len(table)} {galaxies}: {table['outside'].sum()} outside the training distribution"


def write_fits_table(path: str | os.PathLike, table: pd.DataFrame) -> None:
    """Write a table of predictions as the first table of a FITS file.

    Parameters
    ----------
    path : path-like
        File to write.
    table : pandas.DataFrame
        Table of `predict_galaxies`; text that is missing is written as empty.
    """
    columns = {
        name: table[name].to_numpy()
        if pd.api.types.is_numeric_dtype(table[name])
        else table[name].fillna("").astype(str).to_numpy(str)
        for name in table
    }
    hdu = fits.table_to_hdu(Table(columns))
    hdu.name = "PREDICTIONS"
    primary = fits.PrimaryHDU()
    primary.header["ORIGIN"] = "cosmodag"
    write_fits(path, fits.HDUList([primary, hdu]))


def read_predictions(path: str | os.PathLike) -> dict[str, str | Path]:
    """Read the summary of a table of predictions.

    Parameters
    ----------
    path : path-like
        Table <experiment>/predictions/<prediction>.csv.

    Returns
    -------
    dict
        `name` and `experiment`, a `sentence`, and `figure`, the path of the gallery.

    Raises
    ------
    InputError
        If the table was altered.
    """
    path = Path(path).resolve()
    require_named(path, path.with_suffix(".json"), "predict again")
    table = pd.read_csv(path, keep_default_na=False)
    return {
        "name": path.stem,
        "experiment": path.parent.parent.name,
        "sentence": f"{summarize(table)}.",
        "figure": path.with_suffix(".svg"),
    }
