"""Maps of the probability of a void in layers of a box."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cosmodag.cutouts.sub_box_lattice import AXIS_NAMES
from cosmodag.cutouts.window_sums import transverse_axes


@dataclass(frozen=True)
class VoidMaps:
    """Maps of layers of a box along one axis: of slabs, or of the layers of voxels of a cube.

    Attributes
    ----------
    axis : int
        The axis, for slabs the line of sight; the others become rows and columns, see
        `transverse_axes`.
    probability : numpy.ndarray, shape (layers, rows, columns), float32
        Probability of a void; NaN where it is unknown, as outside a survey.
    overdensity : numpy.ndarray, shape (layers, rows, columns), float32
        Galaxy overdensity, averaged over the depth of the layer and over each pixel; NaN where it
        is unknown.
    lower, upper : numpy.ndarray, shape (layers,), float64
        Faces of the layers along the axis in Mpc/h, in the coordinates of the catalogue. The last
        slab ends at the end of the box and may overlap the one before.
    pixel_size : numpy.ndarray, shape (2,), float64
        Sides of a pixel along rows and columns in Mpc/h.
    corner : numpy.ndarray, shape (2,), float64
        Lower corner of the first pixel along rows and columns in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    """

    axis: int
    probability: np.ndarray
    overdensity: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    pixel_size: np.ndarray
    corner: np.ndarray
    periodic: bool

    @property
    def letter(self) -> str:
        """Name of the axis."""
        return AXIS_NAMES[self.axis]

    @property
    def transverse(self) -> tuple[str, str]:
        """Names of the axes along rows and columns."""
        rows, columns = transverse_axes(self.axis)
        return AXIS_NAMES[rows], AXIS_NAMES[columns]

    @property
    def depth(self) -> float:
        """Depth of a layer in Mpc/h."""
        return float(self.upper[0] - self.lower[0])

    @property
    def voxel_size(self) -> np.ndarray:
        """Sides of a pixel in Mpc/h along layers, rows and columns, shape (3,), float64."""
        return np.array([self.depth, *self.pixel_size])

    def __len__(self) -> int:
        return len(self.lower)

    def within(self, known: np.ndarray | None) -> "VoidMaps":
        """Return the maps with NaN in unknown pixels.

        Parameters
        ----------
        known : numpy.ndarray, shape (layers, rows, columns), bool, or None
            Which pixels are known; None for all.
        """
        if known is None:
            return self
        return replace(
            self,
            probability=np.where(known, self.probability, np.float32(np.nan)),
            overdensity=np.where(known, self.overdensity, np.float32(np.nan)),
        )


def pixel_means(values: np.ndarray, factors: Sequence[int]) -> np.ndarray:
    """Return the means of values in cells over each pixel or voxel.

    Parameters
    ----------
    values : numpy.ndarray, shape (…, cells of each axis)
        Values in cells.
    factors : sequence of int
        Cells per pixel along each of the last axes, whose lengths are multiples of them.

    Returns
    -------
    numpy.ndarray, shape (…, pixels of each axis)

    Examples
    --------
    >>> pixel_means(np.arange(8.0).reshape(2, 4), (2, 2))
    array([[2.5, 4.5]])
    """
    first = values.ndim - len(factors)
    blocks = [
        part
        for length, factor in zip(values.shape[first:], factors)
        for part in (length // factor, factor)
    ]
    within = tuple(range(first + 1, first + len(blocks), 2))
    return values.reshape(*values.shape[:first], *blocks).mean(axis=within)
