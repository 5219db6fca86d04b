"""Voids as the matter defines them: connected underdense regions of the smoothed field."""

import numba
import numpy as np
import scipy.ndimage
import scipy.sparse.csgraph

from cosmodag.errors import InputError
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume


def find_underdense_regions(
    overdensity: np.ndarray,
    box_size: np.ndarray,
    *,
    smoothing: float,
    threshold: float,
    window: str = "gaussian",
    minimum_volume: float | None = None,
    periodic: bool = True,
    threads: int | None = None,
) -> tuple[np.ndarray, VoidCatalogue]:
    """Find the connected regions where the smoothed overdensity lies below a threshold.

    Cells that share a face are connected. A region's centre is its centre of mass (all cells
    weigh alike), which means little for a region that spans the periodic box.

    Parameters
    ----------
    overdensity : (nx, ny, nz) array
        Density of matter over its mean, minus 1.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    smoothing : float
        Radius of the smoothing window in Mpc/h.
    threshold : float
        Smoothed overdensity below which a cell is inside a void, between -1 and 0.
    window : {"gaussian", "tophat"}
        Shape of the window.
    minimum_volume : float, optional
        Smallest void in (Mpc/h)^3; by default the volume of a sphere of radius `smoothing`.
        Smaller regions are left out of the mask as well as of the catalogue.
    periodic : bool
        Whether the box repeats.
    threads : int, optional
        Threads of the transforms.

    Returns
    -------
    mask : (nx, ny, nz) uint8 array
        1 inside a void.
    voids : VoidCatalogue
        Largest first; `radius` is that of the sphere of equal volume.

    Raises
    ------
    InputError
        If the threshold is not an underdensity or the window is unknown.
    """
    if not -1 < threshold < 0:
        raise InputError(f"threshold {threshold} of underdense regions: give one in (-1, 0)")
    if minimum_volume is None:
        minimum_volume = float(sphere_volume(smoothing))
    box_size = np.asarray(box_size, dtype=np.float64)
    smoothed = smooth(
        overdensity, box_size, smoothing, window=window, periodic=periodic, threads=threads
    )
    regions, count = label_regions(smoothed < threshold, periodic=periodic)
    cell = box_size / regions.shape
    cells = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    largest_first = np.argsort(-cells, kind="stable")
    kept = largest_first[cells[largest_first] * cell.prod() >= minimum_volume]

    row_of = np.full(count + 1, -1)
    row_of[kept + 1] = np.arange(len(kept))
    rows = row_of[regions]
    volume = cells[kept] * cell.prod()
    voids = VoidCatalogue(
        position=_centres_of_mass(rows, len(kept), cell, box_size, periodic),
        radius=np.cbrt(volume * 3 / (4 * np.pi)),
        volume=volume,
    )
    return (rows >= 0).astype(np.uint8), voids


def label_regions(mask: np.ndarray, *, periodic: bool) -> tuple[np.ndarray, int]:
    """Number the regions of a mask that are connected through faces of cells.

    Parameters
    ----------
    mask : (nx, ny, nz) bool array
    periodic : bool
        Whether regions continue through opposite faces of the mesh.

    Returns
    -------
    regions : (nx, ny, nz) int array
        0 outside the mask, 1 … count inside.
    count : int
    """
    regions, count = scipy.ndimage.label(mask)
    if not periodic or count == 0:
        return regions, count
    pairs = []
    for axis in range(3):
        first, last = np.take(regions, 0, axis), np.take(regions, -1, axis)
        touching = (first > 0) & (last > 0)
        pairs.append(np.stack([first[touching], last[touching]], axis=1))
    pairs = np.unique(np.concatenate(pairs), axis=0)
    graph = scipy.sparse.coo_array(
        (np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(count + 1, count + 1)
    )
    # Node 0, outside the mask, touches nothing, so it stays a component of its own: number 0.
    joined, number = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return number[regions], joined - 1


def _centres_of_mass(rows, count, cell, box_size, periodic) -> np.ndarray:
    """Mean position of each region, unwrapped around its circular mean where periodic."""
    sums = np.zeros((count, 3))
    if periodic:
        # A circular mean first: then no cell of a compact region is further than half a box.
        sines, cosines = np.zeros((count, 3)), np.zeros((count, 3))
        _add_phases(rows, sines, cosines)
        reference = np.arctan2(sines, cosines) / (2 * np.pi) % 1 * box_size
    else:
        reference = np.zeros((count, 3))
    numbers = np.zeros(count, dtype=np.int64)
    _add_offsets(rows, cell, box_size, reference, periodic, sums, numbers)
    centres = reference + sums / np.maximum(numbers, 1)[:, None]
    return centres % box_size if periodic else centres


@numba.njit(cache=True, nogil=True)
def _add_phases(rows, sines, cosines):
    for i, j, k in np.ndindex(rows.shape):
        row = rows[i, j, k]
        if row >= 0:
            for axis, index in enumerate((i, j, k)):
                phase = 2 * np.pi * (index + 0.5) / rows.shape[axis]
                sines[row, axis] += np.sin(phase)
                cosines[row, axis] += np.cos(phase)


@numba.njit(cache=True, nogil=True)
def _add_offsets(rows, cell, box_size, reference, periodic, sums, numbers):
    for i, j, k in np.ndindex(rows.shape):
        row = rows[i, j, k]
        if row >= 0:
            numbers[row] += 1
            for axis, index in enumerate((i, j, k)):
                offset = (index + 0.5) * cell[axis] - reference[row, axis]
                if periodic:
                    offset -= box_size[axis] * np.round(offset / box_size[axis])
                sums[row, axis] += offset
