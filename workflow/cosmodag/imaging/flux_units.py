"""Fluxes in other units, and with other zero points, in nanomaggies."""

import functools
import warnings

import numpy as np

from cosmodag.imaging.fits_files import in_nanomaggies

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
    if in_nanomaggies(unit):
        return 1.0
    density, brightness = _in_jansky(unit)
    if density is not None:
        return density / 3.631e-6
    if brightness is None or pixel is None:
        return None
    return brightness * np.radians(pixel / 3600) ** 2 / 3.631e-6


@functools.lru_cache(maxsize=64)
def _in_jansky(text: str) -> tuple[float | None, float | None]:
    """Return a unit in Jy, and in Jy/sr; None each if it cannot be converted."""
    from astropy import units  # takes 0.2 s, and most images are in nanomaggies

    units.set_enabled_aliases({"maggy": units.mgy, "nanomaggy": units.nmgy})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            unit = units.Unit(text.strip())
    except (ValueError, TypeError):
        return None, None
    factors: list[float | None] = []
    for target in (units.Jy, units.Jy / units.sr):
        try:
            magnitudes = units.zero_point_flux(3631 * units.Jy)
            factors.append(float(unit.to(target, equivalencies=magnitudes)))
        except units.UnitConversionError:
            factors.append(None)
    return factors[0], factors[1]
