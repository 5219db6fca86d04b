"""Centres and shapes of regions of cells."""

from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True)
class RegionShapes:
    """Centres and shapes of regions, with equal weights for all their cells.

    Attributes
    ----------
    centre : numpy.ndarray, shape (M, 3), float64
        Centres of mass in Mpc/h. They have little meaning for a region that spans a periodic box.
    n_cells : numpy.ndarray, shape (M,), int64
        Numbers of cells.
    covariance : numpy.ndarray, shape (M, 3, 3), float64
        Covariances of the positions of the cells in (Mpc/h)².
    """

    centre: np.ndarray
    n_cells: np.ndarray
    covariance: np.ndarray

    @property
    def ellipticity(self) -> np.ndarray:
        """Ellipticity 1 - (J₁/J₃)^¼ of the moments of inertia J₁ ≤ J₃ [1]_, shape (M,), float64.

        It is 0 for a sphere; a spheroid with one axis twice as long as the others has 0.20.

        References
        ----------
        .. [1] Sutter et al. 2015, Astronomy and Computing 9, 1.
        """
        inertia = np.trace(self.covariance, axis1=1, axis2=2)[:, None, None] * np.eye(3)
        moments = np.linalg.eigvalsh(inertia - self.covariance)
        largest = moments[:, 2]
        ratio = np.divide(moments[:, 0], largest, out=np.ones_like(largest), where=largest > 0)
        return 1 - ratio.clip(0, 1) ** 0.25


def measure_regions(
    rows: np.ndarray, count: int, box_size: np.ndarray, *, periodic: bool
) -> RegionShapes:
    """Measure the centres and shapes of regions.

    Parameters
    ----------
    rows : numpy.ndarray, shape (nx, ny, nz), int
        Region of each cell, 0 … count - 1; negative outside all regions.
    count : int
        Number of regions.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic. Cells are then unwrapped around the circular mean of a region.

    Returns
    -------
    RegionShapes

    Examples
    --------
    >>> rows = np.full((8, 8, 8), -1)
    >>> rows[[7, 0], 4, 4] = 0
    >>> measure_regions(rows, 1, np.array([8.0] * 3), periodic=True).centre
    array([[0. , 4.5, 4.5]])
    """
    reference = np.zeros((count, 3))
    if periodic:
        # No cell of a compact region is further than half a box from the circular mean.
        sines, cosines = np.zeros((count, 3)), np.zeros((count, 3))
        _add_phases(rows, sines, cosines)
        reference = np.arctan2(sines, cosines) / (2 * np.pi) % 1 * box_size
    sums, products = np.zeros((count, 3)), np.zeros((count, 3, 3))
    n_cells = np.zeros(count, dtype=np.int64)
    cell = box_size / rows.shape
    _add_offsets(rows, cell, box_size, reference, periodic, sums, products, n_cells)
    number = np.maximum(n_cells, 1)
    mean = sums / number[:, None]
    covariance = products / number[:, None, None] - mean[:, :, None] * mean[:, None, :]
    centre = reference + mean
    if periodic:  # a centre at -1e-20 wraps to the box size itself, which is 0
        centre = centre % box_size % box_size
    return RegionShapes(centre, n_cells, covariance)


@numba.njit(cache=True, nogil=True)
def _add_phases(rows, sines, cosines):
    """Add the sines and cosines of the positions of the cells of each region."""
    for i, j, k in np.ndindex(rows.shape):
        row = rows[i, j, k]
        if row >= 0:
            for axis, index in enumerate((i, j, k)):
                phase = 2 * np.pi * (index + 0.5) / rows.shape[axis]
                sines[row, axis] += np.sin(phase)
                cosines[row, axis] += np.cos(phase)


@numba.njit(cache=True, nogil=True)
def _add_offsets(rows, cell, box_size, reference, periodic, sums, products, n_cells):
    """Add the offsets of the cells of each region from its reference, their products and number."""
    offset = np.empty(3)
    for i, j, k in np.ndindex(rows.shape):
        row = rows[i, j, k]
        if row >= 0:
            n_cells[row] += 1
            for axis, index in enumerate((i, j, k)):
                offset[axis] = (index + 0.5) * cell[axis] - reference[row, axis]
                if periodic:
                    offset[axis] -= box_size[axis] * np.round(offset[axis] / box_size[axis])
                sums[row, axis] += offset[axis]
            for axis in range(3):
                for other in range(3):
                    products[row, axis, other] += offset[axis] * offset[other]
