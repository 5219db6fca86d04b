"""Void catalogues from other finders, checked for the units of the box."""

import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume, spheres_as_voids

UNITS_HINT = "lengths must be comoving Mpc/h (Mpc times h, kpc/h divided by 1000)"
MAXIMUM_STRAY_FRACTION = 0.1
MAXIMUM_FILLING = 3.0
EMPTY_MARGIN = 0.2


def voids_from_catalogue(
    position: ArrayLike,
    radius: ArrayLike,
    box_size: ArrayLike,
    *,
    periodic: bool = True,
    source: str = "void catalogue",
) -> VoidCatalogue:
    """Return the spheres of an external catalogue as voids.

    Finders leave the centres of voids across the faces of a periodic box slightly outside it; they
    are wrapped. In an open box, voids centred outside are dropped.

    Parameters
    ----------
    position : array-like, shape (M, 3)
        Centres in Mpc/h from the lower corner of the box.
    radius : array-like, shape (M,)
        Radii in Mpc/h.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    source : str
        Name of the catalogue in errors, such as its path.

    Returns
    -------
    VoidCatalogue
        One void per sphere.

    Raises
    ------
    InputError
        A value is not finite, a radius is not positive, or lengths and box cannot have the same
        unit: centres beyond the box or in part of it only, a largest radius above half of the
        box or below a thousandth of it, or voids of more than 3 times the volume of the box.

    Examples
    --------
    >>> voids_from_catalogue([[-1.0, 5.0, 5.0]], [3.0], [20.0] * 3).position
    array([[19.,  5.,  5.]])
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    position = np.asarray(position, dtype=np.float64).reshape(-1, 3)
    radius = np.asarray(radius, dtype=np.float64)
    if len(position) != len(radius):
        raise InputError(f"{source}: {len(position)} centres but {len(radius)} radii")
    if len(radius) == 0:
        return spheres_as_voids(position, radius)
    if not (np.isfinite(position).all() and np.isfinite(radius).all() and radius.min() > 0):
        raise InputError(f"{source}: centres and radii must be finite, and radii above 0")
    _check_radii(radius, box_size, source)
    _check_centres(position, radius, box_size, periodic, source)
    if periodic:
        # A centre at -1e-20 wraps to the box size itself, which is 0.
        position = position % box_size % box_size
    else:
        inside = ((position >= 0) & (position <= box_size)).all(axis=1)
        position, radius = position[inside], radius[inside]
    return spheres_as_voids(position, radius)


def _check_radii(radius: np.ndarray, box_size: np.ndarray, source: str) -> None:
    """Refuse radii that are too large or too small for the box."""
    side = box_size.min()
    if radius.max() > side / 2:
        raise InputError(
            f"{source}: the largest radius {radius.max():.6g} exceeds half of the box of "
            f"{side:.6g} Mpc/h; {UNITS_HINT}"
        )
    if radius.max() < side / 1000:
        raise InputError(
            f"{source}: the largest radius {radius.max():.6g} is below a thousandth of the box "
            f"of {side:.6g} Mpc/h; {UNITS_HINT}"
        )
    filling = sphere_volume(radius).sum() / box_size.prod()
    if filling > MAXIMUM_FILLING:
        raise InputError(
            f"{source}: the volume of its voids is {filling:.1f} times that of the box, so the "
            f"radii (median {np.median(radius):.6g}) are too large; {UNITS_HINT}"
        )


def _check_centres(
    position: np.ndarray, radius: np.ndarray, box_size: np.ndarray, periodic: bool, source: str
) -> None:
    """Refuse centres beyond the box, and centres in part of a periodic box only."""
    beyond = np.maximum(-position, position - box_size).max(axis=1)
    stray_fraction = np.mean(beyond > radius)
    if stray_fraction > MAXIMUM_STRAY_FRACTION:
        raise InputError(
            f"{source}: {stray_fraction:.0%} of the centres lie beyond the box of "
            f"{box_size.tolist()} Mpc/h, at up to {np.abs(position).max():.6g}; {UNITS_HINT}, and "
            "counted from the box's origin"
        )
    # 100 voids lie in 80 % of an axis by chance once in 10^9.
    if periodic and len(radius) >= 100:
        extent = (position.max(axis=0) / box_size).min()
        if extent < 1 - EMPTY_MARGIN:
            raise InputError(
                f"{source}: along an axis its centres end at {extent:.0%} of the box of "
                f"{box_size.tolist()} Mpc/h; {UNITS_HINT}, and the box size too"
            )
