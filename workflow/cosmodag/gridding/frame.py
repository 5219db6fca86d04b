"""Where positions lie among the cells of a grid, in two or three dimensions."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from cosmodag.errors import InputError

TOLERANCE = 2.0**-20  # of the box: what rounding to float32 may move a position past an edge


@dataclass(frozen=True)
class Frame:
    """A box cut into cells.

    Two-dimensional boxes get a middle axis of one cell, so that kernels know three dimensions
    only and the last axis stays contiguous.

    Attributes
    ----------
    shape
        Cells along the three axes.
    origin
        Lower corner, in the units of the positions.
    cell
        Sides of a cell, in the units of the positions.
    """

    shape: tuple[int, int, int]
    origin: tuple[float, float, float]
    cell: tuple[float, float, float]

    @classmethod
    def of(cls, shape, box_size, origin) -> "Frame":
        """Frame of a grid of `shape`; `box_size` and `origin` are numbers or one per axis.

        Raises
        ------
        InputError
            If the grid has neither 2 nor 3 axes, or a side is not positive and finite.
        """
        if len(shape) not in (2, 3) or min(shape) < 1:
            raise InputError(f"a grid of shape {tuple(shape)}: 2 or 3 axes with cells are needed")
        sides = _per_axis("box_size", box_size, len(shape))
        corner = _per_axis("origin", origin, len(shape))
        if not (np.all(np.isfinite(sides)) and np.all(sides > 0)):
            raise InputError(f"box_size {box_size}: sides must be positive and finite")
        cell = sides / np.array(shape)
        if len(shape) == 2:
            shape = (shape[0], 1, shape[1])
            corner = np.insert(corner, 1, 0.0)
            cell = np.insert(cell, 1, 1.0)
        return cls(tuple(map(int, shape)), tuple(corner.tolist()), tuple(cell.tolist()))

    def columns(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Views of the coordinates along the three axes; none is copied."""
        x, z = positions[:, 0], positions[:, -1]
        if positions.shape[1] == 3:
            return x, positions[:, 1], z
        unused = np.zeros(1, positions.dtype)
        return x, np.lib.stride_tricks.as_strided(unused, x.shape, (0,)), z


def check_array(positions: np.ndarray, dimensions: int) -> None:
    """Refuse positions that are not a float32 or float64 array of shape (N, dimensions)."""
    shape, dtype = np.shape(positions), getattr(positions, "dtype", None)
    if len(shape) != 2 or shape[1] != dimensions:
        raise InputError(f"positions of shape {shape}: (N, {dimensions}) fits the grid")
    if dtype not in (np.float32, np.float64):
        raise InputError(f"positions of dtype {dtype}: convert them to float32 or float64")


def check_positions(positions, box_size, *, origin=0) -> None:
    """Refuse positions that are NaN, infinite or outside the box.

    `assign_mass` and `gather` check by themselves while they pass over the positions; this
    serves callers that want to know before anything else happens.

    Parameters
    ----------
    positions
        (N, 2) or (N, 3) float32 or float64, any length unit.
    box_size, origin
        Sides and lower corner of the box in the same unit: numbers or one per axis.

    Raises
    ------
    InputError
        With the fraction outside and what may be the matter.
    """
    dimensions = np.shape(positions)[-1]
    frame = Frame.of((1,) * dimensions, box_size, origin)
    check_array(positions, dimensions)
    outside = _count_outside(*frame.columns(positions), frame.origin, frame.cell)
    if outside:
        raise outside_error(positions, box_size, origin, outside)


def outside_error(positions, box_size, origin, outside: int) -> InputError:
    """Describe `outside` positions beyond the box: the fraction, the extent found and the cure."""
    positions = np.asarray(positions)
    finite = np.isfinite(positions).all(axis=1)
    share = f"{outside / len(positions):.3%} of {len(positions)} positions"
    lost = len(positions) - int(finite.sum())
    if lost == outside:
        return InputError(f"{share} are NaN or infinite: drop or repair these rows")
    low, high = positions[finite].min(axis=0), positions[finite].max(axis=0)
    return InputError(
        f"{share} lie outside the box of side {_brief(box_size)} from {_brief(origin)}"
        f" ({lost} are NaN or infinite); they span {_brief(low)} to {_brief(high)}:"
        " check the unit (Mpc or Mpc/h, kpc) and the origin"
    )


@njit(cache=True, nogil=True)
def _count_outside(x, y, z, origin, side):
    """Count positions outside; bound by streaming the positions once."""
    outside = 0
    for i in range(len(x)):
        u = (x[i] - origin[0]) / side[0]
        v = (y[i] - origin[1]) / side[1]
        w = (z[i] - origin[2]) / side[2]
        low, high = -TOLERANCE, 1 + TOLERANCE
        inside = (low <= u <= high) & (low <= v <= high) & (low <= w <= high)
        outside += not inside
    return outside


def _per_axis(name: str, value, dimensions: int) -> np.ndarray:
    try:
        return np.array(np.broadcast_to(np.asarray(value, dtype=float), (dimensions,)))
    except (TypeError, ValueError):
        raise InputError(f"{name} {value!r}: one number, or {dimensions} of them") from None


def _brief(value) -> str:
    numbers = ", ".join(f"{number:g}" for number in np.atleast_1d(value))
    return f"({numbers})" if "," in numbers else numbers
