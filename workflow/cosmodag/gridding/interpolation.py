"""Interpolation of gridded fields at positions, the transpose of mass assignment."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.gridding.cells import (
    TOLERANCE,
    GridGeometry,
    axis_weights,
    check_positions,
    coordinates,
    outside_error,
    stencil_cells,
    stencil_shift,
    wrap_or_clamp,
)


def gather(
    fields: np.ndarray,
    positions: np.ndarray,
    box_size: ArrayLike,
    *,
    method: str = "cic",
    periodic: bool = True,
    origin: ArrayLike = 0,
    threads: int | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Interpolate one or more gridded fields at positions.

    The stencils are those of `assign_mass`. A force that is gathered with the scheme that assigned
    the mass conserves momentum.

    Parameters
    ----------
    fields : numpy.ndarray, shape (nx, ny, nz) or (nx, ny), float32 or float64
        A field, or C fields with an additional first axis.
    positions : numpy.ndarray, shape (n, 3) or (n, 2), float32 or float64
        Positions in the unit of `box_size`. Spatially ordered positions are faster, since
        neighbours share cache lines.
    box_size, origin : float or sequence of float
        Sides and lower corner of the box, for all axes or per axis.
    method : str
        Interpolation scheme: "ngp", "cic" or "tsc".
    periodic : bool
        Whether cells beyond an edge are those of the opposite edge; otherwise the edge's own.
    threads : int, optional
        Number of threads; numba's default if not given.
    out : numpy.ndarray, shape (n,) or (n, C), optional
        C-contiguous array to fill; a new one of the fields' dtype by default.

    Returns
    -------
    numpy.ndarray, shape (n,) or (n, C)
        Values at the positions; (n, C) if `fields` has an axis of fields.

    Raises
    ------
    InputError
        If arrays do not fit together, or positions are NaN, infinite or outside the box; `out` is
        then incomplete.

    References
    ----------
    Hockney & Eastwood 1988, *Computer Simulation Using Particles*, section 5-3-3.

    Examples
    --------
    >>> import numpy as np
    >>> from cosmodag.gridding import gather
    >>> field = np.arange(4.0)[:, None, None] * np.ones((4, 4, 4))
    >>> gather(field, np.array([[2.0, 1.0, 1.0], [2.5, 1.0, 1.0]]), box_size=4.0)
    array([1.5, 2. ])
    """
    fields = np.asarray(fields)
    dimensions = np.shape(positions)[-1]
    check_positions(positions, dimensions)
    if fields.ndim - dimensions not in (0, 1):
        raise InputError(f"fields of shape {fields.shape} do not fit {dimensions} coordinates")
    has_field_axis = fields.ndim > dimensions
    geometry = GridGeometry.from_box(fields.shape[has_field_axis:], box_size, origin)
    grids = fields.reshape(-1, *geometry.shape)
    n_positions = len(positions)
    shape = (n_positions, len(grids)) if has_field_axis else (n_positions,)
    if out is None:
        out = np.empty(shape, fields.dtype)
    elif out.shape != shape or not out.flags.c_contiguous:
        raise InputError(f"out of shape {out.shape}: a contiguous {shape} array is needed")
    n_threads = threads or numba.get_num_threads()
    axes, values = coordinates(positions), out.reshape(n_positions, len(grids))
    stencil, shift = stencil_cells(method), stencil_shift(method)

    def work(thread: int) -> int:
        rows = slice(n_positions * thread // n_threads, n_positions * (thread + 1) // n_threads)
        x, y, z = (axis[rows] for axis in axes)
        return _gather(grids, (x, y, z), geometry, shift, bool(periodic), stencil, values[rows])

    with ThreadPoolExecutor(n_threads) as executor:
        n_outside = sum(executor.map(work, range(n_threads)))
    if n_outside:
        raise outside_error(positions, box_size, origin, n_outside)
    return out


@njit(cache=True, nogil=True)
def _gather(grids, axes, geometry, shift, periodic, stencil, out):
    """Fill `out` and count positions outside; bound by the latency of the grids' cache lines."""
    x, y, z = axes
    origin, cell_size = geometry.origin, geometry.cell_size
    nx, ny, nz = grids.shape[1:]
    n_outside = 0
    for i in range(len(x)):
        u = (x[i] - origin[0]) / cell_size[0]
        v = (y[i] - origin[1]) / cell_size[1]
        w = (z[i] - origin[2]) / cell_size[2]
        if not (_in_box(u, nx) and _in_box(v, ny) and _in_box(w, nz)):
            n_outside += 1
            continue
        a, wx = _first_cell(u - shift, stencil)
        b, wy = _first_cell(v - shift, stencil)
        c, wz = _first_cell(w - shift, stencil)
        for field in range(len(grids)):
            value = 0.0
            for j in range(len(stencil)):
                p = wrap_or_clamp(a + j, nx, periodic)
                for k in range(len(stencil)):
                    q = wrap_or_clamp(b + k, ny, periodic)
                    weight = wx[j] * wy[k]
                    for l in range(len(stencil)):
                        r = wrap_or_clamp(c + l, nz, periodic)
                        value += weight * wz[l] * grids[field, p, q, r]
            out[i, field] = value
    return n_outside


@njit(cache=True, nogil=True)
def _in_box(u, n):
    return -TOLERANCE * n <= u <= n * (1 + TOLERANCE)


@njit(cache=True, nogil=True)
def _first_cell(s, stencil):
    """Return the first cell of a stencil and the weights from there on."""
    first = int(np.floor(s))
    return first, axis_weights(s - first, stencil)
