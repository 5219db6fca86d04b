"""Voids as the largest spheres with a given mean overdensity."""

import numba
import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.voids.finders.empty_spheres import MAXIMUM_FRACTION_OUTSIDE, fraction_outside
from cosmodag.voids.finders.local_minima import find_minima
from cosmodag.voids.finders.radial_profile import radius_at_threshold
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.sphere_merging import is_outside, select_separate
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, spheres_as_voids

SCALE_RATIO = 1.15
"""Ratio of successive smoothing radii."""
CELLS_PER_RADIUS = 2.5
"""Smallest number of cells per smoothing radius; coarser meshes smooth too much."""
CANDIDATE_SLACK = 0.05
"""Overdensity above the threshold up to which minima are candidates: coarse meshes smooth more."""


def find_underdense_spheres(
    overdensity: ArrayLike,
    box_size: ArrayLike,
    *,
    periodic: bool = True,
    threshold: float = -0.7,
    minimum_radius: float = 10.0,
    maximum_radius: float | None = None,
    threads: int | None = None,
) -> VoidCatalogue:
    """Find spherical voids by their mean overdensity.

    Voids are spheres of decreasing radius whose mean overdensity is below the threshold and which
    do not overlap larger ones, as in Pylians [1]_ and in [2]_. Candidate centres are the minima of
    the field smoothed with top-hats of decreasing radius, in steps of 15 %, on a mesh that is just
    fine enough. The radius comes from the mean within growing spheres about the centre, to better
    than a cell. In each step, spheres are selected in descending order of radius if they overlap
    none of those already selected.

    Parameters
    ----------
    overdensity : array-like, shape (nx, ny, nz)
        Density of the tracers over its mean, minus 1.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic. In an open box, up to 10 % of the volume of a sphere may lie
        outside, where the density is unknown.
    threshold : float
        Mean overdensity of a void, between -1 and 0.
    minimum_radius, maximum_radius : float
        Smallest and largest radius of a void in Mpc/h; the largest is a quarter of the shortest
        side of the box by default.
    threads : int, optional
        Threads of the Fourier transforms; numba's number of threads by default.

    Returns
    -------
    VoidCatalogue
        One sphere per void, in descending order of radius.

    Raises
    ------
    InputError
        The threshold is not between -1 and 0, the radii do not fit the box or the mesh, or the
        overdensity is -1 throughout.

    References
    ----------
    .. [1] Villaescusa-Navarro 2018, Pylians, Astrophysics Source Code Library.
    .. [2] Banerjee & Dalal 2016, JCAP 11, 015.
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    overdensity = np.asarray(overdensity, dtype=np.float32)
    maximum_radius = maximum_radius or max(box_size.min() / 4, minimum_radius)
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
        candidate = candidate[is_outside(candidate, centre, radius, box_size, periodic=periodic)]
        limit = np.full(len(candidate), min(scale * SCALE_RATIO, maximum_radius))
        candidate_radius = radius_at_threshold(
            overdensity, box_size, candidate, limit, threshold, periodic=periodic
        )
        large = candidate_radius >= max(minimum_radius, scale / SCALE_RATIO)
        candidate, candidate_radius = candidate[large], candidate_radius[large]
        if not periodic:
            outside_fraction = fraction_outside(candidate, candidate_radius, box_size)
            inside = outside_fraction <= MAXIMUM_FRACTION_OUTSIDE
            candidate, candidate_radius = candidate[inside], candidate_radius[inside]
        largest_first = np.argsort(-candidate_radius, kind="stable")
        # Spheres of earlier scales come first and do not overlap, so all of them stay selected.
        centre = np.concatenate([centre, candidate[largest_first]])
        radius = np.concatenate([radius, candidate_radius[largest_first]])
        separate = select_separate(centre, radius, box_size, periodic=periodic)
        centre, radius = centre[separate], radius[separate]
    largest_first = np.argsort(-radius, kind="stable")
    return spheres_as_voids(centre[largest_first], radius[largest_first])


def _check_settings(
    overdensity: np.ndarray,
    box_size: np.ndarray,
    threshold: float,
    minimum_radius: float,
    maximum_radius: float,
) -> None:
    """Refuse a threshold and radii that do not fit the field."""
    if not -1 < threshold < 0:
        raise InputError(f"threshold {threshold} of underdense spheres: choose one in (-1, 0)")
    half = box_size.min() / 2
    if not minimum_radius < half:
        raise InputError(
            f"minimum_radius {minimum_radius:g} Mpc/h: spheres must have less than half of the "
            f"shortest side of the box, {half:g} Mpc/h; give a smaller one"
        )
    if not minimum_radius <= maximum_radius < half:
        raise InputError(
            f"maximum_radius {maximum_radius:g} Mpc/h: give one between minimum_radius, "
            f"{minimum_radius:g}, and half of the shortest side of the box, {half:g} Mpc/h"
        )
    cell = (box_size / overdensity.shape).max()
    if minimum_radius < 2 * cell:
        raise InputError(
            f"minimum_radius {minimum_radius} Mpc/h is below two cells of {cell:.3g} Mpc/h: use "
            "more cells or a larger radius"
        )
    if overdensity.max() <= -1:
        raise InputError("there is no tracer in the box: no voids can be found in it")


def _mesh_for(scale: float, meshes: dict[int, np.ndarray], box_size: np.ndarray) -> np.ndarray:
    """Return the coarsest mesh with enough cells per scale; `meshes` caches them by factor."""
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
    """Average blocks of 2 × 2 × 2 cells; bound by reading the mesh once."""
    halved = np.empty((mesh.shape[0] // 2, mesh.shape[1] // 2, mesh.shape[2] // 2), np.float32)
    for i in numba.prange(halved.shape[0]):
        for j in range(halved.shape[1]):
            for k in range(halved.shape[2]):
                block = mesh[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, 2 * k : 2 * k + 2]
                halved[i, j, k] = block.sum() / 8
    return halved
