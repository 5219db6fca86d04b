"""Grid of simulated bricks on the sky: their centres, names and world coordinates.

Bricks lie 0.25° apart, so that those of fewer than 3436 pixels do not adjoin. Tiles are bricks of
any size that overlap with their neighbours as those of the Legacy Surveys do.
"""

import numpy as np
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_images import PIXEL_SCALE

BRICKS_PER_ROW = 1440
N_ROWS = 80
TILE_SPACING = 900 / (3600 * PIXEL_SCALE)
"""Distance between the centres of neighbouring tiles as a fraction of their side: 900 arcsec for
bricks of 3600 pixels."""
MARGIN = 8
"""Width in pixels of the margin of a brick that belongs to its neighbour, though none is there."""


def brick_centre(number: int) -> tuple[float, float]:
    """Return the centre of a brick; bricks of 0.25° form rows parallel to the equator.

    Parameters
    ----------
    number : int
        Number of the brick, from 0 to 115,199.

    Returns
    -------
    ra, dec : float
        Right ascension and declination in degrees.

    Raises
    ------
    InputError
        If the number is out of range.
    """
    row, column = divmod(number, BRICKS_PER_ROW)
    if not 0 <= row < N_ROWS:
        most = N_ROWS * BRICKS_PER_ROW - 1
        raise InputError(f"brick number {number}: give one from 0 to {most}")
    return 0.25 * column + 0.125, 0.25 * row + 0.125


def brick_name(number: int) -> str:
    """Return the name of a brick, which encodes its centre.

    Parameters
    ----------
    number : int
        Number of the brick, from 0 to 115,199.

    Returns
    -------
    str

    Examples
    --------
    >>> brick_name(0)
    '0001p001'
    """
    ra, dec = brick_centre(number)
    return f"{int(ra * 10):04d}p{int(dec * 10):03d}"


def tile_centre(number: int, size: int, tiles_per_row: int) -> tuple[float, float]:
    """Return the centre of a tile; rows are parallel to the equator and cross the meridian.

    Parameters
    ----------
    number : int
        Number of the brick, from 0.
    size : int
        Pixels per side.
    tiles_per_row : int
        Tiles per row.

    Returns
    -------
    ra, dec : float
        Right ascension and declination in degrees.
    """
    row, column = divmod(number, tiles_per_row)
    spacing = TILE_SPACING * size * PIXEL_SCALE / 3600
    return (column - (tiles_per_row - 1) / 2) * spacing % 360, (row + 0.5) * spacing


def brick_wcs(number: int, size: int, tiles_per_row: int | None = None) -> WCS:
    """Return the tangential projection about the centre of a brick.

    Parameters
    ----------
    number : int
        Number of the brick, from 0 to 115,199.
    size : int
        Pixels per side.
    tiles_per_row : int, optional
        As of `tile_centre`; by default bricks are no tiles.

    Returns
    -------
    astropy.wcs.WCS
    """
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    if tiles_per_row is None:
        wcs.wcs.crval = brick_centre(number)
    else:
        wcs.wcs.crval = tile_centre(number, size, tiles_per_row)
    wcs.wcs.crpix = [(size + 1) / 2] * 2
    wcs.wcs.cd = np.diag([-PIXEL_SCALE / 3600, PIXEL_SCALE / 3600])
    return wcs


def brick_margin(size: int, tiles_per_row: int | None = None) -> float:
    """Return the width of the margin of a brick that belongs to its neighbour.

    Parameters
    ----------
    size, tiles_per_row
        As of `brick_wcs`.

    Returns
    -------
    float
        In pixels; half of the overlap of tiles.
    """
    return float(MARGIN) if tiles_per_row is None else size * (1 - TILE_SPACING) / 2
