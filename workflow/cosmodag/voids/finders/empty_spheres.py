"""Voids as unions of empty spheres among tracers, merged as VoidFinder merges them."""

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.finders.cell_list import sort_into_cells
from cosmodag.voids.finders.sphere_merging import merge_spheres
from cosmodag.voids.finders.touching_spheres import grow_spheres
from cosmodag.voids.finders.union_volume import union_volumes
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.finders.wall_galaxies import is_wall_galaxy

OUTSIDE_LIMIT = 0.1
OCCUPANCY = 8


def find_empty_spheres(
    positions: np.ndarray,
    box_size: np.ndarray,
    *,
    periodic: bool,
    minimum_radius: float = 10.0,
    wall_only: bool = True,
    spacing: float | None = None,
) -> VoidCatalogue:
    """Find voids as unions of empty spheres.

    The finder follows VoidFinder (El-Ad & Piran 1997, ApJ 491, 421; Hoyle & Vogeley 2002, ApJ
    566, 641; Douglass et al. 2022, JOSS 7, 4033): field galaxies are set apart, empty spheres
    grow among the rest until four hold them, a sphere is *maximal* if no larger maximal one
    overlaps more than 10 % of its volume, and another joins a void if exactly one maximal sphere
    overlaps at least half of its volume.

    Parameters
    ----------
    positions : (N, 3) array
        Tracers in Mpc/h, 0 ≤ x ≤ box_size.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats. In an open box a sphere may have 10 % of its volume outside.
    minimum_radius : float
        Smallest sphere in Mpc/h.
    wall_only : bool
        Whether field galaxies may lie inside voids; if not, the spheres are empty of all tracers.
    spacing : float, optional
        Distance between the points that spheres grow from, in Mpc/h; a third of the smallest
        radius by default.

    Returns
    -------
    VoidCatalogue
        Largest maximal sphere first; a void's position and radius are its maximal sphere's,
        which is the first of its spheres. `volume` is that of the union.

    Raises
    ------
    InputError
        If there is no tracer, or one is outside the box.
    """
    positions = np.asarray(positions)
    box_size = np.asarray(box_size, dtype=np.float64)
    _check_tracers(positions, box_size, minimum_radius)
    if periodic:
        positions = np.where(positions >= box_size, 0, positions)
    if wall_only:
        positions = positions[is_wall_galaxy(positions, box_size, periodic=periodic)]
    cells = sort_into_cells(positions, box_size, periodic=periodic, occupancy=OCCUPANCY)
    centre, radius = grow_spheres(cells, minimum_radius, spacing or minimum_radius / 3)
    if not periodic:
        inside = fraction_outside(centre, radius, box_size) <= OUTSIDE_LIMIT
        centre, radius = centre[inside], radius[inside]
    maximal, void = merge_spheres(centre, radius, box_size, periodic=periodic)
    is_maximal = np.zeros(len(radius), dtype=bool)
    is_maximal[maximal] = True
    joined = np.flatnonzero(void >= 0)
    # By void, its maximal sphere first: a joined one may be larger, if others hold part of it.
    joined = joined[np.lexsort((~is_maximal[joined], void[joined]))]
    position, size = centre[maximal], radius[maximal]
    centre, radius, void = centre[joined], radius[joined], void[joined]
    return VoidCatalogue(
        position=position,
        radius=size,
        volume=union_volumes(centre, radius, void, len(maximal), box_size, periodic=periodic),
        sphere_position=centre,
        sphere_radius=radius,
        sphere_void=void,
    )


def fraction_outside(centre: np.ndarray, radius: np.ndarray, box_size: np.ndarray) -> np.ndarray:
    """Fraction of the volume of spheres outside an open box, counting edges twice.

    Parameters
    ----------
    centre, radius : (S, 3) and (S,) arrays
        Spheres centred inside the box, in Mpc/h.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    """
    distance = np.concatenate([centre, box_size - centre], axis=1)
    height = np.maximum(radius[:, None] - distance, 0) / radius[:, None]
    return (height**2 * (3 - height) / 4).sum(axis=1)


def _check_tracers(positions, box_size, minimum_radius) -> None:
    if len(positions) == 0:
        raise InputError("no tracer in the box: voids cannot be told in it")
    if not np.isfinite(positions).all():
        raise InputError("tracer positions hold NaN or infinite values: remove these rows")
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
