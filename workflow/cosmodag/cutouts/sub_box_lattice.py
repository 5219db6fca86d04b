"""Lattices of sub-boxes: their size, their spacing and their positions in a box."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from cosmodag.cutouts.window_positions import containing_regions, window_positions
from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.errors import InputError

log = logging.getLogger(__name__)

AXIS_NAMES = "xyz"


class Boxes(Protocol):
    """Boxes of equal size that sub-boxes are cut out of."""

    @property
    def name(self) -> str:
        """Path of the file of the boxes."""

    @property
    def boxes(self) -> Sequence[str]:
        """Name of each box."""

    @property
    def groups(self) -> Sequence[str]:
        """Group of each box; boxes of one group are not independent of each other."""

    @property
    def box_size(self) -> np.ndarray:
        """Sides of a box in Mpc/h, shape (3,)."""

    @property
    def cell_size(self) -> np.ndarray:
        """Sides of a cell in Mpc/h, shape (3,)."""

    @property
    def cells(self) -> tuple[int, int, int]:
        """Cells along each axis."""

    @property
    def periodic(self) -> bool:
        """Whether the boxes are periodic."""

    def cosmology(self, box: int) -> dict[str, float]:
        """Return the known cosmological parameters of a box.

        Parameters
        ----------
        box : int
            Index of the box.

        Returns
        -------
        dict from str to float
            Values by name, such as `omega_m`.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubBoxGeometry:
    """Size and spacing of sub-boxes.

    Parameters
    ----------
    side : int
        Side of a sub-box across the line of sight in cells.
    depth : int
        Depth of a sub-box along the line of sight in cells.
    stride : int
        Distance between neighbours across the line of sight in cells.
    stride_depth : int, optional
        Distance between neighbours along the line of sight in cells; `depth` by default.
    axes : sequence of int
        Lines of sight, of 0, 1 and 2.
    positions : sequence of int, shape (3,), optional
        Sub-boxes along x, y and z; as many as fit by default.
    wrap : bool
        Whether sub-boxes may cross the end of a periodic box and continue at its beginning.
    regions : sequence of int, shape (3,), optional
        Number of disjoint regions along x, y and z, each of which becomes a group. Sub-boxes that
        lie in more than one region are dropped. By default the whole box is one region.
    buffer : float
        Smallest distance between sub-boxes of different regions in Mpc/h.
    maximum : int, optional
        Largest number of sub-boxes per box, evenly spaced; all by default.
    """

    side: int
    depth: int
    stride: int
    stride_depth: int | None = None
    axes: Sequence[int] = (2,)
    positions: Sequence[int] | None = None
    wrap: bool = False
    regions: Sequence[int] | None = None
    buffer: float = 0.0
    maximum: int | None = None

    def as_cubes(self) -> "SubBoxGeometry":
        """Return the geometry with equal sides, equal strides and one line of sight, along z."""
        return dataclasses.replace(self, depth=self.side, stride_depth=self.stride, axes=(2,))

    def lengths(self, axis: int) -> np.ndarray:
        """Return the sides of a sub-box along x, y and z.

        Parameters
        ----------
        axis : int
            Line of sight.

        Returns
        -------
        numpy.ndarray, shape (3,), int64
            Sides in cells.
        """
        lengths = np.full(3, self.side)
        lengths[axis] = self.depth
        return lengths


@dataclasses.dataclass(frozen=True)
class SubBoxLattice:
    """Sub-boxes with one line of sight.

    Attributes
    ----------
    geometry : SubBoxGeometry
        Size and spacing of the sub-boxes.
    axis : int
        Line of sight.
    offsets, rows, columns : numpy.ndarray, shape (positions,), int64
        Lower edges along the line of sight, along rows and along columns, in cells.
    chosen : numpy.ndarray, shape (N, 3), int64
        Indices of each sub-box into (offsets, rows, columns), in ascending order.
    regions : numpy.ndarray, shape (N, 3), int64
        Indices along x, y and z of the region that contains each sub-box.
    """

    geometry: SubBoxGeometry
    axis: int
    offsets: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    chosen: np.ndarray
    regions: np.ndarray

    def __len__(self) -> int:
        return len(self.chosen)

    def corners(self) -> np.ndarray:
        """Return the lower corners of the sub-boxes along x, y and z in cells, shape (N, 3)."""
        rows, columns = transverse_axes(self.axis)
        corners = np.empty((len(self.chosen), 3), dtype=np.int64)
        corners[:, self.axis] = self.offsets[self.chosen[:, 0]]
        corners[:, rows] = self.rows[self.chosen[:, 1]]
        corners[:, columns] = self.columns[self.chosen[:, 2]]
        return corners


