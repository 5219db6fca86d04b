"""Fluxes in other units, and with other zero points, in nanomaggies."""

import functools
import re
import warnings

import numpy as np

from cosmodag.imaging.fits_files import NANOMAGGIES

ZERO_POINT = 22.5
"""AB magnitude of one nanomaggy."""


def nanomaggies_at(zero_point: float) -> float:
    """Return the flux in nanomaggies of a pixel value of 1.

    Parameters
    ----------
    zero_point : float
        AB magnitude of a pixel value of 1.

    Returns
    -------
    float

    Examples
    --------
    >>> nanomaggies_at(25.0)
    0.1
    """
    return 10 ** (0.4 * (ZERO_POINT - zero_point))


def nanomaggies_per(unit: str, pixel: float | None = None) -> float | None:
    """Return the flux in nanomaggies of a pixel value of 1 in some unit.

    Parameters
    ----------
    unit : str
        Unit as a FITS header names it, such as ``nmgy``, ``uJy`` or ``MJy/sr``; an empty unit
        passes for nanomaggies.
    pixel : float, optional
        Pixel scale in arcsec, for units of surface brightness.

    Returns
    -------
    float or None
        None if the unit is not a flux density, or is a surface brightness without a pixel scale.

    Examples
    --------
    >>> round(nanomaggies_per("uJy"), 4), nanomaggies_per("adu")
    (0.2754, None)
    """
    if unit.strip(" ()").lower() in NANOMAGGIES:
        return 1.0
    density, brightness = (_factor(unit, target) for target in ("Jy", "Jy/sr"))
    if density is not None:
        return density / 3.631e-6
    if brightness is None or pixel is None:
        return None
    return brightness * np.radians(pixel / 3600) ** 2 / 3.631e-6


def unit_ratio(unit: str, reference: str, power: int = 1) -> float | None:
    """Return the ratio of the flux that a value of 1 in some unit stands for to a reference.

    Parameters
    ----------
    unit : str
        Unit as a FITS header names it, to some power of the flux.
    reference : str
        Unit of the flux; an empty one passes for nanomaggies.
    power : int
        1 for a standard deviation, -2 for an inverse variance.

    Returns
    -------
    float or None
        None if one cannot be converted to the other.

    Examples
    --------
    >>> round(unit_ratio("uJy", "nmgy"), 4), unit_ratio("1/adu^2", "adu", -2)
    (0.2754, 1.0)
    """
    return _factor(unit, reference or "nmgy", power)


@functools.lru_cache(maxsize=64)
def _factor(text: str, target: str, power: int = 1) -> float | None:
    """Return how many times a unit is larger than the power of another; None if it is no such."""
    from astropy import units  # takes 0.2 s, and most images are in nanomaggies

    magnitudes = units.zero_point_flux(3631 * units.Jy)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            unit, other = (
                units.Unit(re.sub("nanomaggies|nanomaggy|nmgy", "nmgy", each.strip(), flags=re.I))
                for each in (text, target)
            )
        if not isinstance(unit, units.UnitBase):
            return None  # magnitudes
        return float((unit ** (1 / power)).to(other, equivalencies=magnitudes))
    except (ValueError, TypeError, units.UnitsError):
        return None
