"""Size and spacing of slices and patches of a cube."""

from collections.abc import Sequence
from dataclasses import dataclass

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry


@dataclass(frozen=True, kw_only=True)
class SliceGeometry:
    """Size and spacing of slices, whole or in patches, which are one cell deep.

    Parameters
    ----------
    side : int, optional
        Side of a patch in cells; whole slices by default.
    stride : int, optional
        Distance between neighbouring patches in cells; `side` by default.
    stride_depth : int
        Distance between neighbouring slices in cells.
    axes : sequence of int
        Lines of sight: axes from 0 to 2.
    maximum : int, optional
        Largest number of slices or patches per cube, evenly spaced over all lines of sight; all by
        default.
    regions : sequence of int, length 3, optional
        Number of disjoint regions along x, y and z, each of which becomes a group. Patches in more
        than one region are dropped. By default the whole box is one group.
    buffer : float
        Smallest distance between patches of different regions in Mpc/h.
    """

    side: int | None = None
    stride: int | None = None
    stride_depth: int = 1
    axes: Sequence[int] = (0, 1, 2)
    maximum: int | None = None
    regions: Sequence[int] | None = None
    buffer: float = 0.0

    def for_cells(self, cells: int) -> SubBoxGeometry:
        """Return the geometry of the patches of a cube.

        Parameters
        ----------
        cells : int
            Cells per side of the cube.

        Returns
        -------
        SubBoxGeometry
            Sub-boxes of depth 1.

        Examples
        --------
        >>> SliceGeometry(side=50).for_cells(200).stride
        50
        """
        side = cells if self.side is None else self.side
        return SubBoxGeometry(
            side=side,
            depth=1,
            stride=side if self.stride is None else self.stride,
            stride_depth=self.stride_depth,
            axes=self.axes,
            regions=self.regions,
            buffer=self.buffer,
            maximum=self.maximum,
        )
