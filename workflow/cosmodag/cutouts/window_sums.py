"""Sums of a mesh over windows along the line of sight, shared between overlapping windows.

Conventions for every projection of the package: with the line of sight along axis 0, 1 or 2, the
two other axes keep their order and become rows and columns: (y, z), (x, z) and (x, y).
"""

import itertools
from collections.abc import Iterator, Sequence

import numba
import numpy as np

from cosmodag.cutouts.box_mesh import BoxMesh

BLOCK_BYTES = 64 * 2**20
"""Largest block read at once: what a projection needs beside its two-dimensional maps."""


def transverse_axes(axis: int) -> tuple[int, int]:
    """Axes that become the rows and the columns of a projection along `axis`."""
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
    """Sum a mesh over windows along one axis, reading each cell once however windows overlap.

    Prefix sums run along the line of sight and are kept only at the edges of windows that are still
    open, so that memory does not grow with the number of windows. Sums are exact to float64.

    Parameters
    ----------
    mesh : array-like, shape (nx, ny, nz)
        A NumPy array or a `BoxMesh`.
    axis : int
        Line of sight.
    offsets : sequence of int
        Ascending lower edges of the windows, in cells. A window that passes the end of the mesh
        goes on at its beginning.
    depth : int
        Depth of the windows, in cells.
    layers : int
        Equal parts into which each window is cut.
    ratio : int
        Cells of `offsets` and `depth` to a cell of the mesh along the axis, for a mesh that is
        coarser than the grid on which windows are laid out.

    Yields
    ------
    numpy.ndarray, shape (layers, rows, columns), float64
        Sums of each window in the order of `offsets`, counting each mesh cell `ratio` times.
    """
    thickness = depth // layers
    needed = sorted({offset + k * thickness for offset in offsets for k in range(layers + 1)})
    cuts = sorted({edge // ratio for edge in needed} | {-(-edge // ratio) for edge in needed})
    marks = {}
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
    """Prefix sum at an edge that may lie inside a cell of a coarser mesh."""
    cut, part = divmod(edge, ratio)
    if part == 0:
        return marks[cut] * ratio
    return marks[cut] * (ratio - part) + marks[cut + 1] * part


def _prefix_sums(
    mesh: BoxMesh | np.ndarray, axis: int, cuts: list[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (cut, sum of all cells from the first cut to this one) in ascending order."""
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
    """Cut [first, last) at the file's chunks and at the end of the mesh, where windows wrap."""
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
    tile = _rows_at_once(mesh, axis, stop - start)
    for first in range(0, mesh.shape[rows], tile):
        region = [slice(None)] * 3
        region[axis] = sight_line
        region[rows] = slice(first, first + tile)
        block = mesh[tuple(region)]
        part = slice(first, first + block.shape[rows])
        if axis == 2:
            _advance_along_last(block, bounds, prefix[part], marks[:, part])
        else:
            layers_first = block if axis == 0 else block.transpose(1, 0, 2)
            _advance_along_first(layers_first, bounds, prefix[part], marks[:, part])


def _rows_at_once(mesh: BoxMesh | np.ndarray, axis: int, thickness: int) -> int:
    rows, columns = transverse_axes(axis)
    if not isinstance(mesh, BoxMesh):
        return mesh.shape[rows]
    fit = BLOCK_BYTES // (thickness * mesh.shape[columns] * mesh.itemsize)
    chunk = mesh.chunks[rows]
    return max(chunk, fit // chunk * chunk)


# Reassociation alone is allowed, so that a sight line is summed in vector registers; the sums stay
# in float64. Both kernels read each cell once and are bound by the memory's bandwidth.
@numba.njit(parallel=True, cache=True, nogil=True, fastmath={"reassoc"})
def _advance_along_last(block, bounds, prefix, marks):
    for i in numba.prange(block.shape[0]):
        for j in range(block.shape[1]):
            start = 0
            total = prefix[i, j]
            for cut in range(bounds.size):
                part = 0.0
                for k in range(start, bounds[cut]):
                    part += block[i, j, k]
                total += part
                start = bounds[cut]
                if cut < marks.shape[0]:
                    marks[cut, i, j] = total
            prefix[i, j] = total


@numba.njit(parallel=True, cache=True, nogil=True)
def _advance_along_first(block, bounds, prefix, marks):
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
    """Mean over the `factor` × `factor` cells that begin at each cell of a plane.

    Every `factor`-th value from a corner on is the area-averaged map of a window at that corner, so
    that windows share the averages as well.

    Parameters
    ----------
    plane : numpy.ndarray, shape (rows, columns)
    factor : int

    Returns
    -------
    numpy.ndarray, shape (rows - factor + 1, columns - factor + 1), float64
    """
    rows, columns = (length - factor + 1 for length in plane.shape)
    tall = sum(plane[shift : shift + rows] for shift in range(factor))
    return sum(tall[:, shift : shift + columns] for shift in range(factor)) / factor**2
