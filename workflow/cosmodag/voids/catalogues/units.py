"""Units of length of catalogues, and what positions outside a box say about them."""

import os
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from cosmodag.errors import InputError

UNITS = ("Mpc/h", "Mpc", "kpc/h")


def mpc_over_h(path: str | os.PathLike, unit: str, hubble: float | None) -> float:
    """The factor that turns comoving lengths of a catalogue into Mpc/h.

    Raises
    ------
    InputError
        The unit is none of `UNITS`, or it is Mpc and `hubble` is not a plausible h.
    """
    if unit not in UNITS:
        raise InputError(f"{path}: unit '{unit}' is unknown; allowed: {', '.join(UNITS)}")
    if unit == "Mpc":
        if hubble is None or not 0.3 <= hubble <= 1.5:
            raise InputError(
                f"{path}: unit 'Mpc' needs 'hubble', h = H0/(100 km/s/Mpc), such as 0.7; "
                f"found {hubble}"
            )
        return hubble
    return 1.0 if unit == "Mpc/h" else 1e-3


def three(key: str, value: float | Sequence[float]) -> np.ndarray:
    """One number or three as a float64 array (3,).

    Raises
    ------
    InputError
        It is neither, or `key` is "box_size" and a side is not positive.
    """
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if numbers.shape not in ((1,), (3,)) or not np.isfinite(numbers).all():
        raise InputError(f"{key}: give one number or three, not {value}")
    if key == "box_size" and (numbers <= 0).any():
        raise InputError(f"box_size: sides must be positive, not {value}")
    return np.broadcast_to(numbers, (3,)).copy()


def complain_outside(
    what: str,
    *,
    fraction: float,
    low: np.ndarray,
    high: np.ndarray,
    sides: np.ndarray,
    corner: np.ndarray,
    unit: str,
) -> NoReturn:
    """Raise the error for positions that do not fit their box, with a guess at the cause.

    Parameters
    ----------
    what
        File and kind of objects.
    fraction
        Share of the objects that lie outside.
    low, high
        Smallest and largest coordinate per axis, in Mpc/h by the settings.
    sides, corner
        Size of the box and the origin that the settings give (Mpc/h).
    unit
        Unit that the settings give.
    """
    ratio = float(np.max((high - low) / sides))
    nearest = np.round(low)
    if 0.9 < ratio < 1.05:
        guess = f"origin: {nearest[0]:g}" if np.ptp(nearest) == 0 else f"origin: {nearest.tolist()}"
    elif 500 < ratio < 1100 and unit != "kpc/h":
        guess = "unit: kpc/h"
    elif 0.0005 < ratio < 0.0011:
        guess = "unit: Mpc/h" if unit == "kpc/h" else "coordinates in Gpc/h"
    elif 1.2 < ratio < 2.0 and unit == "Mpc/h":
        guess = "unit: Mpc with hubble: 0.7"
    elif 0.5 < ratio < 0.9 and unit == "Mpc":
        guess = "unit: Mpc/h"
    else:
        guess = "another box_size, origin or unit"
    misfit = f"{100 * fraction:.3g} % of them outside" if fraction else "far from filling"
    size = " x ".join(f"{side:g}" for side in dict.fromkeys(sides.tolist()))
    raise InputError(
        f"{what} run from {low.min():.6g} to {high.max():.6g} Mpc/h, {misfit} the box of {size} "
        f"Mpc/h at origin {', '.join(f'{x:g}' for x in dict.fromkeys(corner.tolist()))}, read as "
        f"{unit}: perhaps {guess}?"
    )
