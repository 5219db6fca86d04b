"""Coordinates of catalogues: units, origin and box, and checks that positions fit the box."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError

UNITS = ("Mpc/h", "Mpc", "kpc/h")


@dataclass(frozen=True, kw_only=True)
class BoxCoordinates:
    """The box of a catalogue and the coordinates of the positions in it.

    Parameters
    ----------
    box_size : float or sequence of float, shape (3,)
        Side of the box, or its side along each axis, in Mpc/h.
    unit : {"Mpc/h", "Mpc", "kpc/h"}
        Comoving unit of lengths in the catalogue.
    hubble : float, optional
        h = H0 / (100 km/s/Mpc); needed for the unit Mpc.
    origin : float or sequence of float, shape (3,)
        Lower corner of the box in the coordinates of the catalogue, in Mpc/h: -50 for a box that
        extends from -50 to 50.
    periodic : bool
        Whether the box is periodic.

    Raises
    ------
    InputError
        `box_size` or `origin` is neither one number nor three, or a side is not positive.

    Examples
    --------
    >>> BoxCoordinates(box_size=100, origin=-50).corner
    array([-50., -50., -50.])
    """

    box_size: float | Sequence[float]
    unit: str = "Mpc/h"
    hubble: float | None = None
    origin: float | Sequence[float] = 0.0
    periodic: bool = True

    def __post_init__(self):
        if (self.sides <= 0).any():
            raise InputError(f"box_size: sides must be positive, not {self.box_size}")
        _three("origin", self.origin)

    @property
    def sides(self) -> np.ndarray:
        """Sides of the box in Mpc/h, shape (3,), float64."""
        return _three("box_size", self.box_size)

    @property
    def corner(self) -> np.ndarray:
        """Lower corner of the box in Mpc/h, shape (3,), float64."""
        return _three("origin", self.origin)

    def scale(self, path: str | os.PathLike) -> float:
        """Return the factor that converts lengths of the catalogue to Mpc/h.

        Parameters
        ----------
        path : path-like
            The catalogue, to be named in errors.

        Returns
        -------
        float
            Mpc/h per unit of the catalogue.

        Raises
        ------
        InputError
            The unit is unknown, or it is Mpc and `hubble` is not a plausible h.
        """
        if self.unit not in UNITS:
            raise InputError(f"{path}: unit '{self.unit}' is unknown; allowed: {', '.join(UNITS)}")
        if self.unit == "Mpc":
            if self.hubble is None or not 0.3 <= self.hubble <= 1.5:
                raise InputError(
                    f"{path}: unit 'Mpc' needs 'hubble', h = H0/(100 km/s/Mpc), such as 0.7, not "
                    f"{self.hubble}"
                )
            return self.hubble
        return 1.0 if self.unit == "Mpc/h" else 1e-3


def misfit_error(
    objects: str,
    coordinates: BoxCoordinates,
    *,
    fraction_outside: float,
    low: np.ndarray,
    high: np.ndarray,
) -> InputError:
    """Return the error for positions that do not fit their box, with the probable cause.

    Parameters
    ----------
    objects : str
        File and kind of the objects, such as "galaxies.fits: galaxies".
    coordinates : BoxCoordinates
        The coordinates that the positions were read with.
    fraction_outside : float
        Fraction of the objects outside the box.
    low, high : numpy.ndarray, shape (3,)
        Smallest and largest coordinate along each axis in Mpc/h, before the origin is subtracted.

    Returns
    -------
    InputError
        To be raised by the caller.
    """
    sides, unit = coordinates.sides, coordinates.unit
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
    misfit = "far from filling"
    if fraction_outside:
        misfit = f"{100 * fraction_outside:.3g} % of them outside"
    size = " x ".join(f"{side:g}" for side in dict.fromkeys(sides.tolist()))
    corner = ", ".join(f"{x:g}" for x in dict.fromkeys(coordinates.corner.tolist()))
    return InputError(
        f"{objects} extend from {low.min():.6g} to {high.max():.6g} Mpc/h, {misfit} the box of "
        f"{size} Mpc/h at origin {corner}, with unit {unit}: perhaps {guess}?"
    )


def _three(key: str, value: float | Sequence[float]) -> np.ndarray:
    """Return one number or three as an array of shape (3,), float64."""
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if numbers.shape not in ((1,), (3,)) or not np.isfinite(numbers).all():
        raise InputError(f"{key}: give one number or three, not {value}")
    return np.broadcast_to(numbers, (3,)).copy()
