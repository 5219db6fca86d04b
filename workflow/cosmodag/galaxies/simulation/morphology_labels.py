"""Labels of morphology that mean the same for galaxies with and without a bulge component.

The Sérsic index of a galaxy with two components is that of its disc, whatever its bulge.
"""

import numpy as np
from scipy.special import gammainc, gammaincinv

from cosmodag.imaging.galaxy_population import BULGE_INDEX

INDEX_GRID = np.geomspace(0.3, 10.0, 200)
"""Sérsic indices between which effective indices are interpolated."""
SHARES = (0.2, 0.8)
"""Fractions of the flux within the two radii whose ratio is the concentration."""
EARLY_FRACTION = 0.5
"""Bulge fraction above which a galaxy is of early type."""
EARLY_INDEX = 2.5
"""Sérsic index above which a galaxy without a bulge component is of early type."""


def effective_index(fraction: np.ndarray, ratio: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the index of the single Sérsic profile with the concentration of a galaxy.

    The concentration is the ratio of the radii that enclose 80 % and 20 % of the total flux of the
    circularized profile, without the point-spread function.

    Parameters
    ----------
    fraction : numpy.ndarray, shape (N,)
        Bulge fraction of the flux.
    ratio : numpy.ndarray, shape (N,)
        Half-light radius of the bulge in units of that of the body.
    index : numpy.ndarray, shape (N,)
        Sérsic index of the body.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        Within 0.3 to 10; that of the body where there is no bulge.

    Examples
    --------
    >>> effective_index(np.array([0.0, 0.5]), np.array([0.3, 0.3]), np.array([1.0, 1.0])).round(2)
    array([1.  , 3.23])
    """
    body = np.asarray(index, np.float64)
    inner, outer = (_enclosing_radius(share, fraction, ratio, body) for share in SHARES)
    b_low, b_high = (gammaincinv(2 * INDEX_GRID, share) for share in SHARES)
    grid = INDEX_GRID * np.log(b_high / b_low)
    effective = np.interp(np.log(outer / inner), grid, INDEX_GRID)
    return np.where(np.asarray(fraction) > 0, effective, body)


def is_early_type(fraction: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return which galaxies are of early type.

    Parameters
    ----------
    fraction : numpy.ndarray, shape (N,)
        Bulge fraction of the flux.
    index : numpy.ndarray, shape (N,)
        Sérsic index of the body, which decides for galaxies without a bulge component.

    Returns
    -------
    numpy.ndarray, shape (N,), bool

    Examples
    --------
    >>> is_early_type(np.array([0.7, 0.2, 0.0]), np.array([1.0, 1.0, 4.0]))
    array([ True, False,  True])
    """
    by_index = np.asarray(index) > EARLY_INDEX
    return np.where(np.asarray(fraction) > 0, np.asarray(fraction) > EARLY_FRACTION, by_index)


def _enclosing_radius(
    share: float, fraction: np.ndarray, ratio: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """Return the radii (N,) that enclose a share of the flux, in half-light radii of the body."""
    b_body, b_bulge = gammaincinv(2 * index, 0.5), gammaincinv(2 * BULGE_INDEX, 0.5)
    low, high = np.full(len(index), -12.0), np.full(len(index), 6.0)  # natural logarithms
    for _ in range(40):
        middle = 0.5 * (low + high)
        radius = np.exp(middle)
        body = gammainc(2 * index, b_body * radius ** (1 / index))
        bulge = gammainc(2 * BULGE_INDEX, b_bulge * (radius / ratio) ** (1 / BULGE_INDEX))
        is_inside = fraction * bulge + (1 - fraction) * body < share
        low, high = np.where(is_inside, middle, low), np.where(is_inside, high, middle)
    return np.exp(0.5 * (low + high))
