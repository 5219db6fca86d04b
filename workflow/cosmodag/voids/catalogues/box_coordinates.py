"""Coordinates of catalogues: units, origin and box, and checks that positions fit the box."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError

UNITS = ("Mpc/h", "Mpc", "kpc/h", "kpc", "box")
THINNEST = 5.0
"""Side of a box in Mpc/h below which one that is much shorter than another is no length."""


@dataclass(frozen=True, kw_only=True)
class BoxCoordinates:
    """The box of a catalogue and the coordinates of the positions in it.

    Parameters
    ----------
    box_size : float or sequence of float, shape (3,)
        Side of the box, or its side along each axis, in Mpc/h.
    unit : {"Mpc/h", "Mpc", "kpc/h", "kpc", "box"}
        Comoving unit of lengths in the catalogue; "box" is the side of a cubic box.
    hubble : float, optional
        h = H0 / (100 km/s/Mpc); needed for the units Mpc and kpc.
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
        if angular_sides(self.sides):
            raise InputError(
                f"box_size: {self.box_size} looks like angles in degrees and a redshift; give "
                "comoving sides in Mpc/h"
            )
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
            The unit is unknown, it is Mpc or kpc and `hubble` is not a plausible h, or it is that
            of a box with unlike sides.
        """
        if self.unit not in UNITS:
            raise InputError(f"{path}: unit '{self.unit}' is unknown; allowed: {', '.join(UNITS)}")
        if self.unit == "box":
            if np.ptp(self.sides):
                raise InputError(
                    f"{path}: unit 'box' needs a box with equal sides, not {self.box_size}; give "
                    "another unit"
                )
            return float(self.sides[0])
        factor = 1e-3 if self.unit.startswith("kpc") else 1.0
        if self.unit.endswith("/h"):
            return factor
        if self.hubble is None or not 0.3 <= self.hubble <= 1.5:
            raise InputError(
                f"{path}: unit '{self.unit}' needs 'hubble', h = H0/(100 km/s/Mpc), such as 0.7, "
                f"not {self.hubble}"
            )
        return factor * self.hubble


def angular_sides(sides: Sequence[float]) -> bool:
    """Return whether sides of a box look like ranges of right ascension, declination and redshift.

    Parameters
    ----------
    sides : sequence of float, shape (3,)
        Sides of a box.

    Examples
    --------
    >>> angular_sides([360, 180, 1]), angular_sides([120, 60, 0.3]), angular_sides([420] * 3)
    (True, True, False)
    """
    shortest, middle, longest = sorted(map(float, sides))
    whole_sky = [middle, longest] in ([180, 360], [90, 360])
    return whole_sky or (shortest < THINNEST and middle > 4 * shortest and longest <= 360)


def _three(key: str, value: float | Sequence[float]) -> np.ndarray:
    """Return one number or three as an array of shape (3,), float64."""
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if numbers.shape not in ((1,), (3,)) or not np.isfinite(numbers).all():
        raise InputError(f"{key}: give one number or three, not {value}")
    return np.broadcast_to(numbers, (3,)).copy()
