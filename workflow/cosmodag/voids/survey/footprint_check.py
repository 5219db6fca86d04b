"""Check that galaxies and randoms, or a mask, are those of one survey."""

import logging

import numpy as np

from cosmodag.errors import InputError
from cosmodag.imaging.sky_pixels import fit_pixels
from cosmodag.voids.catalogues.sky_catalogue import SkySample
from cosmodag.voids.catalogues.sky_coordinates import spherical_coordinates
from cosmodag.voids.survey.footprint import Footprint
from cosmodag.voids.survey.selection import SurveySelection

FEWEST = 500
"""Galaxies inside the footprint below which the sky is not checked."""
EXPECTED = 50
"""Mean number of galaxies in the pixels of the check, of which clustering leaves none empty."""
OUTLINE_POINTS = 20
"""Least mean number of points of the outline in these pixels."""
MOST_EMPTY = 0.1
"""Largest fraction of the footprint, or of the randoms, where no galaxy is."""
HOLE = 0.005
"""Fraction of the footprint where no galaxy is, above which there is a warning."""
FEW_INSIDE = 0.8
"""Fraction of the galaxies inside the footprint, below which there is a warning."""
RANDOMS_PER_GALAXY = 2
"""Randoms per galaxy below which there is a warning: their own noise makes voids."""
SHELLS = 5
"""Shells with as many randoms each in which their numbers are compared with those of galaxies."""
UNLIKE = 1.8
"""Ratio of the most to the fewest galaxies per random in a shell above which there is a warning;
clustering makes 1.36 in the mock of the Sloan Digital Sky Survey with 84,383 galaxies."""
MOST_SHARED = 0.1
"""Largest fraction of the randoms that may be at the places of galaxies."""
CURE = "check that angles are in degrees, and the columns of both"

logger = logging.getLogger(__name__)


