"""Mass assignment of particles to a grid: NGP, CIC and TSC."""

import numpy as np
from numba import njit

from cosmodag.errors import InputError
from cosmodag.gridding.frame import TOLERANCE, Frame, check_array, outside_error
from cosmodag.gridding.stencil import axis_weights, stencil


def assign_mass(
    positions,
    grid,
    box_size,
    *,
    weights=None,
    method="cic",
    periodic=True,
    origin=0,
    offset=0.0,
    threads=None,
):
    """Add the mass of particles to the cells of a grid, in place."""
    check_array(positions, grid.ndim)
    frame = Frame.of(grid.shape, box_size, origin)
    if weights is None:
        weights = np.ones(1, np.float32)
    step = 0 if len(weights) == 1 else 1
    volume = grid.reshape(frame.shape)
    if not np.shares_memory(volume, grid):
        raise InputError("grid must be contiguous")
    columns = frame.columns(positions)
    shift = len(stencil(method)) / 2 - 0.5 - offset
    from cosmodag.gridding.frame import check_positions

    check_positions(positions, box_size, origin=origin)
    _deposit(
        *columns, weights, step, volume, frame.origin, frame.cell, shift, periodic, stencil(method)
    )
    return grid


@njit(cache=True, nogil=True)
def _deposit(x, y, z, weights, step, grid, origin, cell, shift, periodic, cells):
    nx, ny, nz = grid.shape
    for i in range(len(x)):
        u = (x[i] - origin[0]) / cell[0] - shift
        v = (y[i] - origin[1]) / cell[1] - shift
        w = (z[i] - origin[2]) / cell[2] - shift
        a, b, c = int(np.floor(u)), int(np.floor(v)), int(np.floor(w))
        wx = axis_weights(u - a, cells)
        wy = axis_weights(v - b, cells)
        wz = axis_weights(w - c, cells)
        for j in cells:
            for k in cells:
                for l in cells:
                    p, q, r = a + j, b + k, c + l
                    if periodic:
                        p, q, r = p % nx, q % ny, r % nz
                    else:
                        p = min(max(p, 0), nx - 1)
                        q = min(max(q, 0), ny - 1)
                        r = min(max(r, 0), nz - 1)
                    grid[p, q, r] += weights[i * step] * wx[j] * wy[k] * wz[l]
