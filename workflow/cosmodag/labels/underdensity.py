"""Voids as the largest spheres whose mean overdensity lies at a threshold."""

import numba
import numpy as np

from cosmodag.errors import InputError
from cosmodag.labels.empty_spheres import OUTSIDE_LIMIT, fraction_outside
from cosmodag.labels.radial_mean import radius_at_threshold
from cosmodag.labels.smoothing import smooth
from cosmodag.labels.sphere_merging import select_separate
from cosmodag.labels.void_catalogue import VoidCatalogue, spheres_as_voids

SCALE_RATIO = 1.15
CELLS_PER_RADIUS = 3


def find_underdense_spheres(
    overdensity: np.ndarray,
    box_size: np.ndarray,
    *,
    periodic: bool = True,
    threshold: float = -0.7,
    minimum_radius: float = 10.0,
    maximum_radius: float | None = None,
    threads: int | None = None,
) -> VoidCatalogue:
    """Find spherical voids by their mean overdensity.

    The definition is that of Pylians' finder (Villaescusa-Navarro 2018) and of Banerjee & Dalal
    (2016, JCAP 11, 015): spheres of decreasing radius whose mean overdensity is below the
    threshold, each apart from the larger ones. Here their centres are the minima of the field
    smoothed with top-hats of radii in steps of 15 %, each on a mesh just fine enough; the radius
    then comes from the mean within growing spheres about the centre, to better than a cell; and
    spheres are taken largest first if they overlap none taken.

    Parameters
    ----------
    overdensity : (nx, ny, nz) array
        Density of the tracers over its mean, minus 1.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats. In an open box a sphere may have 10 % of its volume outside,
        where nothing is known of the density.
    threshold : float
        Mean overdensity within a void, between -1 and 0.
    minimum_radius, maximum_radius : float
        Smallest and largest void in Mpc/h; the largest is a quarter of the box by default.
    threads : int, optional
        Threads of the transforms.

    Returns
    -------
    VoidCatalogue
        Largest first; each void is one sphere.

    Raises
    ------
    InputError
        If the threshold is not an underdensity, the radii do not fit the box or the mesh, or the
        field is -1 throughout.
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    overdensity = np.asarray(overdensity, dtype=np.float32)
    maximum_radius = maximum_radius or box_size.min() / 4
    _check_settings(overdensity, box_size, threshold, minimum_radius, maximum_radius)
    centres, limits = [np.empty((0, 3))], [np.empty(0)]
    meshes = {1: overdensity}
    scale = minimum_radius
    while scale <= maximum_radius:
        mesh = _mesh_for(scale, meshes, box_size)
        smoothed = smooth(
            mesh, box_size, scale, window="tophat", periodic=periodic, threads=threads
        )
        minima = find_minima(smoothed, threshold, periodic=periodic)
        centres.append((minima + 0.5) * (box_size / mesh.shape))
        limits.append(np.full(len(minima), scale * SCALE_RATIO))
        scale *= SCALE_RATIO
    centre, limit = np.concatenate(centres), np.concatenate(limits)
    radius = radius_at_threshold(overdensity, box_size, centre, limit, threshold, periodic=periodic)
    kept = (radius >= minimum_radius) & (radius <= maximum_radius)
    if not periodic:
        kept[kept] = fraction_outside(centre[kept], radius[kept], box_size) <= OUTSIDE_LIMIT
    kept = np.flatnonzero(kept)
    kept = kept[np.argsort(-radius[kept], kind="stable")]
    separate = kept[select_separate(centre[kept], radius[kept], box_size, periodic=periodic)]
    return spheres_as_voids(centre[separate], radius[separate])


def _check_settings(overdensity, box_size, threshold, minimum_radius, maximum_radius) -> None:
    if not -1 < threshold < 0:
        raise InputError(f"threshold {threshold} of underdense spheres: give one in (-1, 0)")
    if not minimum_radius <= maximum_radius < box_size.min() / 2:
        raise InputError(
            f"void radii {minimum_radius} to {maximum_radius} Mpc/h do not fit the box of "
            f"{box_size.tolist()}: radii must stay below half of its shortest side"
        )
    cell = (box_size / overdensity.shape).max()
    if minimum_radius < 2 * cell:
        raise InputError(
            f"minimum_radius {minimum_radius} Mpc/h is below two cells of {cell:.3g} Mpc/h: use "
            "more cells or a larger radius"
        )
    if overdensity.max() <= -1:
        raise InputError("no tracer in the box: voids cannot be told in it")


def _mesh_for(scale, meshes, box_size) -> np.ndarray:
    """Halve the mesh while the scale still spans enough cells; `meshes` keeps those made."""
    factor = 1
    while True:
        mesh, coarser = meshes[factor], 2 * factor
        if any(side % 2 for side in mesh.shape):
            return mesh
        if scale < CELLS_PER_RADIUS * 2 * (box_size / mesh.shape).max():
            return mesh
        if coarser not in meshes:
            meshes[coarser] = _halve(mesh)
        factor = coarser


def _halve(mesh) -> np.ndarray:
    nx, ny, nz = (side // 2 for side in mesh.shape)
    return mesh.reshape(nx, 2, ny, 2, nz, 2).mean(axis=(1, 3, 5))


def find_minima(field: np.ndarray, threshold: float, *, periodic: bool) -> np.ndarray:
    """Find the local minima of a field below a threshold, between cells.

    A minimum is a cell no higher than the 26 around it; its place is refined along each axis by
    the parabola through it and its two neighbours.

    Parameters
    ----------
    field : (nx, ny, nz) float32 array
    threshold : float
    periodic : bool
        Whether opposite faces touch.

    Returns
    -------
    (M, 3) float64 array
        Places in cells, whole numbers at the centres of cells.
    """
    return _refined_minima(field, np.argwhere(field < threshold), periodic)


@numba.njit(cache=True, nogil=True)
def _refined_minima(field, candidates, periodic):
    places = np.empty((len(candidates), 3))
    count = 0
    around = np.empty((3, 3, 3))
    for n in range(len(candidates)):
        if _is_minimum(field, candidates[n], periodic, around):
            for axis, (before, after) in enumerate(
                (
                    (around[0, 1, 1], around[2, 1, 1]),
                    (around[1, 0, 1], around[1, 2, 1]),
                    (around[1, 1, 0], around[1, 1, 2]),
                )
            ):
                curvature = before + after - 2 * around[1, 1, 1]
                shift = 0.5 * (before - after) / curvature if curvature > 0 else 0.0
                places[count, axis] = candidates[n, axis] + shift
            count += 1
    return places[:count].copy()


@numba.njit(cache=True, nogil=True)
def _is_minimum(field, cell, periodic, around):
    """Whether a cell is no higher than its neighbours, which are copied to `around`."""
    nx, ny, nz = field.shape
    value = field[cell[0], cell[1], cell[2]]
    for i in range(3):
        for j in range(3):
            for k in range(3):
                x, y, z = cell[0] + i - 1, cell[1] + j - 1, cell[2] + k - 1
                if periodic:
                    x, y, z = x % nx, y % ny, z % nz
                else:
                    x = min(max(x, 0), nx - 1)
                    y = min(max(y, 0), ny - 1)
                    z = min(max(z, 0), nz - 1)
                around[i, j, k] = field[x, y, z]
                if around[i, j, k] < value:
                    return False
    return True
