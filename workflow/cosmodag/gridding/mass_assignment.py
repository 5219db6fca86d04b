"""Mass assignment of particles to a grid: NGP, CIC and TSC."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numba
import numpy as np

from cosmodag.errors import InputError
from cosmodag.gridding.deposit import deposit_slab
from cosmodag.gridding.frame import Frame, check_array, outside_error
from cosmodag.gridding.partition import partition
from cosmodag.gridding.stencil import shift, stencil
from cosmodag.gridding.tiles import Tiles
from cosmodag.gridding.workspace import Workspace

LARGEST_BLOCK = 512  # words: a page, so that prefetching pays within a block


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
    workspace=None,
):
    """Add the mass of particles to the cells of a grid, in place.

    Cell ``i`` covers ``[i, i + 1) h``; the mass of a particle is spread over a cloud around it
    (see `stencil`). The grid is neither zeroed nor normalized, so chunks of a catalogue add up.

    The particles are first partitioned into tiles, pencils of the grid that fit into a
    second-level cache, then deposited tile by tile into a float64 buffer that is added to the
    grid. Slabs of tiles take turns in two colours, so threads never meet. Offsets
    within a cell are kept to 2⁻¹⁶ of a cell, and sums do not depend on the number of threads.
    Measured bounds: arithmetic of the partition and the deposit where there are more particles
    than cells, memory traffic of the grid where there are fewer. Extra memory is 8 bytes a
    particle (and its weight), and up to a quarter of the positions for the ends of chains.

    Parameters
    ----------
    positions
        (N, 3) or (N, 2) float32 or float64, in the unit of `box_size`, contiguous or strided.
    grid
        (nx, ny, nz) or (nx, ny) float32 or float64, C-contiguous; added to.
    box_size, origin
        Sides and lower corner of the box: numbers or one per axis.
    weights
        (N,) float32 or float64 masses; 1 each by default.
    method
        "ngp", "cic" or "tsc".
    periodic
        Whether a cloud that leaves the box comes in at the opposite side. In an open box the
        part outside goes to the nearest cell instead, so that mass is conserved.
    offset
        Cells, -1/2 to 1/2, by which clouds are moved along every axis: 1/2 for a grid of points
        at ``i h`` and for interlacing.
    threads
        Threads to use; as many as numba has by default.
    workspace
        `Workspace` to reuse from call to call; a new one by default.

    Returns
    -------
    ndarray
        `grid`.

    Raises
    ------
    InputError
        For positions that are NaN, infinite or outside the box by more than rounding (the grid
        is then as before), and for arrays that do not fit together.
    """
    grid, weights = _checked(positions, grid, weights, offset)
    cells = stencil(method)
    frame = Frame.of(grid.shape, box_size, origin)
    tiles = Tiles.of(frame, len(cells), shift(method) - offset, bool(periodic))
    threads = threads or numba.get_num_threads()
    workspace = Workspace() if workspace is None else workspace
    with ThreadPoolExecutor(threads) as executor:
        chains, outside = _partition(positions, weights, frame, tiles, threads, workspace, executor)
        if outside:
            raise outside_error(positions, box_size, origin, outside)
        volume = grid.reshape(frame.shape)
        _deposit(volume, tiles, chains, bool(periodic), cells, threads, workspace, executor)
    return grid


def _partition(positions, weights, frame, tiles, threads, workspace, executor):
    """Partition the particles, a run of them per thread; return the chains and how many fail."""
    number = len(positions)
    bounds = [number * part // threads for part in range(threads + 1)]
    size = _block_size(number, tiles.number * threads)
    # Every tile of every part starts a block, and ends in one that may be all but empty.
    needed = [(end - start) // size + tiles.number for start, end in pairwise(bounds)]
    heads = np.concatenate([[0], np.cumsum(needed)])
    pool = workspace.array("pool", (int(heads[-1]), size), np.uint64)
    links = workspace.array("links", (int(heads[-1]),), np.int32)
    mass = None if weights is None else workspace.array("mass", pool.shape, weights.dtype)
    cursors = workspace.array("cursors", (threads, tiles.number), np.uint64)
    cursors[:] = (heads[:-1, None] + np.arange(tiles.number)) * size
    columns = frame.columns(positions)

    def run(part):
        rows = slice(bounds[part], bounds[part + 1])
        return partition(
            *(column[rows] for column in columns),
            None if weights is None else weights[rows],
            tiles.scale,
            tiles.centre,
            tiles.bound,
            tiles.start,
            tiles.tables,
            pool,
            None if mass is None else mass.reshape(-1),
            links,
            cursors[part],
            heads[part] + tiles.number,
        )

    outside = sum(executor.map(run, range(threads)))
    return (pool, mass, links, heads[:-1], cursors.view(np.int64)), outside


def _deposit(grid, tiles, chains, periodic, cells, threads, workspace, executor):
    """Deposit slab by slab, each thread taking the next slab of a colour."""
    buffers = workspace.array("buffers", (threads, tiles.buffer_cells), np.float64, zeroed=True)
    geometry = (tiles.counts, tiles.edges, tiles.padded)

    def run(buffer, slabs):
        while slabs:
            try:
                slab = slabs.popleft()
            except IndexError:
                return
            deposit_slab(slab, geometry, *chains, periodic, cells, buffer, grid)

    for colour in tiles.colours():
        slabs = deque(colour)
        for done in [executor.submit(run, buffer, slabs) for buffer in buffers]:
            done.result()


def _block_size(number: int, chains: int) -> int:
    """Words in a block: a power of two, so that blocks' unfilled ends stay a fraction of N."""
    size = LARGEST_BLOCK
    while size > 8 and size * chains * 4 > number:
        size //= 2
    return size


def _checked(positions, grid, weights, offset):
    """Refuse arrays that do not fit together; return the grid and the weights as arrays."""
    if not isinstance(grid, np.ndarray) or grid.dtype not in (np.float32, np.float64):
        raise InputError(f"grid of dtype {getattr(grid, 'dtype', None)}: float32 or float64")
    if not (grid.flags.c_contiguous and grid.flags.writeable):
        raise InputError("grid is a view or read-only: a writeable C-contiguous array is filled")
    check_array(positions, grid.ndim)
    if not -0.5 <= offset <= 0.5:
        raise InputError(f"offset {offset}: -0.5 to 0.5 cells")
    if weights is not None:
        weights = np.asarray(weights)
        if weights.shape != (len(positions),) or weights.dtype not in (np.float32, np.float64):
            raise InputError(
                f"weights of shape {weights.shape} and dtype {weights.dtype}:"
                f" ({len(positions)},) float32 or float64 is needed"
            )
        if not np.isfinite(weights.sum(dtype=np.float64)):
            raise InputError("weights hold NaN or infinite values: drop or repair these rows")
    return grid, weights