def check_footprint(
    galaxies: SkySample, footprint: Footprint, randoms: SkySample | None = None
) -> None:
    """Refuse a footprint, or distances of randoms, of which a part contains no galaxies.

    Finders would see a void there. A warning is logged where it has a smaller hole, where many
    galaxies are outside, where randoms are few, and where their distances are distributed unlike
    those of the galaxies.

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
        More than a tenth of the footprint contains no galaxies; or randoms are nearer or farther
        than all galaxies, more than a tenth of them or where 50 galaxies are expected.
    """
    inside = footprint.at(galaxies.ra, galaxies.dec) > 0
    if inside.sum() >= FEWEST:
        empty, place = _empty_part(galaxies.select(inside), footprint)
        if empty > MOST_EMPTY:
            raise InputError(
                f"{galaxies.name}: no galaxy is in {empty:.0%} of the footprint of "
                f"{footprint.name}, and voids there would not be real; {CURE}"
            )
        if empty > HOLE:
            logger.warning(
                "%s: no galaxy is in %.2g %% of the footprint of %s, such as around right "
                "ascension %.4g and declination %.4g degrees, and voids there are not real: leave "
                "this part of the footprint out",
                galaxies.name,
                100 * empty,
                footprint.name,
                *place,
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
    if randoms is None:
        return
    if randoms.n_objects < RANDOMS_PER_GALAXY * galaxies.n_objects:
        logger.warning(
            "%s: %d randoms for %d galaxies; with fewer than ten for each, the noise of the "
            "randoms makes voids",
            randoms.name,
            randoms.n_objects,
            galaxies.n_objects,
        )
    if randoms.distance is not None:
        _compare_distances(galaxies, randoms)
        low, high = galaxies.distances.min(), galaxies.distances.max()
        far = (randoms.distance < low) | (randoms.distance > high)
        beyond = randoms.select(far).total_weight / randoms.total_weight
        if beyond > MOST_EMPTY or beyond * inside.sum() > EXPECTED:
            raise InputError(
                f"{galaxies.name}: {100 * beyond:.3g} % of {randoms.name} are nearer or farther "
                f"than all {galaxies.n_objects} galaxies, which extend from {low:.4g} to "
                f"{high:.4g} Mpc/h, and voids there would "
                "not be real; restrict both by minimum_redshift and maximum_redshift"
            )


def check_distances(galaxies: SkySample, selection: SurveySelection) -> None:
    """Refuse a survey with a large gap between the distances of its galaxies, warn of a small one.

    Finders would fill it with voids.

    Parameters
    ----------
    galaxies : SkySample
        The galaxies, with distances.
    selection : SurveySelection
        Their selection function.

    Raises
    ------
    InputError
        More than a tenth of the galaxies are expected at distances where there is none, and more
        than 50.
    """
    low, high = selection.distance[[0, -1]]
    inside = selection.footprint.at(galaxies.ra, galaxies.dec) > 0
    inside &= (galaxies.distances >= low) & (galaxies.distances <= high)
    distance = np.linspace(low, high, 4001)
    expected = np.interp(distance, selection.distance, selection.density) * distance**2
    cumulative = np.cumsum(expected) / expected.sum()
    ends = np.sort(galaxies.distances[inside])
    gaps = np.diff(np.interp(ends, distance, cumulative), prepend=0.0, append=1.0)
    largest = int(np.argmax(gaps))
    n_expected = gaps[largest] * len(ends)
    if n_expected <= EXPECTED:
        return
    begin, end = np.concatenate([[low], ends, [high]])[largest : largest + 2]
    where = (
        f"{galaxies.name}: no galaxy is between {begin:.4g} and {end:.4g} Mpc/h, where "
        f"{n_expected:.0f} are expected, and voids there would not be real; give one range of "
        "redshifts after the other by minimum_redshift and maximum_redshift"
    )
    if gaps[largest] > MOST_EMPTY:
        raise InputError(where)
    logger.warning("%s", where)


def refuse_galaxies(randoms: SkySample, galaxies: SkySample) -> None:
    """Refuse randoms of which many are galaxies of the catalogue: their densities would be alike.

    Parameters
    ----------
    randoms, galaxies : SkySample

    Raises
    ------
    InputError
        More than a tenth of the randoms are at exactly the places of galaxies.
    """
    random, galaxy = (sample.ra + 1j * sample.dec for sample in (randoms, galaxies))
    same = np.isin(random, galaxy)
    if randoms.distance is not None:  # angles may be rounded
        same &= np.isin(randoms.distance, galaxies.distances)
    shared = same.mean()
    if shared > MOST_SHARED:
        raise InputError(
            f"{randoms.name}: {shared:.0%} of the randoms are at the places of galaxies of "
            f"{galaxies.name}; give points without clustering, which the survey offers, or "
            "--estimate-footprint instead"
        )


def _compare_distances(galaxies: SkySample, randoms: SkySample) -> None:
    """Warn of randoms that end before the galaxies, or have another density by distance."""
    low, high = randoms.distances.min(), randoms.distances.max()
    within = (galaxies.distances >= low) & (galaxies.distances <= high)
    if within.mean() < FEW_INSIDE:
        logger.warning(
            "%s: %.0f%% of the galaxies are nearer or farther than all of %s, from %.4g to %.4g "
            "Mpc/h, and are not used: if that is not intended, give the randoms of this sample",
            galaxies.name,
            100 * (1 - within.mean()),
            randoms.name,
            low,
            high,
        )
    if within.sum() < FEWEST:
        return
    edges = np.unique(np.quantile(randoms.distances, np.linspace(0, 1, SHELLS + 1)))
    numbers = [
        np.histogram(each.distances, edges, weights=each.weight)[0] for each in (galaxies, randoms)
    ]
    if not all(numbers[1]):  # a few redshifts that many randoms have
        return
    ratio = numbers[0] / numbers[1] * (numbers[1].sum() / numbers[0].sum())
    if ratio.max() > UNLIKE * ratio.min():
        most, fewest = int(np.argmax(ratio)), int(np.argmin(ratio))
        logger.warning(
            "%s: galaxies per random are %.2g times the mean from %.4g to %.4g Mpc/h, but %.2g "
            "times from %.4g to %.4g Mpc/h, which is more than clustering: if %s have another "
            "distribution of redshifts or weights, most voids there are not real; give randoms "
            "with those of the galaxies, or name no column of their redshifts",
            galaxies.name,
            ratio[most],
            *edges[most : most + 2],
            ratio[fewest],
            *edges[fewest : fewest + 2],
            randoms.name,
        )


def _empty_part(galaxies: SkySample, footprint: Footprint) -> tuple[float, tuple[float, float]]:
    """Return the fraction of the footprint without galaxies, and where most of it is in degrees.

    The sky is divided into pixels for about 50 galaxies.
    """
    ra, dec, _ = spherical_coordinates(footprint.outline)
    per_pixel = max(len(ra) * EXPECTED / galaxies.n_objects, OUTLINE_POINTS)
    pixels = fit_pixels(ra, dec, per_pixel)
    index = pixels.index(ra, dec)
    points = np.bincount(index, minlength=len(pixels.area))
    points[points < per_pixel / 2] = 0  # pixels at the edges may be empty
    n_points = max(points.sum(), 1)
    points[pixels.index(galaxies.ra, galaxies.dec)] = 0
    hole = footprint.outline[(index == np.argmax(points)) & points.any()]
    place = spherical_coordinates(hole.sum(axis=0, keepdims=True))[:2]
    return float(points.sum() / n_points), (float(place[0][0]), float(place[1][0]))
