"""Regions of the sky as groups of a split, where the groups of the examples adjoin.

Neighbouring bricks of a survey overlap and are observed in the same exposures. Each region is a
group of its own, whatever bricks it contains, so that only objects at its borders are near another
set; `cosmodag.datasets.buffer` leaves these out.
"""

import logging

import numpy as np
import pandas as pd

from cosmodag.datasets.sky import HALF_SIDE, groups_adjoin, has_sky, too_near
from cosmodag.errors import InputError
from cosmodag.imaging.sky_pixels import SkyPixels

WIDEST, NARROWEST = 4.0, 0.001
"""Width of regions in degrees: the widest by default, about twice the field of the cameras of wide
surveys, and the narrowest that can be set."""
FEWEST = 50
"""Fewest regions by default, so that a fifth of them leaves ten for the test set."""
MARGINS = 4
"""Narrowest region by default, in distances within which examples of two sets are too near."""

log = logging.getLogger(__name__)


def with_regions(
    index: pd.DataFrame, buffer: float, width: float | None = None
) -> tuple[pd.DataFrame, float]:
    """Return an index whose groups are regions of the sky, if its own groups adjoin.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with `id`, `group`, `ra`, `dec` (degrees) and `half_side` (arcsec). Without positions,
        or where every example is a group of its own, the groups stay.
    buffer : float
        Smallest distance between examples of different sets in arcsec.
    width : float, optional
        Width of the regions in degrees; 0 for the groups of the index. By default the widest of 4,
        2, 1, … degrees of which at least `FEWEST` contain examples, but at least `MARGINS` times
        the distance within which examples are too near.

    Returns
    -------
    index : pandas.DataFrame
        The index, with other groups where they are regions; rows without a position keep theirs.
    width : float
        Width of the regions in degrees; 0 if the groups stay.

    Raises
    ------
    InputError
        If regions are asked for, but there are no positions, or the width is too small.
    """
    placed = has_sky(index) and HALF_SIDE in index
    if width is None:
        own_groups = index["group"].nunique() > len(index) / 2
        adjoin = placed and not own_groups and groups_adjoin(index, buffer=buffer)
        width = _default_width(index, buffer) if adjoin else 0.0
    if width == 0:
        return index, 0.0
    if not placed:
        raise InputError(
            f"region_width is {width:g}, but the examples have no positions on the sky; remove it"
        )
    if not NARROWEST <= width <= 180:
        raise InputError(f"region_width is {width:g}: give {NARROWEST} to 180 degrees, or 0")
    pixels = _pixels(width)
    usable = np.isfinite(index["ra"]) & np.isfinite(index["dec"])
    pixel = pixels.index(*(index[name].where(usable, 0).to_numpy(float) for name in ("ra", "dec")))
    names = pd.Series([f"region-{number}" for number in pixel], index=index.index)
    index = index.assign(group=names.where(usable, index["group"]))
    log.info(
        "groups are %d regions of the sky, %.4g degrees wide", index["group"].nunique(), pixels.side
    )
    return index, pixels.side


def _default_width(index: pd.DataFrame, buffer: float) -> float:
    """Return the width of the regions in degrees that suits the area of the examples."""
    positions = index[["ra", "dec"]].to_numpy(np.float64)
    ra, dec = positions[np.isfinite(positions).all(axis=1)].T
    width = WIDEST
    while len(np.unique(_pixels(width).index(ra, dec))) < FEWEST:
        if width / 2 < MARGINS * too_near(index, buffer) / 3600:
            break
        width /= 2
    return width


def _pixels(width: float) -> SkyPixels:
    return SkyPixels(max(round(180 / width), 1))
