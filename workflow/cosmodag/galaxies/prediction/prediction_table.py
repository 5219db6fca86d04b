"""Summaries of tables of predictions, for the log and the report."""

import os
from pathlib import Path

import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.checksums import require_named
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.imaging.fits_files import write_fits
from cosmodag.tables import write_table

EXTENSIONS = (".csv", ".parquet", ".fits")
"""Extensions of the names of tables."""


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


def named_outputs(output: str | os.PathLike, figure: str | os.PathLike | None) -> tuple[Path, Path]:
    """Return the paths of a table and its figure, by default beside the table.

    Raises
    ------
    InputError
        If the name of one has another extension than those that can be written.
    """
    output = Path(output)
    figure = output.with_suffix(".svg") if figure is None else Path(figure)
    for path, extensions in ((output, EXTENSIONS), (figure, (".svg",))):
        if path.suffix not in extensions:
            raise InputError(f"{path}: its name must end in {' or '.join(extensions)}")
    return output, figure


def write_prediction_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table of galaxies as CSV, Parquet or FITS, by the extension of its name.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    table : pandas.DataFrame
        Text that is missing is written to FITS as empty.
    """
    if path.suffix == ".csv":
        with whole_file(path) as partial:
            table.to_csv(partial, index=False)
    elif path.suffix == ".fits":
        _write_fits_table(path, table)
    else:
        write_table(path, table)


def _write_fits_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as the first table of a FITS file."""
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