def sub_box_lattices(boxes: Boxes, geometry: SubBoxGeometry) -> list[SubBoxLattice]:
    """Return the lattices of sub-boxes, which are the same for all boxes of a file.

    Parameters
    ----------
    boxes : Boxes
        The boxes that sub-boxes are cut out of.
    geometry : SubBoxGeometry
        Size and spacing of the sub-boxes.

    Returns
    -------
    list of SubBoxLattice
        One for each line of sight that has sub-boxes.

    Raises
    ------
    InputError
        The box is open but `wrap` is set, an axis is unknown, sub-boxes do not fit into the box,
        or none lies within a region.
    """
    if geometry.wrap and not boxes.periodic:
        raise InputError(f"{boxes.name}: wrap is set, but the box is open: set it to false")
    lattices = [_lattice(boxes, geometry, axis) for axis in geometry.axes]
    lattices = [lattice for lattice in lattices if len(lattice)]
    if not lattices:
        raise InputError(
            f"no sub-box of {geometry.side}×{geometry.side}×{geometry.depth} cells lies wholly in "
            f"one of the regions {list(geometry.regions or (1, 1, 1))} of a grid of "
            f"{list(boxes.cells)} cells: take fewer regions, smaller sub-boxes, a smaller stride "
            "or a smaller buffer"
        )
    return lattices if geometry.maximum is None else _thin(lattices, geometry.maximum)


def _lattice(boxes: Boxes, geometry: SubBoxGeometry, axis: int) -> SubBoxLattice:
    """Return the sub-boxes with one line of sight that lie within a region."""
    if axis not in (0, 1, 2):
        raise InputError(f"axis {axis!r} is no line of sight: choose from 0, 1 and 2")
    order = (axis, *transverse_axes(axis))
    windows = (geometry.depth, geometry.side, geometry.side)
    stride_depth = geometry.depth if geometry.stride_depth is None else geometry.stride_depth
    strides = (stride_depth, geometry.stride, geometry.stride)
    n_regions = (1, 1, 1) if geometry.regions is None else tuple(geometry.regions)
    offsets, rows, columns = edges = [
        window_positions(
            boxes.cells[along],
            window,
            stride,
            wrap=geometry.wrap,
            count=None if geometry.positions is None else geometry.positions[along],
        )
        for along, window, stride in zip(order, windows, strides)
    ]
    regions_along = [
        containing_regions(
            positions,
            window,
            boxes.cells[along],
            n_regions[along],
            buffer=geometry.buffer / boxes.cell_size[along],
            periodic=boxes.periodic,
        )
        for along, window, positions in zip(order, windows, edges)
    ]
    deep, down, across = np.meshgrid(
        *[regions >= 0 for regions in regions_along], indexing="ij", sparse=True
    )
    chosen = np.argwhere(deep & down & across)
    dropped = np.prod([len(positions) for positions in edges]) - len(chosen)
    if dropped:
        log.info(
            "line of sight %s: %d sub-boxes, %d more straddle regions and were dropped",
            AXIS_NAMES[axis],
            len(chosen),
            dropped,
        )
    regions = np.empty((len(chosen), 3), dtype=np.int64)
    for place, along in enumerate(order):
        regions[:, along] = regions_along[place][chosen[:, place]]
    return SubBoxLattice(geometry, axis, offsets, rows, columns, chosen, regions)


def _thin(lattices: list[SubBoxLattice], maximum: int) -> list[SubBoxLattice]:
    """Select at most `maximum` sub-boxes, evenly spaced over all lines of sight."""
    total = sum(len(lattice) for lattice in lattices)
    selected = np.unique(np.linspace(0, total - 1, min(maximum, total)).round().astype(int))
    thinned, first = [], 0
    for lattice in lattices:
        here = selected[(selected >= first) & (selected < first + len(lattice))] - first
        first += len(lattice)
        thinned.append(
            dataclasses.replace(lattice, chosen=lattice.chosen[here], regions=lattice.regions[here])
        )
    return [lattice for lattice in thinned if len(lattice)]
