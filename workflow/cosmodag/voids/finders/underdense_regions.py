"""Voids as connected underdense regions of a smoothed density field."""

import numpy as np
import scipy.ndimage
import scipy.sparse.csgraph
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.voids.finders.region_shapes import measure_regions
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume


def find_underdense_regions(
    overdensity: ArrayLike,
    box_size: ArrayLike,
    *,
    smoothing: float,
    threshold: float,
    window: str = "gaussian",
    minimum_volume: float | None = None,
    periodic: bool = True,
    threads: int | None = None,
) -> tuple[np.ndarray, VoidCatalogue]:
    """Find the connected regions where the smoothed overdensity is below a threshold.

    Cells that share a face are connected. The centre of a region is its centre of mass, with equal
    weights for all cells; it has little meaning for a region that spans a periodic box.

    Parameters
    ----------
    overdensity : array-like, shape (nx, ny, nz)
        Density of matter over its mean, minus 1.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    smoothing : float
        Radius of the smoothing window in Mpc/h.
    threshold : float
        Smoothed overdensity below which a cell lies inside a void, between -1 and 0.
    window : {"gaussian", "tophat"}
        Shape of the smoothing window.
    minimum_volume : float, optional
        Smallest volume of a void in (Mpc/h)³; by default that of a sphere of radius `smoothing`.
        Smaller regions are left out of the mask and of the catalogue.
    periodic : bool
        Whether the box is periodic.
    threads : int, optional
        Threads of the Fourier transforms; numba's number of threads by default.

    Returns
    -------
    mask : numpy.ndarray, shape (nx, ny, nz), uint8
        1 inside a void, 0 elsewhere.
    voids : VoidCatalogue
        Voids in descending order of volume; `radius` is that of the sphere of equal volume.

    Raises
    ------
    InputError
        The threshold is not between -1 and 0, or the window is unknown.
    """
    if not -1 < threshold < 0:
        raise InputError(f"threshold {threshold} of underdense regions: choose one in (-1, 0)")
    if minimum_volume is None:
        minimum_volume = float(sphere_volume(smoothing))
    box_size = np.asarray(box_size, dtype=np.float64)
    smoothed = smooth(
        overdensity, box_size, smoothing, window=window, periodic=periodic, threads=threads
    )
    return regions_as_voids(smoothed < threshold, box_size, minimum_volume, periodic=periodic)


def regions_as_voids(
    inside: np.ndarray, box_size: np.ndarray, minimum_volume: float, *, periodic: bool
) -> tuple[np.ndarray, VoidCatalogue]:
    """Return the connected regions of a mask that are large enough.

    Parameters
    ----------
    inside : numpy.ndarray, shape (nx, ny, nz), bool
        The mask; cells that share a face are connected.
    box_size : numpy.ndarray, shape (3,)
        Sides of the box in Mpc/h.
    minimum_volume : float
        Smallest volume of a region in (Mpc/h)³.
    periodic : bool
        Whether regions continue through opposite faces of the mesh.

    Returns
    -------
    mask : numpy.ndarray, shape (nx, ny, nz), uint8
        1 inside one of the regions, 0 elsewhere.
    voids : VoidCatalogue
        The regions in descending order of volume; `radius` is that of the sphere of equal volume.
    """
    regions, count = label_regions(inside, periodic=periodic)
    cell = box_size / regions.shape
    cells = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    largest_first = np.argsort(-cells, kind="stable")
    selected = largest_first[cells[largest_first] * cell.prod() >= minimum_volume]

    row_of_region = np.full(count + 1, -1)
    row_of_region[selected + 1] = np.arange(len(selected))
    rows = row_of_region[regions]
    volume = cells[selected] * cell.prod()
    voids = VoidCatalogue(
        position=measure_regions(rows, len(selected), box_size, periodic=periodic).centre,
        radius=np.cbrt(volume * 3 / (4 * np.pi)),
        volume=volume,
    )
    return (rows >= 0).astype(np.uint8), voids


def label_regions(mask: np.ndarray, *, periodic: bool) -> tuple[np.ndarray, int]:
    """Number the connected regions of a mask.

    Parameters
    ----------
    mask : numpy.ndarray, shape (nx, ny, nz), bool
        The mask; cells that share a face are connected.
    periodic : bool
        Whether regions continue through opposite faces of the mesh.

    Returns
    -------
    regions : numpy.ndarray, shape (nx, ny, nz), int
        Number of the region of each cell, 1 … count; 0 outside the mask.
    count : int
        Number of regions.
    """
    regions, count = scipy.ndimage.label(mask)
    if not periodic or count == 0:
        return regions, count
    touching_pairs = []
    for axis in range(3):
        first, last = np.take(regions, 0, axis), np.take(regions, -1, axis)
        touching = (first > 0) & (last > 0)
        touching_pairs.append(np.stack([first[touching], last[touching]], axis=1))
    pairs = np.unique(np.concatenate(touching_pairs), axis=0)
    graph = scipy.sparse.coo_array(
        (np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(count + 1, count + 1)
    )
    # Node 0, outside the mask, has no links, so it remains component 0.
    n_components, component = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return component[regions], n_components - 1
