"""Footprint of a survey that is given by limits in right ascension and declination."""

from collections.abc import Sequence

import numpy as np

from cosmodag.errors import InputError
from cosmodag.imaging.sky_pixels import SkyPixels
from cosmodag.imaging.sky_positions import unit_vectors
from cosmodag.voids.survey.footprint import Footprint

N_RINGS = 720
"""Rings of 0.25 degrees, in whose pixels an area is represented."""


def footprint_of_area(ra: Sequence[float], dec: Sequence[float]) -> Footprint:
    """Return the footprint of an area of completeness 1 between limits on the sky.

    Parameters
    ----------
    ra : sequence of float, shape (2,)
        Limits of the right ascension in degrees, eastwards from the first to the second, such as
        (350, 10); of (0, 360) the whole circle.
    dec : sequence of float, shape (2,)
        Limits of the declination in degrees, ascending.

    Returns
    -------
    Footprint
        Pixels of 0.25 degrees whose centres are inside the area.

    Raises
    ------
    InputError
        No pixel is inside.

    Examples
    --------
    >>> area = footprint_of_area((0, 90), (0, 90)).area
    >>> round(area / np.pi, 2)
    0.5
    """
    pixels = SkyPixels(N_RINGS)
    east, north = pixels.centres
    width = 360.0 if ra[1] - ra[0] >= 360 else (ra[1] - ra[0]) % 360
    inside = ((east - ra[0]) % 360 <= width) & (north >= dec[0]) & (north <= dec[1])
    if not inside.any():
        raise InputError(
            f"ra {list(ra)} and dec {list(dec)}: no pixel of {pixels.side:g} degrees is inside; "
            "give limits in degrees, eastwards and northwards"
        )
    outline = unit_vectors(east[inside], north[inside])
    return Footprint("the area on the sky", pixels, inside.astype(np.float64), outline)
