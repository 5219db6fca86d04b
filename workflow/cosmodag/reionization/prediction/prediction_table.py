"""Tables of predictions for a cube and its slices, and maps of ionized regions."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.files import whole_file
from cosmodag.hdf5 import create_file
from cosmodag.imaging.fits_files import write_fits
from cosmodag.reionization.prediction.slice_posteriors import SlicePosteriors
from cosmodag.reionization.prediction.slice_predictions import Quantity
from cosmodag.reionization.prediction.training_slices import SliceMeasures

CUBE, SLICE = "cube", "slice"
"""Values of the column `part`."""
N_SAMPLES = 1000
"""Samples of the posterior of a slice."""
UNITS = {"position": "Mpc", "slice_mean": "mK", "slice_std": "mK"}
"""Units of columns in FITS tables."""


def prediction_table(
    places: pd.DataFrame,
    quantities: Mapping[str, Quantity],
    combined: Mapping[str, Quantity],
    measured: SliceMeasures,
    distances: np.ndarray,
    warnings: Sequence[str],
    cube_warning: str,
) -> pd.DataFrame:
    """Return a table with a row for the cube, and one for each slice.

    Parameters
    ----------
    places : pandas.DataFrame, N rows
        Names and places of the slices, see `cut_input`.
    quantities, combined : mapping from str to Quantity
        Predictions for the slices and for the cube.
    measured : SliceMeasures
        Properties of the slices.
    distances : numpy.ndarray, shape (N,)
        Distances from the training distribution.
    warnings : sequence of str, length N
        Warning of each slice, empty if there is none.
    cube_warning : str
        Warning of the cube.

    Returns
    -------
    pandas.DataFrame, N + 1 rows
        In the row of the cube, places are -1 or NaN, `slice_mean` and `slice_std` those of all
        slices, and
        `distance` the median over slices.
    """
    rows = places.assign(part=SLICE)
    for quantity in quantities.values():
        rows = rows.assign(**quantity.columns())
    rows = rows.assign(
        slice_mean=measured.mean,
        slice_std=measured.std,
        distance=distances,
        outside=distances > 1,
        warning=np.array(warnings, object),
    )
    mean = float(measured.mean.mean())
    variance = float((measured.std**2 + measured.mean**2).mean()) - mean**2
    whole: dict[str, Any] = {
        **{"id": CUBE, "axis": -1, "slice": -1, "row": -1, "column": -1, "position": np.nan},
        **{"input_redshift": float(places["input_redshift"].mean()), "part": CUBE},
        **{"slice_mean": mean, "slice_std": float(np.sqrt(max(variance, 0.0)))},
        **{"distance": float(np.median(distances)), "warning": cube_warning},
    }
    whole |= {"all_zero": int(places["all_zero"].all()), "outside": whole["distance"] > 1}
    for quantity in combined.values():
        whole |= {name: values[0] for name, values in quantity.columns().items()}
    table = pd.concat([pd.DataFrame([whole])[rows.columns], rows], ignore_index=True)
    first = ["id", "part"]
    return table[[*first, *(name for name in table if name not in first)]]


def write_tables(
    csv: str | os.PathLike,
    image: str | os.PathLike,
    table: pd.DataFrame,
    cards: Sequence[tuple[str, Any, str]],
    field: str,
) -> None:
    """Write a table as CSV and as FITS.

    Parameters
    ----------
    csv, image : path
        Files to write. The FITS table is the extension ``PREDICTIONS``.
    table : pandas.DataFrame
        Table of `prediction_table`.
    cards : sequence of tuple
        Further keys of the header of the FITS table, with values and comments.
    field : str
        Field of the slices, which only as brightness temperature has a unit.
    """
    with whole_file(csv) as partial:
        table.to_csv(partial, index=False, float_format="%.6g")
    columns = {
        name: values.to_numpy(None if pd.api.types.is_numeric_dtype(values) else str)
        for name, values in table.items()
    }
    written = Table(columns)
    for name, unit in UNITS.items():
        if unit != "mK" or field == "brightness_temperature":
            written[name].unit = unit
    hdu = fits.table_to_hdu(written)
    hdu.name = "PREDICTIONS"
    hdu.header.extend(cards)
    write_fits(image, fits.HDUList([fits.PrimaryHDU(), hdu]))


def write_ionized_maps(
    path: str | os.PathLike,
    places: pd.DataFrame,
    probability: np.ndarray,
    attributes: Mapping[str, Any],
    inputs: Sequence[str | os.PathLike],
) -> None:
    """Write maps of the probability that pixels are ionized.

    Parameters
    ----------
    path : path
        HDF5 file to write, of the kind ``ionized_maps``.
    places : pandas.DataFrame, N rows
        Names and places of the slices.
    probability : numpy.ndarray, shape (N, side, side), float32
        Calibrated probability of each pixel.
    attributes : mapping from str to object
        Attributes of the file.
    inputs : sequence of path
        Files that the maps are made from.
    """
    with create_file(path, "ionized_maps", inputs=inputs) as file:
        file.attrs.update(attributes)
        file.create_dataset(
            "probability", data=probability, chunks=(1, *probability.shape[1:]), compression="gzip"
        )
        for name in ("axis", "slice", "row", "column"):
            file[name] = places[name].to_numpy()


def write_posterior_samples(
    path: str | os.PathLike,
    places: pd.DataFrame,
    posteriors: SlicePosteriors,
    attributes: Mapping[str, Any],
    inputs: Sequence[str | os.PathLike],
) -> None:
    """Write samples of the joint posterior of each slice.

    Parameters
    ----------
    path : path
        HDF5 file to write, of the kind ``posterior_samples``.
    places : pandas.DataFrame, N rows
        Names and places of the slices.
    posteriors : SlicePosteriors
        Posteriors of the N slices.
    attributes : mapping from str to object
        Attributes of the file.
    inputs : sequence of path
        Files that the posteriors are made from.
    """
    with create_file(path, "posterior_samples", inputs=inputs) as file:
        file.attrs.update(attributes, columns=list(posteriors.columns))
        file.create_dataset("samples", data=posteriors.samples(N_SAMPLES), compression="gzip")
        for name in ("axis", "slice", "row", "column"):
            file[name] = places[name].to_numpy()
