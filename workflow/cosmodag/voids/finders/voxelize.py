"""Unions of spheres on a mesh."""

import numba
import numpy as np


def voxelize_spheres(
    position: np.ndarray,
    radius: np.ndarray,
    shape: tuple[int, int, int],
    box_size: np.ndarray,
    *,
    periodic: bool = True,
) -> np.ndarray:
    """Mark the cells of a mesh whose centres lie inside the union of spheres.

    A cell counts as a whole or not at all: no volume is shared. The mesh should therefore be
    finer than the smallest sphere; the volume of a sphere of R cells is met within about 1 / R.

    Parameters
    ----------
    position : (S, 3) array
        Centres in Mpc/h.
    radius : (S,) array
        Radii in Mpc/h, below half of the box where it is periodic.
    shape : (3,) tuple of int
        Cells of the mesh.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether spheres continue through opposite faces.

    Returns
    -------
    shape uint8 array
        1 inside a sphere.
    """
    mask = np.zeros(shape, dtype=np.uint8)
    cell = np.asarray(box_size, dtype=np.float64) / shape
    centres = np.asarray(position, dtype=np.float64).reshape(-1, 3) / cell
    _fill_spheres(mask, centres, np.asarray(radius, dtype=np.float64), cell, periodic)
    return mask


@numba.njit(parallel=True, cache=True)
def _fill_spheres(mask, centres, radius, cell, periodic):
    """Fill spheres row by row; each thread owns whole planes, so none writes another's cells."""
    nx, ny, nz = mask.shape
    for i in numba.prange(nx):
        for s in range(len(radius)):
            offset = i + 0.5 - centres[s, 0]
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
