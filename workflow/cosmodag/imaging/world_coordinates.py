"""Positions and pixel scales by the world coordinate system in a FITS header.

The gnomonic projection, which nearly all images have, is computed here in 10 microseconds, and
others by astropy in a millisecond.
"""

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cosmodag.errors import InputError

if TYPE_CHECKING:
    from astropy.wcs import WCS

Header = Mapping[str, str]
_MATRICES = ("CD1_1", "PC1_1", "CDELT1")


def has_world_coordinates(header: Header) -> bool:
    """Return whether a header, a mapping from keyword to text, has a position on the sky."""
    return {"CRVAL1", "CRVAL2"} <= header.keys() and any(
        header.get(key, "").startswith(("RA", "DEC", "GLON", "GLAT", "ELON", "ELAT"))
        for key in ("CTYPE1", "CTYPE2")
    )


def centre_position(header: Header, width: int, height: int) -> tuple[float, float]:
    """Return the position of the centre of an image.

    Parameters
    ----------
    header : mapping from str to str
        Header of the image, see `has_world_coordinates`.
    width, height : int
        Lengths of its first and second axis (NAXIS1 and NAXIS2) in pixels.

    Returns
    -------
    ra, dec : float
        Right ascension from 0 to 360 and declination, in degrees. Without a scale in the header
        this is CRVAL.

    Raises
    ------
    InputError
        If the header has no such position; the message has no file.
    ValueError
        If a value is not a number.

    References
    ----------
    Calabretta & Greisen 2002, A&A 395, 1077, sections 2.4 and 5.1.3.

    Examples
    --------
    >>> header = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": "10", "CRVAL2": "0"}
    >>> centre_position(header | {"CRPIX1": "0.5", "CRPIX2": "0.5", "CDELT1": "-1"}, 2, 0)
    (9.000101520585611, 0.0)
    """
    reference = float(header["CRVAL1"]), float(header["CRVAL2"])
    equatorial = header.get("CTYPE1", "").startswith("RA")
    for name, value, limit in zip(("CRVAL1", "CRVAL2"), reference, (360, 90)):
        if not math.isfinite(value) or (equatorial and abs(value) > limit):
            raise InputError(f"{name} is {value:g}, no position in degrees")
    if equatorial and not any(key in header for key in _MATRICES):
        return reference[0] % 360, reference[1]
    gnomonic = header.get("CTYPE1") == "RA---TAN" and header.get("CTYPE2") == "DEC--TAN"
    if not gnomonic or {"LONPOLE", "PV1_1", "CPDIS1", "D2IMDIS1"} & header.keys():
        ra, dec = _by_astropy(header, width, height)
    else:
        (a, b), (c, d) = _matrix(header)
        x = (width + 1) / 2 - _number(header, "CRPIX1")
        y = (height + 1) / 2 - _number(header, "CRPIX2")
        ra, dec = _gnomonic(reference, a * x + b * y, c * x + d * y)
    if not (math.isfinite(ra) and math.isfinite(dec)):
        raise InputError("its centre is outside the projection of its world coordinates")
    return ra % 360, dec


def pixel_scale(header: Header) -> float | None:
    """Return the pixel scale in arcsec by a header, None if it has none.

    Parameters
    ----------
    header : mapping from str to str
        Header of the image, see `has_world_coordinates`.

    Returns
    -------
    float or None
        Square root of the area of a pixel.

    Raises
    ------
    ValueError
        If a value is not a number.
    """
    if not any(key in header for key in _MATRICES):
        return None
    (a, b), (c, d) = _matrix(header)
    return 3600 * math.sqrt(abs(a * d - b * c)) or None


def _number(header: Header, key: str, default: float = 0.0) -> float:
    """Return the value of a keyword."""
    return float(header[key].upper().replace("D", "E")) if key in header else default


def _matrix(header: Header) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the matrix from pixels to degrees of the projection plane."""
    if "CD1_1" in header or "CD1_2" in header:
        return (
            (_number(header, "CD1_1"), _number(header, "CD1_2")),
            (_number(header, "CD2_1"), _number(header, "CD2_2")),
        )
    scales = _number(header, "CDELT1", 1.0), _number(header, "CDELT2", 1.0)
    angle = math.radians(_number(header, "CROTA2"))
    cosine, sine = math.cos(angle), math.sin(angle)
    if any(f"PC{row}_{column}" in header for row in (1, 2) for column in (1, 2)):
        rotation = (
            (_number(header, "PC1_1", 1.0), _number(header, "PC1_2")),
            (_number(header, "PC2_1"), _number(header, "PC2_2", 1.0)),
        )
    else:
        rotation = ((cosine, -sine * scales[1] / scales[0]), (sine * scales[0] / scales[1], cosine))
    (a, b), (c, d) = rotation
    return (scales[0] * a, scales[0] * b), (scales[1] * c, scales[1] * d)


def _gnomonic(reference: tuple[float, float], x: float, y: float) -> tuple[float, float]:
    """Return the position in degrees of a point of the tangent plane, given in degrees."""
    ra, dec = map(math.radians, reference)
    x, y = math.radians(x), math.radians(y)
    cosine = math.cos(dec) - y * math.sin(dec)
    return (
        math.degrees(ra + math.atan2(x, cosine)),
        math.degrees(math.atan2(math.sin(dec) + y * math.cos(dec), math.hypot(x, cosine))),
    )


def celestial_wcs(header: Header) -> "WCS":
    """Return the coordinates of an image on the sky, in any projection.

    Parameters
    ----------
    header : mapping from str to str
        Header of the image, see `has_world_coordinates`.

    Returns
    -------
    astropy.wcs.WCS
        Of two axes.

    Raises
    ------
    InputError
        If the coordinates cannot be used. The message is without the file.
    """
    from astropy.io import fits
    from astropy.wcs import WCS, FITSFixedWarning

    cards = fits.Header()
    for key, text in header.items():
        if key in ("COMMENT", "HISTORY", "") or len(key) > 8:
            continue
        try:
            cards[key] = float(text.upper().replace("D", "E"))
        except ValueError:
            cards[key] = text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            return WCS(cards).celestial
    except Exception as error:  # astropy and wcslib raise many kinds
        raise _unusable(error) from None


def _by_astropy(header: Header, width: int, height: int) -> tuple[float, float]:
    """Return the ICRS position of the centre of an image in any projection and frame."""
    wcs = celestial_wcs(header)
    try:
        centre = wcs.pixel_to_world((width - 1) / 2, (height - 1) / 2).icrs
    except Exception as error:
        raise _unusable(error) from None
    return float(centre.ra.deg), float(centre.dec.deg)


def _unusable(error: Exception) -> InputError:
    """Return the error of coordinates that astropy refuses."""
    reason = " ".join(str(error).split())[:200]
    return InputError(f"its world coordinates cannot be used ({reason})")
