"""What a network is to learn of the voids of a box: map of centres, counts, volumes."""

import numba
import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass


def map_of_centres(
    position: np.ndarray,
    shape: tuple[int, int, int],
    box_size: np.ndarray,
    *,
    periodic: bool = True,
) -> np.ndarray:
    """Assign void centres to a mesh by cloud-in-cell, each with weight 1.

    Parameters
    ----------
    position : (M, 3) array
        Void centres in Mpc/h; those outside an open box are left out.
    shape : (3,) tuple of int
        Cells of the mesh.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats.

    Returns
    -------
    shape float32 array
        Voids per cell; it sums to the number of centres in a periodic box.
    """
    grid = np.zeros(shape, dtype=np.float32)
    box_size = np.asarray(box_size, dtype=np.float64)
    position = np.asarray(position, dtype=np.float64).reshape(-1, 3)
    if periodic:
        position = position % box_size
    else:
        position = position[((position >= 0) & (position <= box_size)).all(axis=1)]
    if len(position):
        assign_mass(position, grid, box_size, method="cic", periodic=periodic)
    return grid


def count_in_boxes(
    position: np.ndarray,
    volume: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    box_size: np.ndarray,
    *,
    periodic: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Count the voids whose centres lie in each sub-box, and sum their volumes.

    A sub-box holds lower ≤ x < upper along each axis.

    Parameters
    ----------
    position : (M, 3) array
        Void centres in Mpc/h.
    volume : (M,) array
        Volume of each void in (Mpc/h)^3.
    lower, upper : (B, 3) arrays
        Corners of the sub-boxes in Mpc/h; `upper` may exceed a periodic box, whose sub-boxes
        continue at the opposite face.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats.

    Returns
    -------
    count : (B,) int64 array
    volume : (B,) float64 array
        Summed volume in (Mpc/h)^3.
    """
    corners = [np.asarray(corner, dtype=np.float64).reshape(-1, 3) for corner in (lower, upper)]
    return _count_in_boxes(
        np.asarray(position, dtype=np.float64).reshape(-1, 3),
        np.asarray(volume, dtype=np.float64),
        *corners,
        np.asarray(box_size, dtype=np.float64),
        periodic,
    )


@numba.njit(parallel=True, cache=True)
def _count_in_boxes(position, volume, lower, upper, box_size, periodic):
    """Test every void against every sub-box without storing the comparison."""
    counts = np.zeros(len(lower), dtype=np.int64)
    volumes = np.zeros(len(lower))
    for b in numba.prange(len(lower)):
        for v in range(len(position)):
            inside = True
            for axis in range(3):
                offset = position[v, axis] - lower[b, axis]
                if periodic:
                    offset -= box_size[axis] * np.floor(offset / box_size[axis])
                inside &= 0 <= offset < upper[b, axis] - lower[b, axis]
            if inside:
                counts[b] += 1
                volumes[b] += volume[v]
    return counts, volumes
