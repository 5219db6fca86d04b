"""The sub-boxes of a box: one lattice for each line of sight, less those that are left out."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from cosmodag.cutouts.lattice import positions_along, region_of
from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.errors import InputError

log = logging.getLogger(__name__)

AXIS_NAMES = "xyz"


class Boxes(Protocol):
    """Boxes of one size that sub-boxes are cut out of.

    Attributes
    ----------
    name : str
        Of their file.
    boxes, groups : sequence of str
        Name of each box, and what it is independent as.
    box_size, cell_size : numpy.ndarray, shape (3,)
        In Mpc/h.
    cells : tuple of int
        Cells along each axis.
    periodic : bool
    """

    name: str
    boxes: Sequence[str]
    groups: Sequence[str]
    box_size: np.ndarray
    cell_size: np.ndarray
    cells: tuple[int, int, int]
    periodic: bool

    def cosmology(self, box: int) -> dict[str, float]:
        """Cosmological parameters of one box, as far as they are known."""


@dataclasses.dataclass(frozen=True)
class Lattice:
    """Sub-boxes with one line of sight.

    Attributes
    ----------
    axis : int
        Line of sight.
    offsets, rows, columns : numpy.ndarray of int
        Lower edges along the line of sight, the rows' axis and the columns' axis, in cells.
    chosen : numpy.ndarray, shape (N, 3), int64
        Place of each sub-box in (offsets, rows, columns), in this order of running.
    regions : numpy.ndarray, shape (N, 3), int64
        Region that holds each sub-box, along x, y and z.
    """

    axis: int
    offsets: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    chosen: np.ndarray
    regions: np.ndarray

    def corners(self) -> np.ndarray:
        """Lower corners of the sub-boxes along x, y and z in cells, shape (N, 3)."""
        rows, columns = transverse_axes(self.axis)
        corners = np.empty((len(self.chosen), 3), dtype=np.int64)
        corners[:, self.axis] = self.offsets[self.chosen[:, 0]]
        corners[:, rows] = self.rows[self.chosen[:, 1]]
        corners[:, columns] = self.columns[self.chosen[:, 2]]
        return corners

    def lengths(self, side: int, depth: int) -> np.ndarray:
        """Sides of a sub-box along x, y and z in cells, shape (3,)."""
        lengths = np.full(3, side)
        lengths[self.axis] = depth
        return lengths


def plan_sub_boxes(
    files: Boxes,
    *,
    side: int,
    depth: int,
    stride: int,
    stride_depth: int,
    axes: Sequence[int],
    wrap: bool,
    positions: Sequence[int] | None,
    regions: Sequence[int] | None,
    buffer: float,
    maximum: int | None,
) -> list[Lattice]:
    """Lay out the sub-boxes of one box, alike for all boxes of a grid file.

    Parameters are those of `cosmodag.voids.cutouts.sub_boxes.cut_boxes`.

    Returns
    -------
    list of Lattice
        One for each line of sight that has sub-boxes.
    """
    if wrap and not files.periodic:
        raise InputError(f"{files.name}: wrap is set, but the box is open: set it to false")
    cells = files.cells
    regions = (1, 1, 1) if regions is None else tuple(regions)
    lattices = []
    for axis in axes:
        if axis not in (0, 1, 2):
            raise InputError(f"axis {axis!r} is no line of sight: choose from 0, 1 and 2")
        order = (axis, *transverse_axes(axis))
        windows = (depth, side, side)
        edges = [
            positions_along(
                cells[along],
                window,
                step,
                wrap=wrap,
                count=None if positions is None else positions[along],
            )
            for along, window, step in zip(order, windows, (stride_depth, stride, stride))
        ]
        held_by = [
            region_of(
                edge,
                window,
                cells[along],
                regions[along],
                buffer=buffer / files.cell_size[along],
                periodic=files.periodic,
            )
            for along, window, edge in zip(order, windows, edges)
        ]
        deep, down, across = np.meshgrid(
            *[region >= 0 for region in held_by], indexing="ij", sparse=True
        )
        contained = np.argwhere(deep & down & across)
        dropped = np.prod([len(edge) for edge in edges]) - len(contained)
        if dropped:
            log.info(
                "line of sight %s: %d sub-boxes kept, %d that straddle regions dropped",
                AXIS_NAMES[axis],
                len(contained),
                dropped,
            )
        held = np.empty((len(contained), 3), dtype=np.int64)
        for place, along in enumerate(order):
            held[:, along] = held_by[place][contained[:, place]]
        lattices.append(Lattice(axis, *edges, contained, held))
    lattices = [lattice for lattice in lattices if len(lattice.chosen)]
    if not lattices:
        raise InputError(
            f"no sub-box of {side}×{side}×{depth} cells lies wholly in one of the regions "
            f"{list(regions)} of a grid of {list(cells)} cells: take fewer regions, smaller "
            "sub-boxes, a smaller stride or a smaller buffer"
        )
    return lattices if maximum is None else _thin(lattices, maximum)


def _thin(lattices: list[Lattice], maximum: int) -> list[Lattice]:
    """Keep at most `maximum` sub-boxes, evenly spaced over all lines of sight."""
    total = sum(len(lattice.chosen) for lattice in lattices)
    kept = np.unique(np.linspace(0, total - 1, min(maximum, total)).round().astype(int))
    thinned, first = [], 0
    for lattice in lattices:
        here = kept[(kept >= first) & (kept < first + len(lattice.chosen))] - first
        first += len(lattice.chosen)
        thinned.append(
            dataclasses.replace(lattice, chosen=lattice.chosen[here], regions=lattice.regions[here])
        )
    return [lattice for lattice in thinned if len(lattice.chosen)]
