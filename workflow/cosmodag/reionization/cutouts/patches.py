"""Kernels that cut two-dimensional patches from a cube and reduce whole planes of it."""

import numba
import numpy as np


def cut_patches(
    cube: np.ndarray, axis: int, corners: np.ndarray, side: int, out: np.ndarray
) -> np.ndarray:
    """Copy patches that are one cell deep from a cube.

    Parameters
    ----------
    cube : numpy.ndarray, shape (n, n, n), float32
        Cube, C-contiguous or not.
    axis : int
        Axis perpendicular to the patches. The other axes, in their order, become rows and columns.
    corners : numpy.ndarray, shape (N, 3), int64
        Lower corners of the patches along x, y and z in cells.
    side : int
        Side of a patch in cells.
    out : numpy.ndarray, shape (N, side, side), float32
        Array to fill; it may be a strided view, such as one channel of images.

    Returns
    -------
    numpy.ndarray, shape (N, side, side), float32
        `out`.

    Examples
    --------
    >>> cube = np.arange(27, dtype=np.float32).reshape(3, 3, 3)
    >>> cut_patches(cube, 0, np.array([[1, 0, 1]]), 2, np.empty((1, 2, 2), np.float32)).tolist()
    [[[10.0, 11.0], [13.0, 14.0]]]
    """
    if axis == 2:
        # Neighbouring patches in depth are contiguous in memory, so they are copied together.
        order = np.lexsort((corners[:, 2], corners[:, 1], corners[:, 0]))
        _cut_columns(cube, corners[order], order, side, out)
    else:
        _cut_rows(cube, axis, corners, side, out)
    return out


@numba.njit(cache=True, nogil=True)
def _cut_rows(cube, axis, corners, side, out):
    """Copy patches whose columns run along z; bound by memory traffic."""
    for n in range(len(corners)):
        x, y, z = corners[n]
        for i in range(side):
            if axis == 0:
                for j in range(side):
                    out[n, i, j] = cube[x, y + i, z + j]
            else:
                for j in range(side):
                    out[n, i, j] = cube[x + i, y, z + j]


@numba.njit(cache=True, nogil=True)
def _cut_columns(cube, corners, indices, side, out):
    """Copy patches perpendicular to z, one column of cells at a time; bound by strided writes."""
    for i in range(side):
        for j in range(side):
            for n in range(len(corners)):
                x, y, z = corners[n]
                out[indices[n], i, j] = cube[x + i, y + j, z]


@numba.njit(cache=True, nogil=True, fastmath={"reassoc"})
def plane_sums(cube):
    """Return the sums of all planes of a cube across each axis, in one pass over the cube.

    Parameters
    ----------
    cube : numpy.ndarray, shape (n, n, n), float32
        Cube.

    Returns
    -------
    numpy.ndarray, shape (3, n), float64
        Sum of each plane across x, y and z.
    """
    n = cube.shape[0]
    sums = np.zeros((3, n))
    along_z = sums[2]
    for i in range(n):
        for j in range(n):
            row = cube[i, j]
            total = 0.0
            for k in range(n):
                total += row[k]
                along_z[k] += row[k]
            sums[0, i] += total
            sums[1, j] += total
    return sums


@numba.njit(cache=True, nogil=True)
def planes_nonzero(cube, axis, planes):
    """Return whether planes of a cube have any value other than 0, stopping at the first one.

    Parameters
    ----------
    cube : numpy.ndarray, shape (n, n, n), float32
        Cube.
    axis : int
        Axis perpendicular to the planes.
    planes : numpy.ndarray, shape (N,), int64
        Indices of the planes along `axis`.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
        Whether each plane is nonzero.
    """
    n = cube.shape[0]
    nonzero = np.zeros(len(planes), np.bool_)
    for p in range(len(planes)):
        plane = planes[p]
        for i in range(n):
            for j in range(n):
                if axis == 0:
                    value = cube[plane, i, j]
                elif axis == 1:
                    value = cube[i, plane, j]
                else:
                    value = cube[i, j, plane]
                if value != 0:
                    nonzero[p] = True
                    break
            if nonzero[p]:
                break
    return nonzero
