"""Files of predicted probabilities and of the voids in them, in the formats of the field."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.files import whole_file
from cosmodag.hdf5 import create_file
from cosmodag.imaging.fits_files import write_fits
from cosmodag.voids.prediction.box_prediction import BoxPrediction
from cosmodag.voids.prediction.void_images import LENGTH_UNIT


def write_box_file(
    path: str | os.PathLike,
    prediction: BoxPrediction,
    attributes: Mapping[str, Any],
    inputs: Sequence[str | os.PathLike] = (),
) -> None:
    """Write the probability in a box as HDF5.

    Parameters
    ----------
    path : path-like
        File to write, of the kind of the prediction.
    prediction : BoxPrediction
        The probability.
    attributes : mapping from str to object
        Attributes of the file.
    inputs : sequence of path-like
        Files that the prediction is made from.
    """
    with create_file(path, prediction.KIND, inputs=inputs) as file:
        file.attrs.update(attributes)
        prediction.write(file)


def write_box_images(
    path: str | os.PathLike, prediction: BoxPrediction, cards: Sequence[tuple[str, Any, str]]
) -> None:
    """Write the probability in a box as FITS images, with the tables that belong to them.

    Parameters
    ----------
    path : path-like
        File to write.
    prediction : BoxPrediction
        The probability.
    cards : sequence of tuple
        Further keys of the primary header, with values and comments.
    """
    primary = fits.PrimaryHDU()
    primary.header.extend([LENGTH_UNIT, *cards])
    write_fits(path, fits.HDUList([primary, *prediction.images()]))


def write_void_tables(
    csv: str | os.PathLike, image: str | os.PathLike, voids: pd.DataFrame
) -> None:
    """Write a catalogue of voids as CSV and as FITS table.

    Parameters
    ----------
    csv, image : path-like
        Files to write.
    voids : pandas.DataFrame
        Catalogue, see `cosmodag.voids.prediction.void_regions`.
    """
    with whole_file(csv) as partial:
        voids.to_csv(partial, index=False, float_format="%.6g")
    columns = {
        name: values.to_numpy(str if name == "axis" else None) for name, values in voids.items()
    }
    table = fits.table_to_hdu(Table(columns))
    table.name = "VOIDS"
    table.header.append(LENGTH_UNIT)
    write_fits(image, fits.HDUList([fits.PrimaryHDU(), table]))
