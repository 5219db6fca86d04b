"""Whether the positions of a catalogue in pixels and on the sky agree by an image's coordinates.

A catalogue of another brick, exchanged axes or a wrong header leave every position inside the image
and every file readable, but match nothing.
"""

import logging
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.wcs import WCS, FITSFixedWarning

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import open_fits
from cosmodag.injections.bricks.brick_images import CURE
from cosmodag.rejections import Rejections

LARGEST_OFFSET = 3.0
"""Offset in pixels beyond which positions are those of something else."""
NOTED_OFFSET = 0.3
"""Median offset in pixels of which a warning is given."""

logger = logging.getLogger(__name__)


def agreeing_positions(
    path: str | os.PathLike,
    catalogue: pd.DataFrame,
    image: Path,
    rejections: Rejections,
    *,
    columns: tuple[str, str] = ("bx", "by"),
) -> pd.DataFrame:
    """Return the objects whose positions in pixels are those of their right ascension and dec.

    Parameters
    ----------
    path : path
        File of the catalogue, for messages.
    catalogue : pandas.DataFrame
        Columns ra, dec (degrees) and of positions in pixels from 0.
    image : pathlib.Path
        FITS file whose HDU 1 has the coordinates of the pixels; without any, nothing is compared.
    rejections : Rejections
        Gets the objects that are more than `LARGEST_OFFSET` pixels from their place on the sky.
    columns : tuple of str
        Names of the columns of positions in x and y.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If the median object, or too many of them, lie elsewhere on the sky.
    """
    wcs = _coordinates(image)
    if wcs is None or not len(catalogue):
        return catalogue
    sky = catalogue[["ra", "dec"]].to_numpy(np.float64)
    on_sky = np.abs(sky[:, 1]) <= 90
    expected = np.full(sky.shape, np.inf)
    expected[on_sky] = np.column_stack(wcs.all_world2pix(*sky[on_sky].T, 0, quiet=True))
    offset = catalogue[list(columns)].to_numpy(np.float64) - expected
    distance = np.hypot(*offset.T)
    distance[~np.isfinite(distance)] = np.inf  # the other side of the sky has no pixel
    x, y = columns
    if np.median(distance) > LARGEST_OFFSET:
        raise InputError(
            f"{path}: {x} and {y} are {np.median(distance):.0f} pixels from ra and dec in the "
            f"median, by the coordinates of {image.name}; give the catalogue and the images of "
            "the same brick"
        )
    agree = distance <= LARGEST_OFFSET
    median = np.median(offset[agree], axis=0)
    if np.abs(median).max() > NOTED_OFFSET:
        logger.warning(
            "%s: %s and %s are (%+.2f, %+.2f) pixels from ra and dec in the median, by the "
            "coordinates of %s; do they count from pixel 0 there and in the catalogue?",
            *(path, x, y, *median, image.name),
        )
    if agree.all():
        return catalogue
    for row in np.flatnonzero(~agree):
        rejections.add(
            path,
            f"row {row}",
            f"{x} and {y} are {distance[row]:.0f} pixels from ra {sky[row, 0]:.5f}, dec "
            f"{sky[row, 1]:.5f} by the coordinates of {image.name}",
        )
    rejections.check(path, len(catalogue), "give the catalogue of this brick")
    return catalogue[agree].reset_index(drop=True)


def _coordinates(image: Path) -> WCS | None:
    """Return the celestial coordinates of the image in HDU 1, None if there are none."""
    with open_fits(image, what="image", cure=CURE) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        wcs = WCS(file[1].header)
    return wcs.celestial if wcs.has_celestial and wcs.naxis == 2 else None
