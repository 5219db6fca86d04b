"""Grid of simulated bricks on the sky: their centres, names and world coordinates."""

import numpy as np
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_images import PIXEL_SCALE

BRICKS_PER_ROW = 1440
N_ROWS = 80


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


def brick_wcs(number: int, size: int) -> WCS:
    """Return the tangential projection about the centre of a brick.

    Parameters
    ----------
    number : int
        Number of the brick, from 0 to 115,199.
    size : int
        Pixels per side.

    Returns
    -------
    astropy.wcs.WCS
    """
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = brick_centre(number)
    wcs.wcs.crpix = [(size + 1) / 2] * 2
    wcs.wcs.cd = np.diag([-PIXEL_SCALE / 3600, PIXEL_SCALE / 3600])
    return wcs
