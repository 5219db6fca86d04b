"""Cells of a grid, and the shares of a particle's mass that they receive.

Cell ``i`` of an axis covers ``[i, i + 1) h`` with ``h = box_size / n``, so its centre lies at
``(i + 1/2) h``. A particle at ``s = x / h`` contributes to `width` cells from ``floor(s - shift)``
on. The fraction ``f = s - shift - floor(s - shift)`` sets their weights (Hockney & Eastwood 1988,
section 5-3):

======  =====  =====  =======================================
method  width  shift  weights
======  =====  =====  =======================================
ngp     1      0      1
cic     2      1/2    1 - f, f
tsc     3      1      (1 - f)²/2, 3/4 - (f - 1/2)², f²/2
======  =====  =====  =======================================

PySCo uses the same convention. Codes that place grid *points* at ``i h`` (Pylians, abacusutils)
agree with an `offset` of half a cell.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from cosmodag.errors import InputError

METHODS = ("ngp", "cic", "tsc")
"""Nearest grid point, cloud in cell, triangular-shaped cloud."""
TOLERANCE = 2.0**-20
"""Fraction of the box by which rounding to float32 may move a position past an edge."""


class GridGeometry(NamedTuple):
    """Shape, origin and cell size of a grid in a box.

    A two-dimensional grid gets a middle axis of one cell: kernels then handle three axes only, and
    the last axis stays contiguous.

    Attributes
    ----------
    shape : tuple of int
        Cells along the three axes.
    origin : tuple of float
        Lower corner of the box, in the unit of the positions.
    cell_size : tuple of float
        Sides of a cell, in the unit of the positions.
    """

    shape: tuple[int, int, int]
    origin: tuple[float, float, float]
    cell_size: tuple[float, float, float]

    @classmethod
    def from_box(
        cls, shape: Sequence[int], box_size: ArrayLike, origin: ArrayLike
    ) -> "GridGeometry":
        """Return the geometry of a grid that fills a box.

        Parameters
        ----------
        shape : sequence of int
            Cells along two or three axes.
        box_size, origin : float or sequence of float
            Sides and lower corner of the box, for all axes or per axis.

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
            raise InputError(f"box_size {box_size!r}: sides must be positive and finite")
        cell_size = sides / np.array(shape)
        if len(shape) == 2:
            shape = (shape[0], 1, shape[1])
            corner = np.insert(corner, 1, 0.0)
            cell_size = np.insert(cell_size, 1, 1.0)
        nx, ny, nz = map(int, shape)
        x, y, z = corner.tolist()
        dx, dy, dz = cell_size.tolist()
        return cls((nx, ny, nz), (x, y, z), (dx, dy, dz))


def coordinates(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return views of positions along three axes; those of two dimensions have y = 0."""
    x, z = positions[:, 0], positions[:, -1]
    if positions.shape[1] == 3:
        return x, positions[:, 1], z
    zero = np.zeros(1, positions.dtype)
    return x, np.lib.stride_tricks.as_strided(zero, x.shape, (0,)), z


def stencil_cells(method: str) -> tuple[int, ...]:
    """Return the cells of a stencil along an axis, counted from the first: ``(0, 1)`` for CIC.

    The length of a tuple is part of its type. Kernels that take a stencil and loop over
    ``range(len(stencil))`` are therefore compiled per method, with their loops unrolled.

    Raises
    ------
    InputError
        If `method` is not one of `METHODS`.
    """
    if method not in METHODS:
        raise InputError(f"mass assignment {method!r} is unknown: choose one of {METHODS}")
    return tuple(range(METHODS.index(method) + 1))


def stencil_shift(method: str) -> float:
    """Return the distance in cells by which a stencil starts below its particle."""
    return (len(stencil_cells(method)) - 1) / 2


@njit(cache=True, nogil=True)
def axis_weights(fraction, stencil):
    """Return a stencil's weights for a particle at a `fraction` of a cell past the start."""
    f = fraction
    g = 1 - fraction
    if len(stencil) == 1:
        return (1.0,)
    if len(stencil) == 2:
        return (g, f)
    return (g * g / 2, 3 / 4 - (f - 1 / 2) * (f - 1 / 2), f * f / 2)


@njit(cache=True, nogil=True)
def wrap_or_clamp(i, n, periodic):
    """Return the index in a grid for cell `i`: wrapped if periodic, else the nearest cell."""
    if 0 <= i < n:
        return i
    return i % n if periodic else min(max(i, 0), n - 1)


def check_positions(positions: np.ndarray, dimensions: int) -> None:
    """Refuse positions that are not a float32 or float64 array of shape (N, dimensions)."""
    shape, dtype = np.shape(positions), getattr(positions, "dtype", None)
    if len(shape) != 2 or shape[1] != dimensions:
        raise InputError(f"positions of shape {shape}: (N, {dimensions}) fits the grid")
    if dtype not in (np.float32, np.float64):
        raise InputError(f"positions of dtype {dtype}: convert them to float32 or float64")


def outside_error(
    positions: np.ndarray, box_size: ArrayLike, origin: ArrayLike, n_outside: int
) -> InputError:
    """Return the error for positions outside the box: their fraction, extent and the cure."""
    finite = np.isfinite(positions).all(axis=1)
    fraction = f"{n_outside / len(positions):.3%} of {len(positions)} positions"
    n_not_finite = len(positions) - int(finite.sum())
    if n_not_finite == n_outside:
        return InputError(f"{fraction} are NaN or infinite: drop or repair these rows")
    low, high = positions[finite].min(axis=0), positions[finite].max(axis=0)
    return InputError(
        f"{fraction} lie outside the box of side {_brief(box_size)} from {_brief(origin)}"
        f" ({n_not_finite} are NaN or infinite); they span {_brief(low)} to {_brief(high)}:"
        " check the unit (Mpc or Mpc/h, kpc) and the origin"
    )


def _per_axis(name: str, value: ArrayLike, dimensions: int) -> np.ndarray:
    try:
        return np.array(np.broadcast_to(np.asarray(value, dtype=float), (dimensions,)))
    except (TypeError, ValueError):
        raise InputError(f"{name} {value!r}: give one value or {dimensions}") from None


def _brief(value: ArrayLike) -> str:
    values = ", ".join(f"{component:g}" for component in np.atleast_1d(value))
    return f"({values})" if "," in values else values
