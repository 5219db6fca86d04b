"""Positions of real and of injected emission-line galaxies on a brick.

A null test requires not only that both classes of galaxies follow one distribution, but also that
their surroundings do. Candidates for real galaxies are drawn from a Poisson process; those without
another candidate within `ISOLATION` are accepted. Candidates for injections are uniformly
distributed, independently of the real galaxies, and accepted by the same criterion: no real
candidate within `ISOLATION`. A point of a Poisson process and an independent point see the same
process around them (Slivnyak's theorem), so the real galaxies in the stamps of both classes follow
the same distribution, at the edges of the brick as elsewhere. Sequential inhibition would not
achieve this: at high density, an injection would lie closer to real galaxies than these lie to each
other.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import lambertw

from cosmodag.errors import InputError

ISOLATION = 12
"""Minimum separation in x or in y in pixels, about 3 arcsec. No two emission-line galaxies blend
into one detection, which would count once if both are real and again if one is injected."""
INJECTION_SEPARATION = 54
"""Minimum separation of two injections in x or in y in pixels: 22 beyond the edge of a stamp of 64
pixels. Stamps then contain no light of other injections, which real galaxies do not have around
them. With a margin of 10 pixels, the summed outskirts of stamps distinguished the classes
(AUC 0.51)."""
NO_POSITIONS = np.zeros((0, 2))


class Positions(NamedTuple):
    """Positions of galaxies on a brick: x and y in 0-indexed pixels, from -0.5 to size - 0.5.

    Attributes
    ----------
    accepted : numpy.ndarray, shape (N, 2), float64
        Positions of the galaxies.
    candidates : numpy.ndarray, shape (M, 2), float64
        All candidates, including those rejected for lack of isolation.
    """

    accepted: np.ndarray
    candidates: np.ndarray


def place_real_galaxies(
    expected: float,
    size: int,
    rng: np.random.Generator,
    neighbours: np.ndarray = NO_POSITIONS,
) -> Positions:
    """Draw the positions of the real galaxies of a brick.

    Parameters
    ----------
    expected : float
        Expected number of galaxies.
    size : int
        Pixels per side of the brick.
    rng : numpy.random.Generator
        Random generator.
    neighbours : numpy.ndarray, shape (K, 2)
        Positions of bright sources of other types, from which all galaxies are isolated as well: a
        blend with one of them could pass the selection cuts.

    Returns
    -------
    Positions

    Raises
    ------
    InputError
        If the brick is too small for so many isolated galaxies.
    """
    n_candidates = rng.poisson(_expected_candidates(expected, size))
    candidates = rng.uniform(-0.5, size - 0.5, (n_candidates, 2))
    # Every candidate is within reach of itself.
    within = cKDTree(candidates).query_ball_point(
        candidates, ISOLATION, p=np.inf, return_length=True
    )
    return Positions(candidates[(within == 1) & _is_isolated(candidates, neighbours)], candidates)


def place_injections(
    expected: float,
    size: int,
    rng: np.random.Generator,
    real: Positions,
    neighbours: np.ndarray = NO_POSITIONS,
) -> Positions:
    """Draw the positions of injections, as many as `place_real_galaxies` draws galaxies.

    Candidates form a square grid with a random offset and random displacements, so that every
    position is equally likely. If `INJECTION_SEPARATION` limits their number, fewer are returned.

    Parameters
    ----------
    expected : float
        Expected number of injections.
    size : int
        Pixels per side of the brick.
    rng : numpy.random.Generator
        Random generator.
    real : Positions
        Positions of the real galaxies.
    neighbours : numpy.ndarray, shape (K, 2)
        As for `place_real_galaxies`.

    Returns
    -------
    Positions

    Raises
    ------
    InputError
        As `place_real_galaxies`.
    """
    candidates = _random_grid(_expected_candidates(expected, size), size, rng)
    isolated = _is_isolated(candidates, real.candidates) & _is_isolated(candidates, neighbours)
    return Positions(candidates[isolated], candidates)


def _is_isolated(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which points (N, 2) have none of the others (M, 2) within `ISOLATION`, (N,) bool."""
    if len(others) == 0 or len(points) == 0:
        return np.ones(len(points), bool)
    distance, _ = cKDTree(others).query(points, p=np.inf)
    return distance > ISOLATION


def _expected_candidates(expected: float, size: int) -> float:
    """Return the count n of candidates of which n exp(-n area / size²) are accepted."""
    if expected < 0 or size < 1:
        raise InputError(f"galaxies {expected:g}, size {size}: give a count >= 0 and pixels > 0")
    area = (2 * ISOLATION) ** 2 / size**2
    if expected * area * np.e > 1:
        most = 1 / (area * np.e)
        raise InputError(
            f"galaxies: {expected:g} per brick of {size}² pixels cannot be {ISOLATION} pixels "
            f"from each other; give at most {most:.0f}"
        )
    return float(-lambertw(-expected * area).real / area)


def _random_grid(count: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return about `count` uniform points at least `INJECTION_SEPARATION` from each other, (N, 2).

    No isotropic process packs points more densely.
    """
    if count == 0:
        return NO_POSITIONS
    step = max(size / np.sqrt(count), INJECTION_SEPARATION)
    lines = np.arange(-1, int(size / step) + 2) * step
    points = np.stack(np.meshgrid(lines, lines), -1).reshape(-1, 2) + rng.uniform(0, step, 2)
    slack = (step - INJECTION_SEPARATION) / 2
    points += rng.uniform(-slack, slack, points.shape)
    return points[((points >= -0.5) & (points < size - 0.5)).all(1)]
