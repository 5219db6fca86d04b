"""Mass assignment of particles to a grid: NGP, CIC and TSC.

Particles are first sorted into tiles of the grid (`cosmodag.gridding.tiles`), then deposited tile
by tile, with the stencils of `cosmodag.gridding.cells`.
"""

from collections import deque
from concurrent.futures import Executor, ThreadPoolExecutor

import numba
import numpy as np
from numba import njit, uint64
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.gridding.cells import (
    GridGeometry,
    axis_weights,
    check_positions,
    outside_error,
    stencil_cells,
    stencil_shift,
    wrap_or_clamp,
)
from cosmodag.gridding.tiles import FRACTION_BITS, TileLists, Tiles, Workspace, sort_particles

SPARSE = 32
"""Cells of a tile per particle above which its buffer costs more than it saves."""
UNIT = 2.0**-FRACTION_BITS


def assign_mass(
    positions: np.ndarray,
    grid: np.ndarray,
    box_size: ArrayLike,
    *,
    weights: np.ndarray | None = None,
    method: str = "cic",
    periodic: bool = True,
    origin: ArrayLike = 0,
    offset: float = 0.0,
    threads: int | None = None,
    workspace: Workspace | None = None,
) -> np.ndarray:
    """Add the mass of particles to the cells of a grid, in place.

    Cell ``i`` covers ``[i, i + 1) h``; see `cosmodag.gridding.cells` for the weights. The grid is
    neither zeroed nor normalized, so that a catalogue can be assigned in chunks.

    Particles are sorted into tiles, parts of the grid that fit into a second-level cache. Each
    tile is then filled in a float64 buffer that is added to the grid. Slabs of tiles alternate
    between two colours; threads work on slabs of one colour, which never overlap. Positions within
    a cell are rounded to 2⁻¹⁶ of a cell, and the sums do not depend on the number of threads.
    Arithmetic bounds the speed where there are more particles than cells, memory traffic of the
    grid where there are fewer. Additional memory is 8 bytes per particle (and its weight), and up
    to a quarter of the positions' memory for the ends of lists.

    Parameters
    ----------
    positions : numpy.ndarray, shape (n, 3) or (n, 2), float32 or float64
        Positions in the unit of `box_size`, contiguous or strided.
    grid : numpy.ndarray, shape (nx, ny, nz) or (nx, ny), float32 or float64
        C-contiguous grid to add to.
    box_size, origin : float or sequence of float
        Sides and lower corner of the box, for all axes or per axis.
    weights : numpy.ndarray, shape (n,), float32 or float64, optional
        Masses of the particles; 1 by default.
    method : str
        Mass-assignment scheme: "ngp", "cic" or "tsc".
    periodic : bool
        Whether mass that leaves the box re-enters at the opposite side. In an open box it is added
        to the nearest cell, so that mass is conserved.
    offset : float
        Cells, between -1/2 and 1/2, by which particles are displaced along every axis: 1/2 for a
        grid of points at ``i h`` and for interlacing.
    threads : int, optional
        Number of threads; numba's default if not given.
    workspace : Workspace, optional
        Scratch memory shared by consecutive calls.

    Returns
    -------
    numpy.ndarray
        `grid`.

    Raises
    ------
    InputError
        If positions are NaN, infinite or outside the box by more than rounding (the grid is then
        unchanged), or if arrays do not fit together.

    References
    ----------
    Hockney & Eastwood 1988, *Computer Simulation Using Particles*, section 5-3.

    Examples
    --------
    >>> import numpy as np
    >>> from cosmodag.gridding import assign_mass
    >>> positions = np.array([[1.0, 1.0, 1.0], [2.5, 1.5, 1.5]])
    >>> grid = assign_mass(positions, np.zeros((4, 4, 4)), box_size=4.0, method="cic")
    >>> float(grid.sum()), float(grid[0, 0, 0]), float(grid[2, 1, 1])
    (2.0, 0.125, 1.0)
    """
    weights = _check_arguments(positions, grid, weights, offset)
    stencil = stencil_cells(method)
    geometry = GridGeometry.from_box(grid.shape, box_size, origin)
    tiles = Tiles.divide(geometry, len(stencil), stencil_shift(method) - offset, bool(periodic))
    threads = threads or numba.get_num_threads()
    workspace = Workspace() if workspace is None else workspace
    with ThreadPoolExecutor(threads) as executor:
        lists, sorted_weights, n_outside = sort_particles(
            positions, weights, tiles, workspace, executor, threads
        )
        if n_outside:
            raise outside_error(positions, box_size, origin, n_outside)
        n_cells = int(np.prod(tiles.padded))
        buffers = workspace.array("buffers", (threads, n_cells), np.float64, zeroed=True)
        volume = grid.reshape(geometry.shape)
        _deposit(volume, tiles, lists, sorted_weights, stencil, buffers, executor)
    return grid


