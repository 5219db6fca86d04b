"""Whether the positions of a catalogue in pixels and on the sky agree by an image's coordinates.

A catalogue of another brick, exchanged axes or a wrong header leave every position inside the image
and every file readable, but match nothing.
"""

import logging
import os
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.imaging.fits_headers import read_hdus
from cosmodag.imaging.world_coordinates import celestial_wcs, has_world_coordinates
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
    sky = catalogue[["ra", "dec"]].to_numpy(np.float64)
    expected = _pixels(image, *sky.T)
    if expected is None or not len(catalogue):
        return catalogue
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


def _pixels(image: Path, ra: np.ndarray, dec: np.ndarray) -> np.ndarray | None:
    """Return the pixels (N, 2) at positions on the sky, None if the image has no coordinates."""
    header = read_hdus(image, CURE)[1].header
    if not has_world_coordinates(header) or not header.get("CTYPE1", "").startswith("RA"):
        return None
    pixels = np.full((len(ra), 2), np.inf)
    on_sky = np.abs(dec) <= 90
    try:
        wcs = celestial_wcs(header)
        pixels[on_sky] = np.column_stack(wcs.all_world2pix(ra[on_sky], dec[on_sky], 0, quiet=True))
    except (InputError, ValueError) as error:
        logger.warning("%s: %s; positions are not compared with the sky", image, error)
        return None
    return pixels
