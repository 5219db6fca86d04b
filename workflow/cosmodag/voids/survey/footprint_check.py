"""Check that galaxies and randoms, or a mask, are those of one survey."""

import logging

import numpy as np

from cosmodag.errors import InputError
from cosmodag.imaging.sky_pixels import fit_pixels
from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.catalogues.sky_coordinates import spherical_coordinates
from cosmodag.voids.survey.footprint import Footprint

FEWEST = 500
"""Galaxies inside the footprint below which the sky is not checked."""
EXPECTED = 50
"""Mean number of galaxies in the pixels of the check, of which clustering leaves none empty."""
OUTLINE_POINTS = 20
"""Least mean number of points of the outline in these pixels."""
MOST_EMPTY = 0.1
"""Largest fraction of the footprint, or of the randoms, where no galaxy is."""
FEW_INSIDE = 0.8
"""Fraction of the galaxies inside the footprint, below which there is a warning."""
CURE = "check that angles are in degrees, and the columns of both"

logger = logging.getLogger(__name__)


def check_footprint(
    galaxies: SkySample, footprint: Footprint, randoms: SkySample | None = None
) -> None:
    """Refuse a footprint, or distances of randoms, of which a part contains no galaxies.

    Finders would see a void there. A warning is logged where many galaxies are outside.

    Parameters
    ----------
    galaxies : SkySample
        The galaxies, with distances.
    footprint : Footprint
        Footprint of the randoms or of a mask.
    randoms : SkySample, optional
        The randoms.

    Raises
    ------
    InputError
        More than a tenth of the footprint contains no galaxies, or more than a tenth of the randoms
        are nearer or farther than all galaxies.
    """
    inside = footprint.at(galaxies.ra, galaxies.dec) > 0
    if inside.sum() >= FEWEST:
        empty = _empty_fraction(galaxies.select(inside), footprint)
        if empty > MOST_EMPTY:
            raise InputError(
                f"{galaxies.name}: no galaxy is in {empty:.0%} of the footprint of "
                f"{footprint.name}, and voids there would not be real; {CURE}"
            )
    if inside.mean() < FEW_INSIDE:
        logger.warning(
            "%s: %.0f%% of the galaxies are outside the footprint of %s and are not used: if that "
            "is not intended, %s",
            galaxies.name,
            100 * (1 - inside.mean()),
            footprint.name,
            CURE,
        )
    if randoms is not None and randoms.distance is not None:
        low, high = galaxies.distances.min(), galaxies.distances.max()
        beyond = float(np.mean((randoms.distance < low) | (randoms.distance > high)))
        if beyond > MOST_EMPTY:
            raise InputError(
                f"{galaxies.name}: {beyond:.0%} of {randoms.name} are nearer or farther than all "
                f"galaxies, which extend from {low:.4g} to {high:.4g} Mpc/h, and voids there would "
                "not be real; restrict both by minimum_redshift and maximum_redshift"
            )


def _empty_fraction(galaxies: SkySample, footprint: Footprint) -> float:
    """Return the fraction of the footprint that contains no galaxies, in pixels for about 50."""
    ra, dec, _ = spherical_coordinates(footprint.outline)
    per_pixel = max(len(ra) * EXPECTED / galaxies.n_objects, OUTLINE_POINTS)
    pixels = fit_pixels(ra, dec, per_pixel)
    points = np.bincount(pixels.index(ra, dec), minlength=len(pixels.area))
    points[points < per_pixel / 2] = 0  # pixels at the edges may be empty
    occupied = np.bincount(pixels.index(galaxies.ra, galaxies.dec), minlength=len(points)) > 0
    return float(points[~occupied].sum() / max(points.sum(), 1))
