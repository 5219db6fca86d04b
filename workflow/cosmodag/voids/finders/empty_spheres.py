"""Voids as unions of empty spheres among tracers, after VoidFinder."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import maximum_filter

from cosmodag.errors import InputError
from cosmodag.voids.finders.cell_list import sort_into_cells
from cosmodag.voids.finders.sphere_growth import grow_spheres
from cosmodag.voids.finders.sphere_means import mean_in_spheres
from cosmodag.voids.finders.sphere_merging import merge_spheres
from cosmodag.voids.finders.union_volume import union_volumes
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.finders.wall_galaxies import is_wall_galaxy

MAXIMUM_FRACTION_OUTSIDE = 0.1
"""Largest fraction of the volume of a sphere that may lie outside an open box."""
MAXIMUM_POINTS = 10**9
"""Points from which spheres may grow whatever the number of tracers."""
POINTS_PER_TRACER = 10_000
"""Points from which spheres may grow for each tracer, if they are more."""
OCCUPANCY = 8
"""Mean number of tracers per cell of the cell list."""


def find_empty_spheres(
    positions: ArrayLike,
    box_size: ArrayLike,
    *,
    periodic: bool,
    minimum_radius: float = 10.0,
    wall_only: bool = True,
    spacing: float | None = None,
    survey: np.ndarray | None = None,
) -> VoidCatalogue:
    """Find voids as unions of empty spheres.

    The finder follows VoidFinder [1]_ [2]_ [3]_. Isolated field galaxies are removed, and empty
    spheres grow among the remaining tracers until four of them lie on the surface. A sphere is
    *maximal* if no larger maximal sphere overlaps more than 10 % of its volume. Another sphere
    joins the void of a maximal sphere if that sphere, and no other maximal sphere, overlaps at
    least half of its volume.

    Parameters
    ----------
    positions : array-like, shape (N, 3)
        Tracers in Mpc/h, 0 ≤ x ≤ box_size.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic. In an open box, up to 10 % of the volume of a sphere may lie
        outside.
    minimum_radius : float
        Smallest radius of a sphere in Mpc/h.
    wall_only : bool
        Whether field galaxies are removed, so that they may lie inside voids. Otherwise spheres
        contain no tracer at all.
    spacing : float, optional
        Distance between the points from which spheres grow in Mpc/h; a third of `minimum_radius` by
        default.
    survey : numpy.ndarray, shape (nx, ny, nz), bool, optional
        Cells of the box that are inside a survey. Up to 10 % of the volume of a sphere may lie
        outside.

    Returns
    -------
    VoidCatalogue
        Voids in descending order of the radius of their maximal sphere, which gives their position
        and radius and is the first of their spheres. `volume` is that of the union.

    Raises
    ------
    InputError
        There is no tracer, a tracer lies outside the box, or `minimum_radius` does not fit the box
        or is so small that spheres would grow from more than 10⁹ points, 10⁴ for each tracer.

    References
    ----------
    .. [1] El-Ad & Piran 1997, ApJ 491, 421.
    .. [2] Hoyle & Vogeley 2002, ApJ 566, 641.
    .. [3] Douglass et al. 2022, JOSS 7, 4033.

    Examples
    --------
    >>> positions = np.random.default_rng(0).uniform(0, 50, (1000, 3))
    >>> voids = find_empty_spheres(positions, [50.0] * 3, periodic=True, minimum_radius=5.0)
    >>> bool(voids.radius.min() >= 5.0)
    True
    """
    positions = np.asarray(positions)
    box_size = np.asarray(box_size, dtype=np.float64)
    _check_tracers(positions, box_size, minimum_radius)
    if periodic:
        positions = np.where(positions >= box_size, 0, positions)
    if wall_only:
        positions = positions[is_wall_galaxy(positions, box_size, periodic=periodic)]
    cells = sort_into_cells(positions, box_size, periodic=periodic, occupancy=OCCUPANCY)
    spacing = spacing or minimum_radius / 3
    _check_lattice(box_size, spacing, len(cells.position))
    region = np.ones((1, 1, 1), bool) if survey is None else _around(survey, box_size, spacing)
    centre, radius = grow_spheres(cells, minimum_radius, spacing, region)
    if survey is not None:
        inside = mean_in_spheres(survey, box_size, centre, radius, periodic=periodic)
        kept = inside >= 1 - MAXIMUM_FRACTION_OUTSIDE
        centre, radius = centre[kept], radius[kept]
    elif not periodic:
        inside = fraction_outside(centre, radius, box_size) <= MAXIMUM_FRACTION_OUTSIDE
        centre, radius = centre[inside], radius[inside]
    maximal, void = merge_spheres(centre, radius, box_size, periodic=periodic)
    is_maximal = np.zeros(len(radius), dtype=bool)
    is_maximal[maximal] = True
    joined = np.flatnonzero(void >= 0)
    # Sort by void, its maximal sphere first; a joined sphere may be larger if it overlaps others.
    joined = joined[np.lexsort((~is_maximal[joined], void[joined]))]
    sphere_position, sphere_radius, sphere_void = centre[joined], radius[joined], void[joined]
    return VoidCatalogue(
        position=centre[maximal],
        radius=radius[maximal],
        volume=union_volumes(
            sphere_position, sphere_radius, sphere_void, len(maximal), box_size, periodic=periodic
        ),
        sphere_position=sphere_position,
        sphere_radius=sphere_radius,
        sphere_void=sphere_void,
    )


def _around(survey: np.ndarray, box_size: np.ndarray, spacing: float) -> np.ndarray:
    """Return the cells of a survey and those so near that spheres inside may grow from there."""
    cell = box_size / survey.shape
    cells = np.ceil((0.5 * np.sqrt(3) * spacing) / cell + 1).astype(int)
    return maximum_filter(survey, 2 * cells + 1, mode="constant")


def fraction_outside(centre: np.ndarray, radius: np.ndarray, box_size: np.ndarray) -> np.ndarray:
    """Return the fraction of the volume of each sphere that lies outside an open box.

    The parts beyond two faces are counted twice.

    Parameters
    ----------
    centre : numpy.ndarray, shape (S, 3)
        Centres inside the box in Mpc/h.
    radius : numpy.ndarray, shape (S,)
        Radii in Mpc/h.
    box_size : numpy.ndarray, shape (3,)
        Sides of the box in Mpc/h.

    Returns
    -------
    numpy.ndarray, shape (S,), float64
        Volume fractions.
    """
    distance = np.concatenate([centre, box_size - centre], axis=1)
    height = np.maximum(radius[:, None] - distance, 0) / radius[:, None]
    return (height**2 * (3 - height) / 4).sum(axis=1)


def _check_tracers(positions: np.ndarray, box_size: np.ndarray, minimum_radius: float) -> None:
    """Refuse tracers and radii that do not fit the box."""
    if len(positions) == 0:
        raise InputError("there is no tracer in the box: no voids can be found in it")
    if not np.isfinite(positions).all():
        raise InputError("tracer positions contain NaN or infinite values: remove these rows")
    outside = ((positions < 0) | (positions > box_size)).any(axis=1).mean()
    if outside > 0:
        raise InputError(
            f"{outside:.1%} of the tracers lie outside the box of {box_size.tolist()} Mpc/h: check "
            "the unit (Mpc or Mpc/h) and the box's origin"
        )
    if not 0 < minimum_radius < box_size.min() / 2:
        raise InputError(
            f"minimum_radius {minimum_radius} Mpc/h does not fit the box of {box_size.tolist()}: "
            "give one between 0 and half of its shortest side"
        )


def _check_lattice(box_size: np.ndarray, spacing: float, n_tracers: int) -> None:
    """Refuse a lattice of starting points that is far too fine for the tracers."""
    n_points = float(np.ceil(box_size / spacing).prod())
    largest = max(MAXIMUM_POINTS, POINTS_PER_TRACER * n_tracers)
    if n_points > largest:
        factor = (n_points / largest) ** (1 / 3)
        raise InputError(
            f"minimum_radius is so small that spheres grow from {n_points:.2g} points, which is "
            f"more than {POINTS_PER_TRACER} for each of the {n_tracers} tracers: give one at least "
            f"{factor:.3g} times as large, about the mean distance between tracers, "
            f"{np.cbrt(box_size.prod() / n_tracers):.3g} Mpc/h"
        )
