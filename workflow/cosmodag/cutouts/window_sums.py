"""Sums of a mesh over windows along the line of sight, shared between overlapping windows.

All projections of the package follow one convention: with the line of sight along axis 0, 1 or 2,
the two other axes keep their order and become rows and columns: (y, z), (x, z) and (x, y).
"""

import itertools
from collections.abc import Iterator, Sequence

import numba
import numpy as np

from cosmodag.cutouts.box_mesh import BoxMesh

BLOCK_BYTES = 64 * 2**20
"""Largest block read from a file; it bounds the memory of a projection beside its planes."""


def transverse_axes(axis: int) -> tuple[int, int]:
    """Return the axes that become the rows and the columns of a projection.

    Parameters
    ----------
    axis : int
        Line of sight.

    Returns
    -------
    rows, columns : int
        The two other axes in ascending order.

    Examples
    --------
    >>> transverse_axes(1)
    (0, 2)
    """
    rows, columns = (other for other in range(3) if other != axis)
    return rows, columns


def window_sums(
    mesh: BoxMesh | np.ndarray,
    axis: int,
    offsets: Sequence[int],
    depth: int,
    *,
    layers: int = 1,
    ratio: int = 1,
) -> Iterator[np.ndarray]:
    """Sum a mesh over windows along one axis, reading each cell once.

    Prefix sums run along the line of sight. They are stored only at the edges of windows that are
    not complete yet, so that memory does not grow with the number of windows.

    Parameters
    ----------
    mesh : BoxMesh or numpy.ndarray, shape (nx, ny, nz)
        Values to sum, in a file or in memory.
    axis : int
        Line of sight.
    offsets : sequence of int
        Lower edges of the windows in cells, ascending. A window that crosses the end of the mesh
        continues at its beginning.
    depth : int
        Depth of the windows in cells.
    layers : int
        Number of layers of equal depth that each window is cut into.
    ratio : int
        Cells of `offsets` and `depth` per cell of the mesh along the axis, for a mesh that is
        coarser than the grid of the windows.

    Yields
    ------
    numpy.ndarray, shape (layers, rows, columns), float64
        Sums of each window, in the order of `offsets`; each mesh cell counts `ratio` times.

    Examples
    --------
    >>> mesh = np.ones((2, 2, 6))
    >>> [sums[0, 0, 0] for sums in window_sums(mesh, 2, [0, 2], 4)]
    [np.float64(4.0), np.float64(4.0)]
    """
    thickness = depth // layers
    layer_edges = {offset + k * thickness for offset in offsets for k in range(layers + 1)}
    cuts = sorted(
        {edge // ratio for edge in layer_edges} | {-(-edge // ratio) for edge in layer_edges}
    )
    marks: dict[int, np.ndarray] = {}
    prefixes = _prefix_sums(mesh, axis, cuts)
    for offset in offsets:
        last = -(-(offset + depth) // ratio)
        while last not in marks:
            cut, prefix = next(prefixes)
            marks[cut] = prefix
        edges = [_at_edge(marks, offset + k * thickness, ratio) for k in range(layers + 1)]
        yield np.stack([upper - lower for lower, upper in itertools.pairwise(edges)])
        for cut in [cut for cut in marks if cut < offset // ratio]:
            del marks[cut]


def _at_edge(marks: dict[int, np.ndarray], edge: int, ratio: int) -> np.ndarray:
    """Return the prefix sum at an edge, which may lie inside a cell of a coarser mesh."""
    cut, remainder = divmod(edge, ratio)
    if remainder == 0:
        return marks[cut] * ratio
    return marks[cut] * (ratio - remainder) + marks[cut + 1] * remainder


def _prefix_sums(
    mesh: BoxMesh | np.ndarray, axis: int, cuts: list[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each cut with the sum of the cells from the first cut to it, in ascending order."""
    rows, columns = transverse_axes(axis)
    prefix = np.zeros((mesh.shape[rows], mesh.shape[columns]))
    yield cuts[0], prefix.copy()
    for start, stop in _slabs(mesh, axis, cuts[0], cuts[-1]):
        inside = [cut for cut in cuts if start < cut <= stop]
        marks = np.empty((len(inside), *prefix.shape))
        _sum_slab(mesh, axis, start, stop, np.array(inside), prefix, marks)
        yield from zip(inside, marks)


def _slabs(
    mesh: BoxMesh | np.ndarray, axis: int, first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Split [first, last) at the chunks of the file and at the end of the mesh."""
    length = mesh.shape[axis]
    chunk = mesh.chunks[axis] if isinstance(mesh, BoxMesh) else length
    start = first
    while start < last:
        turn = start - start % length
        stop = min(turn + (start % length) // chunk * chunk + chunk, turn + length, last)
        yield start, stop
        start = stop


def _sum_slab(
    mesh: BoxMesh | np.ndarray,
    axis: int,
    start: int,
    stop: int,
    cuts: np.ndarray,
    prefix: np.ndarray,
    marks: np.ndarray,
) -> None:
    """Advance `prefix` over the cells [start, stop), and copy it to `marks` at each cut."""
    rows, _ = transverse_axes(axis)
    length = mesh.shape[axis]
    sight_line = slice(start % length, start % length + stop - start)
    bounds = np.append(cuts, stop) - start
    tile = _rows_per_block(mesh, axis, stop - start)
    for first in range(0, mesh.shape[rows], tile):
        region = [slice(None)] * 3
        region[axis] = sight_line
        region[rows] = slice(first, first + tile)
        block = mesh[tuple(region)]
        tile_rows = slice(first, first + block.shape[rows])
        if axis == 2:
            _advance_along_last(block, bounds, prefix[tile_rows], marks[:, tile_rows])
        else:
            axis_first = block if axis == 0 else block.transpose(1, 0, 2)
            _advance_along_first(axis_first, bounds, prefix[tile_rows], marks[:, tile_rows])


def _rows_per_block(mesh: BoxMesh | np.ndarray, axis: int, thickness: int) -> int:
    """Return the number of rows per block: whole chunks, of about `BLOCK_BYTES` or less."""
    rows, columns = transverse_axes(axis)
    if not isinstance(mesh, BoxMesh):
        return mesh.shape[rows]
    fit = BLOCK_BYTES // (thickness * mesh.shape[columns] * mesh.itemsize)
    chunk = mesh.chunks[rows]
    return max(chunk, fit // chunk * chunk)


# Both kernels read each cell once and are bound by memory bandwidth. Sums are float64; of fast math
# only reassociation is allowed, so that a sight line is summed in vector registers.
@numba.njit(parallel=True, cache=True, nogil=True, fastmath={"reassoc"})
def _advance_along_last(block, bounds, prefix, marks):
    """Advance the prefix sums along the last axis and copy them to `marks` at each bound."""
    for i in numba.prange(block.shape[0]):
        for j in range(block.shape[1]):
            start = 0
            total = prefix[i, j]
            for cut in range(bounds.size):
                segment = 0.0
                for k in range(start, bounds[cut]):
                    segment += block[i, j, k]
                total += segment
                start = bounds[cut]
                if cut < marks.shape[0]:
                    marks[cut, i, j] = total
            prefix[i, j] = total


@numba.njit(parallel=True, cache=True, nogil=True)
def _advance_along_first(block, bounds, prefix, marks):
    """Advance the prefix sums along the first axis and copy them to `marks` at each bound."""
    for i in numba.prange(block.shape[1]):
        start = 0
        for cut in range(bounds.size):
            for k in range(start, bounds[cut]):
                for j in range(block.shape[2]):
                    prefix[i, j] += block[k, i, j]
            start = bounds[cut]
            if cut < marks.shape[0]:
                marks[cut, i, :] = prefix[i, :]


def block_means(plane: np.ndarray, factor: int) -> np.ndarray:
    """Return the mean over the `factor` × `factor` cells that begin at each cell of a plane.

    Every `factor`-th mean from a corner on is the area-averaged map of a window at that corner, so
    that overlapping windows share the means.

    Parameters
    ----------
    plane : numpy.ndarray, shape (rows, columns), float64
        Values to average.
    factor : int
        Side of a block in cells.

    Returns
    -------
    numpy.ndarray, shape (rows - factor + 1, columns - factor + 1), float64
        Mean of each block.
    """
    if factor == 1:
        return plane
    rows, columns = (length - factor + 1 for length in plane.shape)
    tall = sum((plane[k : k + rows] for k in range(factor)), np.zeros(()))
    return sum((tall[:, k : k + columns] for k in range(factor)), np.zeros(())) / factor**2
