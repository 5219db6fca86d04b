"""Partition of particles into tiles, as 64-bit words in chained blocks."""

import numpy as np
from numba import njit, uint64


@njit(cache=True, nogil=True)
def partition(
    x, y, z, weights, scale, centre, bound, start, tables, pool, mass, links, cursors, at
):
    """Append every particle to the chain of its tile; return how many lie outside the box.

    A word holds the particle's place in the tile's buffer (16 bits) and its fractions of a cell
    along x, y and z (16 bits each). A chain is a list of blocks of equal size in `pool`; one
    pass suffices, since tiles take blocks as they need them. Particles keep their order within
    a tile. Bound by the conversions of three coordinates and, above some 500 tiles, by stores
    to as many places at once, which leave the first-level cache.

    Parameters
    ----------
    x, y, z
        (N,) coordinates, strided or not.
    weights
        (N,) or None.
    scale, centre, bound, start, tables
        As in `Tiles`.
    pool, mass
        (blocks, size) uint64 words, and weights where there are any; `size` is a power of two.
    links
        (blocks,) int32, the block that follows each full one.
    cursors
        (tiles,) uint64, the place in the pool where each tile goes on.
    at
        First block of `pool` that no tile uses yet.
    """
    words = pool.reshape(-1)
    size = uint64(pool.shape[1])
    low = uint64(0xFFFF)
    outside = 0
    for i in range(len(x)):
        u = x[i] * scale[0] - centre[0]
        v = y[i] * scale[1] - centre[1]
        w = z[i] * scale[2] - centre[2]
        if not ((abs(u) <= bound[0]) & (abs(v) <= bound[1]) & (abs(w) <= bound[2])):
            outside += 1
            continue
        a = uint64(np.int64(u + start[0]))
        b = uint64(np.int64(v + start[1]))
        c = uint64(np.int64(w + start[2]))
        key = tables[0][a >> uint64(16)] + tables[1][b >> uint64(16)] + tables[2][c >> uint64(16)]
        tile = key >> uint64(16)
        place = cursors[tile]
        words[place] = (
            (key << uint64(48)) | ((a & low) << uint64(32)) | ((b & low) << uint64(16)) | (c & low)
        )
        if weights is not None:
            mass[place] = weights[i]
        place += uint64(1)
        if place & (size - uint64(1)) == 0:
            links[place // size - uint64(1)] = at
            place = uint64(at) * size
            at += 1
        cursors[tile] = place
    return outside
