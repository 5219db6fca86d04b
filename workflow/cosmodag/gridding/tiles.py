"""Tiles: parts of a grid that fit into cache, and the particles that belong to each."""

from collections.abc import Iterator
from concurrent.futures import Executor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit, uint64
from numpy.typing import DTypeLike

from cosmodag.gridding.cells import TOLERANCE, GridGeometry, coordinates

FRACTION_BITS = 16
"""Bits of a position within a cell; a float32 position across 256 cells has no more."""
MARGIN = 2
"""Cells by which the first cell of a stencil may lie outside the grid, on either side."""
MIN_SLAB = 4
"""Cells of a slab: with a stencil of 3 and the margins, slabs of one colour never overlap."""
MAX_ROW = 512
"""Cells along z: long rows stream through memory, longer ones leave no room for x and y."""
CACHED_CELLS = 42_000
"""Cells of a float64 buffer of a third of a megabyte, which stays in a second-level cache."""
MAX_BLOCK = 512
"""Particles per block: a page of memory, so that prefetching pays within a block."""


class Workspace:
    """Scratch memory that consecutive calls share, since touching new memory is slow.

    Pass one workspace to consecutive calls of `assign_mass` from one thread. Arrays grow and are
    never released.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}

    def array(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, *, zeroed: bool = False
    ) -> np.ndarray:
        """Return an array with old values, or with zeros that the user has to restore."""
        size = int(np.prod(shape))
        stored = self._arrays.get(name)
        if stored is None or stored.size < size or stored.dtype != dtype:
            create = np.zeros if zeroed else np.empty
            self._arrays[name] = stored = create(size, dtype)
        return stored[:size].reshape(shape)

    @property
    def bytes(self) -> int:
        """Allocated memory in bytes."""
        return sum(array.nbytes for array in self._arrays.values())


class Tiles(NamedTuple):
    """Decomposition of a grid into tiles: slabs along x, cut along y and z.

    A particle belongs to the tile that contains the first cell of its stencil. Each tile has a
    padded buffer, whose last ``width - 1`` planes overlap the next tile.

    Attributes
    ----------
    counts : tuple of int
        Tiles along each axis.
    edges : tuple of numpy.ndarray
        First cell of each tile along each axis, and the end of the last tile.
    padded : tuple of int
        Cells of a buffer along each axis, 65,536 in all at most.
    periodic : bool
        Whether cells beyond an edge of the grid are those of the opposite edge.
    tables : tuple of numpy.ndarray, uint64
        For each axis, by first cell plus `MARGIN`: the axis' share of the tile index in the high
        bits and of the index in the buffer in the low 16 bits. The tables wrap or extend the
        grid, so that kernels need not.
    scale, centre, bound, start : tuple of float
        For each axis: ``v = x * scale - centre`` is a position in units of ``2**-FRACTION_BITS``
        cells from the middle of the box, inside if ``|v| <= bound``; ``v + start`` counts from
        the first entry of the table.
    """

    counts: tuple[int, int, int]
    edges: tuple[np.ndarray, ...]
    padded: tuple[int, int, int]
    periodic: bool
    tables: tuple[np.ndarray, ...]
    scale: tuple[float, ...]
    centre: tuple[float, ...]
    bound: tuple[float, ...]
    start: tuple[float, ...]

    @classmethod
    def divide(cls, geometry: GridGeometry, width: int, shift: float, periodic: bool) -> "Tiles":
        """Divide a grid for a stencil of `width` cells from ``floor(s - shift)`` on."""
        shape = geometry.shape
        lowest = 0 if periodic else -MARGIN
        extents = [n if periodic else n + 2 * MARGIN for n in shape]
        counts = _tile_counts(extents, width)
        edges = tuple(
            lowest + np.arange(count + 1) * extent // count
            for count, extent in zip(counts, extents)
        )
        px, py, pz = (int(np.diff(edge).max()) + width - 1 for edge in edges)
        strides = ((counts[1] * counts[2], py * pz), (counts[2], pz), (1, 1))
        tables = tuple(
            _table(n, edge, *stride, periodic) for n, edge, stride in zip(shape, edges, strides)
        )
        unit = 2.0**FRACTION_BITS
        scale = tuple(unit / h for h in geometry.cell_size)
        middle = [o + n * h / 2 for o, n, h in zip(geometry.origin, shape, geometry.cell_size)]
        return cls(
            counts=counts,
            edges=edges,
            padded=(px, py, pz),
            periodic=periodic,
            tables=tables,
            scale=scale,
            centre=tuple(m * s for m, s in zip(middle, scale)),
            bound=tuple(n * unit * (1 / 2 + TOLERANCE) for n in shape),
            start=tuple((n / 2 + MARGIN - shift) * unit + 0.5 for n in shape),
        )

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return int(np.prod(self.counts))

    def colours(self) -> Iterator[range]:
        """Yield two sets of slabs; slabs within a set touch no common cell."""
        yield range(0, self.counts[0], 2)
        yield range(1, self.counts[0], 2)


def _tile_counts(extents: list[int], width: int) -> tuple[int, int, int]:
    """Return the number of tiles per axis: whole rows along z, at least 16 slabs if possible.

    The number of slabs is 1 or even. In a periodic box the first and the last slab meet, and then
    differ in colour. The number of threads plays no part, so that results do not depend on it.
    """
    slab = min(16, max(MIN_SLAB, extents[0] // 16))
    pencil = min(16, extents[1])
    row = -(-extents[2] // -(-extents[2] // MAX_ROW))
    pad = width - 1
    while (slab + pad) * (pencil + pad) * (row + pad) > CACHED_CELLS:
        if pencil >= slab and pencil > 1:
            pencil //= 2
        else:
            slab = max(MIN_SLAB, slab // 2)
    n_slabs = extents[0] // slab
    n_slabs = n_slabs // 2 * 2 if n_slabs > 1 else 1
    return n_slabs, -(-extents[1] // pencil), -(-extents[2] // row)


def _table(n: int, edges: np.ndarray, tile_stride: int, stride: int, periodic: bool) -> np.ndarray:
    first = np.arange(-MARGIN, n + MARGIN)
    if periodic:
        first %= n
    tile = np.searchsorted(edges, first, side="right") - 1
    return ((tile * tile_stride << FRACTION_BITS) + (first - edges[tile]) * stride).astype(
        np.uint64
    )


class TileLists(NamedTuple):
    """Particles per tile, as linked lists of blocks; each thread has a list per tile.

    Attributes
    ----------
    packed : numpy.ndarray, shape (n_blocks, block_size), uint64
        Packed particles: index in the tile's buffer, then the fractions of a cell along x, y and
        z, with 16 bits each. `block_size` is a power of two.
    next_block : numpy.ndarray, shape (n_blocks,), int32
        Block that follows a full one.
    first_block : numpy.ndarray, shape (n_threads,), int64
        First block of tile 0; the first blocks of the other tiles follow it.
    ends : numpy.ndarray, shape (n_threads, n_tiles), uint64
        Index in the flattened `packed` after the last particle.
    """

    packed: np.ndarray
    next_block: np.ndarray
    first_block: np.ndarray
    ends: np.ndarray


def sort_particles(
    positions: np.ndarray,
    weights: np.ndarray | None,
    tiles: Tiles,
    workspace: Workspace,
    executor: Executor,
    threads: int,
) -> tuple[TileLists, np.ndarray | None, int]:
    """Sort particles into tiles, an equal share of the particles per thread.

    Returns
    -------
    lists : TileLists
        Particles per thread and tile, in their original order.
    sorted_weights : numpy.ndarray, shape (n_blocks, block_size), or None
        Weights at the places of the particles in ``lists.packed``.
    n_outside : int
        Number of particles that are not finite or outside the box.
    """
    bounds = [len(positions) * thread // threads for thread in range(threads + 1)]
    size = _block_size(len(positions), tiles.n_tiles * threads)
    # Every list starts a block of its own, and its last block may be all but empty.
    n_blocks = [(end - start) // size + tiles.n_tiles for start, end in pairwise(bounds)]
    first_block = np.concatenate([[0], np.cumsum(n_blocks)])
    total = int(first_block[-1])
    packed = workspace.array("packed", (total, size), np.uint64)
    sorted_weights = flat_weights = None
    if weights is not None:
        sorted_weights = workspace.array("weights", (total, size), weights.dtype)
        flat_weights = sorted_weights.reshape(-1)
    next_block = workspace.array("next_block", (total,), np.int32)
    ends = workspace.array("ends", (threads, tiles.n_tiles), np.uint64)
    ends[:] = (first_block[:-1, None] + np.arange(tiles.n_tiles)) * size
    lists = TileLists(packed, next_block, first_block[:-1], ends)
    axes = coordinates(positions)

    def sort(thread: int) -> int:
        rows = slice(bounds[thread], bounds[thread + 1])
        x, y, z = (axis[rows] for axis in axes)
        share = None if weights is None else weights[rows]
        return _sort_share((x, y, z), share, tiles, lists, flat_weights, thread)

    return lists, sorted_weights, sum(executor.map(sort, range(threads)))


def _block_size(n_particles: int, n_lists: int) -> int:
    """Return a power of two that keeps the unfilled ends of lists a fraction of the particles."""
    size = MAX_BLOCK
    while size > 8 and size * n_lists * 4 > n_particles:
        size //= 2
    return size


@njit(cache=True, nogil=True)
def _sort_share(axes, weights, tiles, lists, flat_weights, thread):
    """Append a thread's particles to its lists; return how many lie outside the box.

    One pass suffices, since lists take blocks as they need them. Bound by the conversion of three
    coordinates and, above some 500 tiles, by stores to as many places, which leave the first-level
    cache.
    """
    x, y, z = axes
    scale, centre, bound, start = tiles.scale, tiles.centre, tiles.bound, tiles.start
    tables, packed, next_block = tiles.tables, lists.packed.reshape(-1), lists.next_block
    ends = lists.ends[thread]
    free_block = lists.first_block[thread] + len(ends)
    size = uint64(lists.packed.shape[1])
    low = uint64(0xFFFF)
    n_outside = 0
    for i in range(len(x)):
        u = x[i] * scale[0] - centre[0]
        v = y[i] * scale[1] - centre[1]
        w = z[i] * scale[2] - centre[2]
        if not ((abs(u) <= bound[0]) & (abs(v) <= bound[1]) & (abs(w) <= bound[2])):
            n_outside += 1
            continue
        a = uint64(np.int64(u + start[0]))
        b = uint64(np.int64(v + start[1]))
        c = uint64(np.int64(w + start[2]))
        key = tables[0][a >> uint64(16)] + tables[1][b >> uint64(16)] + tables[2][c >> uint64(16)]
        tile = key >> uint64(16)
        end = ends[tile]
        packed[end] = (
            (key << uint64(48)) | ((a & low) << uint64(32)) | ((b & low) << uint64(16)) | (c & low)
        )
        if weights is not None:
            flat_weights[end] = weights[i]
        end += uint64(1)
        if end & (size - uint64(1)) == 0:
            next_block[end // size - uint64(1)] = free_block
            end = uint64(free_block) * size
            free_block += 1
        ends[tile] = end
    return n_outside
