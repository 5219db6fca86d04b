"""Voids as the largest spheres whose mean overdensity lies at a threshold."""

import numba
import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.finders.empty_spheres import OUTSIDE_LIMIT, fraction_outside
from cosmodag.voids.finders.minima import find_minima
from cosmodag.voids.finders.radial_mean import radius_at_threshold
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.sphere_merging import is_outside, select_separate
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, spheres_as_voids

SCALE_RATIO = 1.15
# A mesh of so few cells smooths a little more than the sphere does, hence the slack in density.
CELLS_PER_RADIUS = 2.5
CANDIDATE_SLACK = 0.05


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
    smoothed with top-hats of decreasing radius, in steps of 15 %, each on a mesh just fine enough;
    the radius then comes from the mean within growing spheres about the centre, to better than a
    cell; and of each step spheres are taken largest first if they overlap none taken.

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
    steps = int(np.log(maximum_radius / minimum_radius) / np.log(SCALE_RATIO))
    meshes = {1: overdensity}
    centre, radius = np.empty((0, 3)), np.empty(0)
    for scale in minimum_radius * SCALE_RATIO ** np.arange(steps, -1, -1):
        mesh = _mesh_for(scale, meshes, box_size)
        smoothed = smooth(
            mesh, box_size, scale, window="tophat", periodic=periodic, threads=threads
        )
        minima = find_minima(smoothed, threshold + CANDIDATE_SLACK, periodic=periodic)
        candidate = (minima + 0.5) * (box_size / mesh.shape)
        apart = is_outside(candidate, centre, radius, box_size, periodic=periodic)
        candidate = candidate[apart]
        limit = np.full(len(candidate), min(scale * SCALE_RATIO, maximum_radius))
        size = radius_at_threshold(
            overdensity, box_size, candidate, limit, threshold, periodic=periodic
        )
        kept = size >= max(minimum_radius, scale / SCALE_RATIO)
        if not periodic:
            kept[kept] = fraction_outside(candidate[kept], size[kept], box_size) <= OUTSIDE_LIMIT
        kept = np.flatnonzero(kept)
        kept = kept[np.argsort(-size[kept], kind="stable")]
        # Spheres of larger scales come first and overlap none of each other: all stay selected.
        centre = np.concatenate([centre, candidate[kept]])
        radius = np.concatenate([radius, size[kept]])
        separate = select_separate(centre, radius, box_size, periodic=periodic)
        centre, radius = centre[separate], radius[separate]
    largest_first = np.argsort(-radius, kind="stable")
    return spheres_as_voids(centre[largest_first], radius[largest_first])


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


@numba.njit(parallel=True, cache=True)
def _halve(mesh):
    """Average blocks of 2 x 2 x 2 cells; bound by reading the mesh once."""
    halved = np.empty((mesh.shape[0] // 2, mesh.shape[1] // 2, mesh.shape[2] // 2), np.float32)
    for i in numba.prange(halved.shape[0]):
        for j in range(halved.shape[1]):
            for k in range(halved.shape[2]):
                block = mesh[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, 2 * k : 2 * k + 2]
                halved[i, j, k] = block.sum() / 8
    return halved
