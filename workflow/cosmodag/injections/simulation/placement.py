"""Where emission-line galaxies stand on a brick: the real ones and the injected by one law.

A null test needs more than galaxies of one law: what stands beside them must have one law too. Real
candidates are a Poisson process, of which those are kept that have no other candidate within
`ISOLATION`. Candidates for injections are as likely at one place as at another whatever the real
ones do, and are kept by the same rule: no real candidate within `ISOLATION`. A point of a Poisson
process and a point put anywhere see the same process about them (Slivnyak's theorem), so the real
galaxies in the stamps of both classes follow one law exactly, at edges as elsewhere. Points that
keep away from one another one after the other would not do: where they are dense, an injection
stands nearer to real galaxies than these do to each other.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import lambertw

from cosmodag.errors import InputError

ISOLATION = 12
"""Pixels in x or in y, about 3 arcsec: no two galaxies of the class blend into one detection, which
would count once if both are real but again if one is injected."""
LIGHT = 54
"""Pixels in x or in y between two injections: 22 beyond the edge of a stamp of 64, so that light of
other injections, which real galaxies do not have about them, stays out of it. At 10 pixels the sum
of a stamp's outskirts told the classes apart (AUC 0.51)."""
NOBODY = np.zeros((0, 2))


class Places(NamedTuple):
    """Positions x, y in 0-indexed pixels from -0.5 to size - 0.5, float64, of a brick.

    `kept` (N, 2) are those of galaxies, `candidates` (M, 2) include those that stood too close to
    another.
    """

    kept: np.ndarray
    candidates: np.ndarray


def place_real(
    count: float, size: int, rng: np.random.Generator, neighbours: np.ndarray = NOBODY
) -> Places:
    """Place the real galaxies of a brick.

    Parameters
    ----------
    count
        Number to expect.
    size
        Pixels a side of the brick.
    rng
        Where the draw comes from.
    neighbours
        Positions (K, 2) of bright sources of other kinds, from which all keep `ISOLATION` as well;
        a blend with one of them could pass the cuts at its place.

    Raises
    ------
    InputError
        So many galaxies cannot stand apart.
    """
    number = rng.poisson(_candidates(count, size))
    candidates = rng.uniform(-0.5, size - 0.5, (number, 2))
    # Each candidate finds itself; another makes two.
    near = cKDTree(candidates).query_ball_point(candidates, ISOLATION, p=np.inf, return_length=True)
    return Places(candidates[(near == 1) & _clear(candidates, neighbours)], candidates)


def place_injected(
    count: float,
    size: int,
    rng: np.random.Generator,
    real: Places,
    neighbours: np.ndarray = NOBODY,
) -> Places:
    """Place as many injections as `place_real` places galaxies; see there and `LIGHT`.

    Candidates stand on a square grid, shifted at random as a whole and each a little by itself, so
    that any place is as likely as any other. Where they find no room, fewer come back.
    """
    candidates = _grid(_candidates(count, size), size, rng)
    clear = _clear(candidates, real.candidates) & _clear(candidates, neighbours)
    return Places(candidates[clear], candidates)


def _clear(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether none of the others stands within `ISOLATION` of a point, (N,) bool."""
    if len(others) == 0 or len(points) == 0:
        return np.ones(len(points), bool)
    distance, _ = cKDTree(others).query(points, p=np.inf)
    return distance > ISOLATION


def _candidates(count: float, size: int) -> float:
    """Number of candidates of which `count` are kept: a share exp(-number × area / size²) is."""
    if count < 0 or size < 1:
        raise InputError(f"galaxies {count:g}, size {size}: give a number >= 0 and pixels > 0")
    taken = (2 * ISOLATION) ** 2 / size**2
    if count * taken * np.e > 1:
        most = 1 / (taken * np.e)
        raise InputError(
            f"galaxies: {count:g} a brick of {size}² pixels cannot stand {ISOLATION} pixels "
            f"apart; give at most {most:.0f}"
        )
    return float(-lambertw(-count * taken).real / taken)


def _grid(count: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """About `count` points at least `LIGHT` apart on a brick, (N, 2); no law packs them closer."""
    if count == 0:
        return NOBODY
    step = max(size / np.sqrt(count), LIGHT)
    lines = np.arange(-1, int(size / step) + 2) * step
    points = np.stack(np.meshgrid(lines, lines), -1).reshape(-1, 2) + rng.uniform(0, step, 2)
    slack = (step - LIGHT) / 2
    points += rng.uniform(-slack, slack, points.shape)
    return points[((points >= -0.5) & (points < size - 0.5)).all(1)]