def _check_arguments(
    positions: np.ndarray, grid: np.ndarray, weights: np.ndarray | None, offset: float
) -> np.ndarray | None:
    """Refuse arrays that do not fit together; return the weights as an array."""
    if not isinstance(grid, np.ndarray) or grid.dtype not in (np.float32, np.float64):
        raise InputError(f"grid of dtype {getattr(grid, 'dtype', None)}: float32 or float64")
    if not (grid.flags.c_contiguous and grid.flags.writeable):
        raise InputError("grid is a view or read-only: a writeable C-contiguous array is needed")
    check_positions(positions, grid.ndim)
    if not -0.5 <= offset <= 0.5:
        raise InputError(f"offset {offset}: -0.5 to 0.5 cells")
    if weights is None:
        return None
    weights = np.asarray(weights)
    if weights.shape != (len(positions),) or weights.dtype not in (np.float32, np.float64):
        raise InputError(
            f"weights of shape {weights.shape} and dtype {weights.dtype}:"
            f" ({len(positions)},) float32 or float64 is needed"
        )
    if not np.isfinite(weights.sum(dtype=np.float64)):
        raise InputError("weights contain NaN or infinite values: drop or repair these rows")
    return weights


def _deposit(
    grid: np.ndarray,
    tiles: Tiles,
    lists: TileLists,
    weights: np.ndarray | None,
    stencil: tuple[int, ...],
    buffers: np.ndarray,
    executor: Executor,
) -> None:
    """Deposit all particles; of each colour, a thread takes the next slab until none is left."""

    def work(buffer: np.ndarray, slabs: deque[int]) -> None:
        while slabs:
            try:
                slab = slabs.popleft()
            except IndexError:
                return
            _deposit_slab(slab, tiles, lists, weights, stencil, buffer, grid)

    for colour in tiles.colours():
        slabs = deque(colour)
        for future in [executor.submit(work, buffer, slabs) for buffer in buffers]:
            future.result()


@njit(cache=True, nogil=True)
def _deposit_slab(slab, tiles, lists, weights, stencil, buffer, grid):
    """Deposit the tiles of a slab, each in the original order of its particles.

    The result therefore does not depend on the threads. `buffer` has zeros for one tile, and is
    zero again on return.
    """
    edges, padded = tiles.edges, tiles.padded
    for j in range(tiles.counts[1]):
        for k in range(tiles.counts[2]):
            tile = (slab * tiles.counts[1] + j) * tiles.counts[2] + k
            corner = (edges[0][slab], edges[1][j], edges[2][k])
            n_particles = _count_particles(tile, lists)
            if n_particles == 0:
                continue
            sparse = n_particles * SPARSE < len(buffer)
            for thread in range(len(lists.ends)):
                block, end = lists.first_block[thread] + tile, np.int64(lists.ends[thread, tile])
                while block >= 0:
                    size = _n_in_block(block, end, lists)
                    packed = lists.packed[block, :size]
                    masses = None if weights is None else weights[block, :size]
                    if sparse:
                        _deposit_in_grid(packed, masses, corner, tiles, stencil, grid)
                    else:
                        _deposit_in_buffer(packed, masses, padded, stencil, buffer)
                    block = _next_block(block, end, lists)
            if not sparse:
                _add_buffer(buffer, corner, tiles, grid)


