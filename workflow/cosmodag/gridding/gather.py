"""Interpolation of a grid at the positions of particles, the transpose of mass assignment."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numba import njit

from cosmodag.errors import InputError
from cosmodag.gridding.frame import TOLERANCE, Frame, check_array, outside_error
from cosmodag.gridding.stencil import axis_weights, inside, shift, stencil


def gather(
    fields,
    positions,
    box_size,
    *,
    method="cic",
    periodic=True,
    origin=0,
    threads=None,
    out=None,
):
    """Interpolate one or several fields on a grid at positions.

    Uses the cells and weights of `assign_mass`, so a force that is gathered as the mass was
    assigned conserves momentum (Hockney & Eastwood 1988, section 5-3-3).

    Parameters
    ----------
    fields
        (nx, ny, nz) or (nx, ny) for one field, with an axis of C fields in front for several;
        float32 or float64.
    positions
        (N, 3) or (N, 2) float32 or float64, in the unit of `box_size`; ordered positions are
        faster, since neighbours then share cache lines.
    box_size, origin
        Sides and lower corner of the box: numbers or one per axis.
    method
        "ngp", "cic" or "tsc".
    periodic
        Whether cells beyond an edge are those of the opposite edge; else the edge's own.
    threads
        Threads to use; as many as numba has by default.
    out
        Array to fill, (N,) or (N, C); a new one of the fields' dtype by default.

    Returns
    -------
    ndarray
        (N,), or (N, C) where there is an axis of fields.

    Raises
    ------
    InputError
        For arrays that do not fit together, and for positions that are NaN, infinite or
        outside the box; `out` is then unfinished.
    """
    fields = np.asarray(fields)
    dimensions = np.shape(positions)[-1]
    check_array(positions, dimensions)
    if fields.ndim - dimensions not in (0, 1):
        raise InputError(f"fields of shape {fields.shape} do not fit {dimensions} coordinates")
    several = fields.ndim > dimensions
    frame = Frame.of(fields.shape[several:], box_size, origin)
    cells = stencil(method)
    grids = fields.reshape(-1, *frame.shape)
    wanted = (len(positions), len(grids)) if several else (len(positions),)
    if out is None:
        out = np.empty(wanted, fields.dtype)
    elif out.shape != wanted or not out.flags.c_contiguous:
        raise InputError(f"out of shape {out.shape}: a contiguous {wanted} array is needed")
    threads = threads or numba.get_num_threads()
    columns, values = frame.columns(positions), out.reshape(len(positions), len(grids))
    low = shift(method)

    def run(part):
        rows = slice(len(positions) * part // threads, len(positions) * (part + 1) // threads)
        along = (column[rows] for column in columns)
        place = (frame.origin, frame.cell, low, bool(periodic), cells)
        return _gather(grids, *along, *place, values[rows])

    with ThreadPoolExecutor(threads) as executor:
        outside = sum(executor.map(run, range(threads)))
    if outside:
        raise outside_error(positions, box_size, origin, outside)
    return out


@njit(cache=True, nogil=True)
def _gather(grids, x, y, z, origin, cell, low, periodic, cells, out):
    """Fill `out` and count positions outside; bound by the latency of the grids' cache lines."""
    nx, ny, nz = grids.shape[1:]
    outside = 0
    for i in range(len(x)):
        u = (x[i] - origin[0]) / cell[0]
        v = (y[i] - origin[1]) / cell[1]
        w = (z[i] - origin[2]) / cell[2]
        if not (_in_box(u, nx) and _in_box(v, ny) and _in_box(w, nz)):
            outside += 1
            continue
        a, wx = _first(u - low, cells)
        b, wy = _first(v - low, cells)
        c, wz = _first(w - low, cells)
        for field in range(len(grids)):
            value = 0.0
            for j in range(len(cells)):
                p = inside(a + j, nx, periodic)
                for k in range(len(cells)):
                    q = inside(b + k, ny, periodic)
                    share = wx[j] * wy[k]
                    for l in range(len(cells)):
                        value += share * wz[l] * grids[field, p, q, inside(c + l, nz, periodic)]
            out[i, field] = value
    return outside


@njit(cache=True, nogil=True)
def _in_box(u, n):
    return -TOLERANCE * n <= u <= n * (1 + TOLERANCE)


@njit(cache=True, nogil=True)
def _first(s, cells):
    """First cell touched and the weights from there on."""
    first = int(np.floor(s))
    return first, axis_weights(s - first, cells)
