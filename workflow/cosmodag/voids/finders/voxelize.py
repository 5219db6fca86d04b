"""Masks of unions of spheres on a mesh."""

import numba
import numpy as np
from numpy.typing import ArrayLike


def voxelize_spheres(
    position: ArrayLike,
    radius: ArrayLike,
    shape: tuple[int, int, int],
    box_size: ArrayLike,
    *,
    periodic: bool = True,
    planes: range | None = None,
) -> np.ndarray:
    """Mark the cells of a mesh whose centres lie inside the union of spheres.

    A cell counts entirely or not at all, so the cells should be smaller than the smallest sphere:
    the volume of a sphere with a radius of R cells is accurate to about 1 / R.

    Parameters
    ----------
    position : array-like, shape (S, 3)
        Centres in Mpc/h.
    radius : array-like, shape (S,)
        Radii in Mpc/h, below half of the box if it is periodic.
    shape : tuple of int, shape (3,)
        Cells along each axis.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    planes : range, optional
        Planes of cells along x to mark; all by default.

    Returns
    -------
    numpy.ndarray, shape `shape`, uint8
        1 inside a sphere, 0 elsewhere; of the given planes alone.

    Examples
    --------
    >>> mask = voxelize_spheres([[5.0, 5.0, 5.0]], [2.0], (10, 10, 10), [10.0] * 3)
    >>> int(mask.sum())
    32
    """
    planes = range(shape[0]) if planes is None else planes
    mask = np.zeros((len(planes), *shape[1:]), dtype=np.uint8)
    cell = np.asarray(box_size, dtype=np.float64) / shape
    centres = np.asarray(position, dtype=np.float64).reshape(-1, 3) / cell
    radii = np.asarray(radius, dtype=np.float64)
    _fill_spheres(mask, planes.start, shape[0], centres, radii, cell, periodic)
    return mask


@numba.njit(parallel=True, cache=True)
def _fill_spheres(mask, first, nx, centres, radius, cell, periodic):
    """Fill spheres row by row; each thread fills whole planes, so no two write to one cell."""
    n_planes, ny, nz = mask.shape
    for i in numba.prange(n_planes):
        for s in range(len(radius)):
            offset = first + i + 0.5 - centres[s, 0]
            if periodic:
                offset -= nx * np.round(offset / nx)
            disc = radius[s] ** 2 - (offset * cell[0]) ** 2
            if disc < 0:
                continue
            reach = np.sqrt(disc) / cell[1]
            for j in range(
                int(np.ceil(centres[s, 1] - reach - 0.5)),
                int(np.floor(centres[s, 1] + reach - 0.5)) + 1,
            ):
                if not periodic and (j < 0 or j >= ny):
                    continue
                chord = disc - ((j + 0.5 - centres[s, 1]) * cell[1]) ** 2
                half = np.sqrt(max(chord, 0.0)) / cell[2]
                for k in range(
                    int(np.ceil(centres[s, 2] - half - 0.5)),
                    int(np.floor(centres[s, 2] + half - 0.5)) + 1,
                ):
                    if periodic or 0 <= k < nz:
                        mask[i, j % ny, k % nz] = 1