@njit(cache=True, nogil=True)
def _deposit_in_buffer(packed, masses, padded, stencil, buffer):
    """Deposit particles in a tile's buffer; bound by arithmetic, 50 instructions for CIC."""
    x_stride, y_stride = uint64(padded[1] * padded[2]), uint64(padded[2])
    for i in range(len(packed)):
        first, wx, wy, wz = _unpack(packed[i], stencil)
        for j in range(len(stencil)):
            for k in range(len(stencil)):
                row = first + uint64(j) * x_stride + uint64(k) * y_stride
                mass = wx[j] * wy[k] if masses is None else masses[i] * wx[j] * wy[k]
                for l in range(len(stencil)):
                    buffer[row + uint64(l)] += mass * wz[l]


@njit(cache=True, nogil=True)
def _deposit_in_grid(packed, masses, corner, tiles, stencil, grid):
    """Deposit the few particles of a sparse tile; bound by cache misses in the grid."""
    nx, ny, nz = grid.shape
    padded, periodic = tiles.padded, tiles.periodic
    for i in range(len(packed)):
        first, wx, wy, wz = _unpack(packed[i], stencil)
        a = np.int64(first) // (padded[1] * padded[2]) + corner[0]
        b = np.int64(first) // padded[2] % padded[1] + corner[1]
        c = np.int64(first) % padded[2] + corner[2]
        mass = 1.0 if masses is None else masses[i]
        for j in range(len(stencil)):
            p = wrap_or_clamp(a + j, nx, periodic)
            for k in range(len(stencil)):
                q = wrap_or_clamp(b + k, ny, periodic)
                for l in range(len(stencil)):
                    r = wrap_or_clamp(c + l, nz, periodic)
                    grid[p, q, r] += mass * wx[j] * wy[k] * wz[l]


@njit(cache=True, nogil=True)
def _add_buffer(buffer, corner, tiles, grid):
    """Add a tile's buffer to the grid and zero it; bound by streaming the grid through memory."""
    nx, ny, nz = grid.shape
    padded, periodic = tiles.padded, tiles.periodic
    start = min(max(0, -corner[2]), padded[2])
    stop = max(min(padded[2], nz - corner[2]), start)
    for a in range(padded[0]):
        p = wrap_or_clamp(corner[0] + a, nx, periodic)
        for b in range(padded[1]):
            row = grid[p, wrap_or_clamp(corner[1] + b, ny, periodic)]
            index = (a * padded[1] + b) * padded[2]
            sums = buffer[index : index + padded[2]]
            for c in range(start):
                row[wrap_or_clamp(corner[2] + c, nz, periodic)] += sums[c]
            _add(row[corner[2] + start : corner[2] + stop], sums[start:stop])
            for c in range(stop, padded[2]):
                row[wrap_or_clamp(corner[2] + c, nz, periodic)] += sums[c]
            sums[:] = 0


@njit(cache=True, nogil=True)
def _add(row, sums):
    for c in range(len(row)):
        row[c] += sums[c]


@njit(cache=True, nogil=True)
def _unpack(packed, stencil):
    """Return a packed particle's first index in the buffer and its weights along x, y and z."""
    low = uint64(0xFFFF)
    wx = axis_weights(UNIT * np.float64((packed >> uint64(32)) & low), stencil)
    wy = axis_weights(UNIT * np.float64((packed >> uint64(16)) & low), stencil)
    wz = axis_weights(UNIT * np.float64(packed & low), stencil)
    return packed >> uint64(48), wx, wy, wz


@njit(cache=True, nogil=True)
def _n_in_block(block, end, lists):
    """Return the number of particles in a block: its size, or less in the last one of a list."""
    size = lists.packed.shape[1]
    return end - block * size if end // size == block else size


@njit(cache=True, nogil=True)
def _next_block(block, end, lists):
    """Return the block after this one in its list, -1 after the last."""
    last = end // lists.packed.shape[1]
    return np.int64(-1) if last == block else np.int64(lists.next_block[block])


@njit(cache=True, nogil=True)
def _count_particles(tile, lists):
    """Return the number of particles in a tile's lists."""
    count = 0
    for thread in range(len(lists.ends)):
        block, end = lists.first_block[thread] + tile, np.int64(lists.ends[thread, tile])
        while block >= 0:
            count += _n_in_block(block, end, lists)
            block = _next_block(block, end, lists)
    return count
