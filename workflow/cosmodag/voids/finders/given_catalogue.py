"""Checks of a void catalogue that somebody else made: is it in the units of the box?"""

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume, spheres_as_voids

UNITS_CURE = "lengths must be comoving Mpc/h (Mpc times h, kpc/h divided by 1000)"
STRAY_LIMIT = 0.1
FILLING_LIMIT = 3.0
EMPTY_MARGIN = 0.2


def take_catalogue(
    position: np.ndarray,
    radius: np.ndarray,
    box_size: np.ndarray,
    *,
    periodic: bool = True,
    source: str = "void catalogue",
) -> VoidCatalogue:
    """Check a given void catalogue against its box and take each sphere as a void.

    Centres a little outside a periodic box, as finders write for voids across its faces, are
    wrapped into it; in an open box, voids centred outside are left out.

    Parameters
    ----------
    position : (M, 3) array
        Centres in Mpc/h from the box's corner.
    radius : (M,) array
        Radii in Mpc/h.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats.
    source : str
        What to call the catalogue in an error, such as its path.

    Returns
    -------
    VoidCatalogue

    Raises
    ------
    InputError
        If a value is not finite, a radius not positive, or lengths and box cannot share a unit:
        centres beyond the box or only in a corner of it, radii larger than half of the box or
        below a thousandth of it, or voids of more than 3 times the volume of the box.
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


def _check_radii(radius, box_size, source) -> None:
    side = box_size.min()
    if radius.max() > side / 2:
        raise InputError(
            f"{source}: the largest radius {radius.max():.6g} exceeds half of the box of "
            f"{side:.6g} Mpc/h; {UNITS_CURE}"
        )
    if radius.max() < side / 1000:
        raise InputError(
            f"{source}: the largest radius {radius.max():.6g} is below a thousandth of the box "
            f"of {side:.6g} Mpc/h; {UNITS_CURE}"
        )
    filling = sphere_volume(radius).sum() / box_size.prod()
    if filling > FILLING_LIMIT:
        raise InputError(
            f"{source}: its voids hold {filling:.1f} times the volume of the box, so the radii "
            f"(median {np.median(radius):.6g}) are too large; {UNITS_CURE}"
        )


def _check_centres(position, radius, box_size, periodic, source) -> None:
    beyond = np.maximum(-position, position - box_size).max(axis=1)
    stray = np.mean(beyond > radius)
    if stray > STRAY_LIMIT:
        raise InputError(
            f"{source}: {stray:.0%} of the centres lie beyond the box of {box_size.tolist()} "
            f"Mpc/h, at up to {np.abs(position).max():.6g}; {UNITS_CURE}, and counted from the "
            "box's origin"
        )
    # With 100 voids, all of them in 80 % of every axis happens by chance once in 10^29.
    if periodic and len(radius) >= 100:
        reach = (position.max(axis=0) / box_size).max()
        if reach < 1 - EMPTY_MARGIN:
            raise InputError(
                f"{source}: its centres end at {reach:.0%} of the box of {box_size.tolist()} "
                f"Mpc/h; {UNITS_CURE}, and the box size too"
            )
