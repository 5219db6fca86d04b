"""Sub-boxes that fit into a box, and the disjoint regions that contain them.

The same geometry as in `cosmodag.cutouts`, for one box and without NumPy, so that a configuration
can be checked before the first job.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from cosmodag.schema_errors import ConfigError

Keys = tuple[str, ...]


@dataclass(frozen=True)
class SubBoxes:
    """Sub-boxes of a box; lengths are in cells along x, y and z.

    Attributes
    ----------
    cells : sequence of int
        Cells of the box.
    side, depth : int
        Lengths across and along the line of sight.
    stride, stride_depth : int
        Distances between neighbours.
    axes : sequence of int
        Lines of sight.
    wrap : bool
        Whether sub-boxes may extend across the boundary of the box.
    positions : sequence of int, optional
        Numbers of sub-boxes along each axis; as many as fit if absent.
    regions : sequence of int, optional
        Numbers of regions along each axis.
    buffer : sequence of float
        Smallest distance between sub-boxes of different regions along each axis.
    periodic : bool
        Whether the box is periodic.
    """

    cells: Sequence[int]
    side: int
    depth: int
    stride: int
    stride_depth: int
    axes: Sequence[int]
    wrap: bool = False
    positions: Sequence[int] | None = None
    regions: Sequence[int] | None = None
    buffer: Sequence[float] = (0.0, 0.0, 0.0)
    periodic: bool = True

    def groups(self, keys: Keys) -> int:
        """Return the number of regions that contain sub-boxes, 1 without regions.

        Parameters
        ----------
        keys : tuple of str
            Keys of the entry of the configuration, for messages.

        Raises
        ------
        ConfigError
            If sub-boxes do not fit into the box or into one of its regions.
        """
        regions: set[tuple[int, ...]] = set()
        for axis in self.axes:
            regions.update(itertools.product(*(self._regions(keys, axis, k) for k in range(3))))
        if not regions:
            raise ConfigError(
                (*keys, "regions"),
                f"no sub-box of {self.side}×{self.side}×{self.depth} cells lies within one of "
                f"{'×'.join(map(str, self.regions or ()))} regions of a box of "
                f"{'×'.join(map(str, self.cells))} cells; give fewer regions, or a smaller side, "
                "stride or buffer",
            )
        return len(regions)

    def count(self, keys: Keys) -> int:
        """Return the number of sub-boxes that lie within a region; see `groups`."""
        return sum(
            math.prod(len(self._regions(keys, axis, along)) for along in range(3))
            for axis in self.axes
        )

    def _regions(self, keys: Keys, axis: int, along: int) -> list[int]:
        """Return the region of each sub-box along an axis that lies in one, for a line of sight."""
        cells = self.cells[along]
        name = "depth" if along == axis else "side"
        window = self.depth if along == axis else self.side
        stride = self.stride_depth if along == axis else self.stride
        if window > cells:
            raise ConfigError(
                (*keys, name),
                f"{window} cells do not fit into a box of {cells} cells along {'xyz'[along]}; give "
                f"at most {cells}",
            )
        fit = max(cells // stride if self.wrap else (cells - window) // stride + 1, 1)
        wanted = fit if self.positions is None else self.positions[along]
        if wanted > fit:
            raise ConfigError(
                (*keys, "positions", str(along)),
                f"{wanted} sub-boxes of {window} cells with a stride of {stride} do not fit into "
                f"{cells} cells along {'xyz'[along]}; give at most {fit}",
            )
        regions = 1 if self.regions is None else self.regions[along]
        if regions == 1:
            return [0] * wanted
        contained = []
        for start in range(0, wanted * stride, stride):
            length = cells / regions
            region = int(start // length)
            lower = region * length + self.buffer[along] / 2
            upper = (region + 1) * length - self.buffer[along] / 2
            if not self.periodic:
                lower = 0 if region == 0 else lower
                upper = cells if region == regions - 1 else upper
            if start >= lower and start + window <= upper:
                contained.append(region)
        return contained
