"""Deposit of the particles of a tile, into a buffer in cache or straight into the grid."""

import numpy as np
from numba import njit, uint64

from cosmodag.gridding.stencil import axis_weights, inside
from cosmodag.gridding.tiles import FRACTION_BITS

SPARSE = 32  # cells of a tile per particle from which its buffer costs more than it saves
UNIT = 2.0**-FRACTION_BITS


@njit(cache=True, nogil=True)
def deposit_slab(slab, tiles, pool, mass, links, heads, ends, periodic, cells, buffer, grid):
    """Deposit the tiles of a slab, one by one.

    Slabs of one colour can run at the same time. Within a tile, particles are added in their
    original order, so the result does not depend on who runs what.

    Parameters
    ----------
    slab
        Number of the slab along x.
    tiles
        `counts`, `edges` and `padded` of `Tiles`.
    pool, mass, links
        As in `partition`.
    heads, ends
        (parts,) block in which the chain of tile 0 begins, the next tiles' following it, and
        (parts, tiles) place after the last word, for each part of the particles that was
        partitioned by itself.
    periodic
        Whether cells beyond an edge of the grid are those of the opposite edge; else what they
        would get is added to the edge.
    cells
        Stencil, see `stencil`.
    buffer
        Float64 zeros for one tile; zeros again on return.
    grid
        (nx, ny, nz) to add to.
    """
    counts, edges, padded = tiles
    for stripe in range(counts[1]):
        for stretch in range(counts[2]):
            tile = (slab * counts[1] + stripe) * counts[2] + stretch
            corner = (edges[0][slab], edges[1][stripe], edges[2][stretch])
            number = 0
            for part in range(len(heads)):
                number += _length(heads[part] + tile, ends[part, tile], pool, links)
            if number == 0:
                continue
            sparse = number * SPARSE < len(buffer)
            for part in range(len(heads)):
                block, end = heads[part] + tile, ends[part, tile]
                while block >= 0:
                    size = _filled(block, end, pool)
                    words = pool[block, :size]
                    masses = None if mass is None else mass[block, :size]
                    if sparse:
                        _deposit_in_grid(words, masses, padded, corner, periodic, cells, grid)
                    else:
                        _deposit_in_buffer(words, masses, padded, cells, buffer)
                    block = _next(block, end, pool, links)
            if not sparse:
                _empty_buffer(buffer, padded, corner, periodic, grid)


@njit(cache=True, nogil=True)
def _deposit_in_buffer(words, masses, padded, cells, buffer):
    """Add particles to a tile's buffer; bound by arithmetic, about 50 instructions for CIC."""
    along_x, along_y = uint64(padded[1] * padded[2]), uint64(padded[2])
    for i in range(len(words)):
        place, wx, wy, wz = _unpack(words[i], cells)
        for j in range(len(cells)):
            for k in range(len(cells)):
                row = place + uint64(j) * along_x + uint64(k) * along_y
                share = wx[j] * wy[k] if masses is None else masses[i] * wx[j] * wy[k]
                for l in range(len(cells)):
                    buffer[row + uint64(l)] += share * wz[l]


@njit(cache=True, nogil=True)
def _deposit_in_grid(words, masses, padded, corner, periodic, cells, grid):
    """Add the few particles of a sparse tile; bound by cache misses in the grid."""
    nx, ny, nz = grid.shape
    for i in range(len(words)):
        place, wx, wy, wz = _unpack(words[i], cells)
        a = np.int64(place) // (padded[1] * padded[2]) + corner[0]
        b = np.int64(place) // padded[2] % padded[1] + corner[1]
        c = np.int64(place) % padded[2] + corner[2]
        mass = 1.0 if masses is None else masses[i]
        for j in range(len(cells)):
            p = inside(a + j, nx, periodic)
            for k in range(len(cells)):
                q = inside(b + k, ny, periodic)
                for l in range(len(cells)):
                    grid[p, q, inside(c + l, nz, periodic)] += mass * wx[j] * wy[k] * wz[l]


@njit(cache=True, nogil=True)
def _empty_buffer(buffer, padded, corner, periodic, grid):
    """Add a tile's buffer to the grid and zero it; bound by streaming the grid through memory."""
    nx, ny, nz = grid.shape
    head = min(max(0, -corner[2]), padded[2])
    body = max(min(padded[2], nz - corner[2]), head)
    for a in range(padded[0]):
        p = inside(corner[0] + a, nx, periodic)
        for b in range(padded[1]):
            row = grid[p, inside(corner[1] + b, ny, periodic)]
            start = (a * padded[1] + b) * padded[2]
            part = buffer[start : start + padded[2]]
            for c in range(head):
                row[inside(corner[2] + c, nz, periodic)] += part[c]
            _add(row[corner[2] + head : corner[2] + body], part[head:body])
            for c in range(body, padded[2]):
                row[inside(corner[2] + c, nz, periodic)] += part[c]
            part[:] = 0


@njit(cache=True, nogil=True)
def _add(row, part):
    for c in range(len(row)):
        row[c] += part[c]


@njit(cache=True, nogil=True)
def _unpack(word, cells):
    """Place in the buffer and weights along x, y and z of a packed particle."""
    low = uint64(0xFFFF)
    wx = axis_weights(UNIT * np.float64((word >> uint64(32)) & low), cells)
    wy = axis_weights(UNIT * np.float64((word >> uint64(16)) & low), cells)
    wz = axis_weights(UNIT * np.float64(word & low), cells)
    return word >> uint64(48), wx, wy, wz


@njit(cache=True, nogil=True)
def _filled(block, end, pool):
    """Words in a block: all but in the last block of a chain."""
    size = pool.shape[1]
    return end - block * size if end // size == block else size


@njit(cache=True, nogil=True)
def _next(block, end, pool, links):
    """Block after this one in its chain, -1 after the last."""
    return np.int64(-1) if end // pool.shape[1] == block else np.int64(links[block])


@njit(cache=True, nogil=True)
def _length(block, end, pool, links):
    number = 0
    while block >= 0:
        number += _filled(block, end, pool)
        block = _next(block, end, pool, links)
    return number
