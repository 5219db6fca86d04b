"""Tiles: the pieces of a grid that mass assignment fills one at a time, in cache."""

from dataclasses import dataclass

import numpy as np

from cosmodag.gridding.frame import TOLERANCE, Frame

FRACTION_BITS = 16  # of a cell; float32 positions across 256 cells hold no more
MARGIN = 2  # cells by which the first cell of a stencil may lie outside the grid, on either side
NARROWEST = 4  # cells of a slab: with a stencil of 3 and margins, every other slab stays apart
LONGEST_ROW = 512  # cells: long rows stream from and to memory, longer ones leave no room for x, y
CACHED_CELLS = 42_000  # of float64: a third of a megabyte, which stays in a second-level cache


@dataclass(frozen=True)
class Tiles:
    """A grid cut into slabs along x, stripes along y and stretches along z.

    A particle belongs to the tile that holds the first cell of its stencil. A tile has a padded
    buffer, whose `width - 1` last planes overlap the next tile.

    Attributes
    ----------
    counts
        Tiles along each axis.
    edges
        First cell of each tile along each axis, with the end of the last one.
    padded
        Cells of a buffer along each axis.
    tables
        For each axis uint64 by first cell plus `MARGIN`: the axis' share of the tile number in
        the high bits and of the place in the buffer in the low 16 bits. They wrap or extend the
        grid, so that kernels need not.
    scale, centre, bound, start
        For each axis: ``v = x * scale - centre`` is a position in units of ``2**-FRACTION_BITS``
        cells from the middle of the box, inside if ``|v| <= bound``; ``v + start`` counts from
        the first entry of the table.
    """

    counts: tuple[int, int, int]
    edges: tuple[np.ndarray, np.ndarray, np.ndarray]
    padded: tuple[int, int, int]
    tables: tuple[np.ndarray, np.ndarray, np.ndarray]
    scale: tuple[float, float, float]
    centre: tuple[float, float, float]
    bound: tuple[float, float, float]
    start: tuple[float, float, float]

    @classmethod
    def of(cls, frame: Frame, width: int, shift: float, periodic: bool) -> "Tiles":
        """Cut the grid of `frame` for a stencil of `width` cells from ``floor(s - shift)`` on."""
        lowest = 0 if periodic else -MARGIN
        extents = [n if periodic else n + 2 * MARGIN for n in frame.shape]
        counts = _counts(extents, width)
        edges = tuple(
            lowest + np.arange(parts + 1) * extent // parts
            for parts, extent in zip(counts, extents)
        )
        padded = tuple(int(np.diff(edge).max()) + width - 1 for edge in edges)
        strides = (
            (counts[1] * counts[2], padded[1] * padded[2]),
            (counts[2], padded[2]),
            (1, 1),
        )
        tables = tuple(
            _table(n, edge, *stride, periodic)
            for n, edge, stride in zip(frame.shape, edges, strides)
        )
        unit = 2.0**FRACTION_BITS
        middle = [o + n * h / 2 for o, n, h in zip(frame.origin, frame.shape, frame.cell)]
        scale = [unit / h for h in frame.cell]
        return cls(
            counts=counts,
            edges=edges,
            padded=padded,
            tables=tables,
            scale=tuple(scale),
            centre=tuple(m * s for m, s in zip(middle, scale)),
            bound=tuple(n * unit * (1 / 2 + TOLERANCE) for n in frame.shape),
            start=tuple((n / 2 + MARGIN - shift) * unit + 0.5 for n in frame.shape),
        )

    @property
    def number(self) -> int:
        """How many tiles there are."""
        return int(np.prod(self.counts))

    @property
    def buffer_cells(self) -> int:
        """Cells of a tile's padded buffer, at most 65,536."""
        return int(np.prod(self.padded))

    def colours(self) -> list[range]:
        """Slabs in two sets, within each of which no two slabs touch the same cell."""
        return [range(0, self.counts[0], 2), range(1, self.counts[0], 2)]


def _counts(extents, width: int) -> tuple[int, int, int]:
    """Tiles along each axis: whole rows along z, at least 16 slabs where the grid has them.

    The number of slabs is 1 or even, so that the last one and the first, which meet in a
    periodic box, are of different colours. Threads play no part, so that results do not depend
    on their number.
    """
    slab = min(16, max(NARROWEST, extents[0] // 16))
    stripe = min(16, extents[1])
    row = -(-extents[2] // -(-extents[2] // LONGEST_ROW))
    pad = width - 1
    while (slab + pad) * (stripe + pad) * (row + pad) > CACHED_CELLS:
        if stripe >= slab and stripe > 1:
            stripe //= 2
        else:
            slab = max(NARROWEST, slab // 2)
    slabs = extents[0] // slab
    slabs = slabs // 2 * 2 if slabs > 1 else 1
    return slabs, -(-extents[1] // stripe), -(-extents[2] // row)


def _table(n: int, edges, tile_stride: int, place_stride: int, periodic: bool) -> np.ndarray:
    first = np.arange(-MARGIN, n + MARGIN)
    if periodic:
        first %= n
    tile = np.searchsorted(edges, first, side="right") - 1
    return ((tile * tile_stride << 16) + (first - edges[tile]) * place_stride).astype(np.uint64)
