"""Fields in larger cells: means over the cells of a finer field, weighted by their overlap."""

from collections.abc import Sequence

import numpy as np


def overlaps(n_cells: int, ratio: float) -> np.ndarray:
    """Return the fraction of each new cell that each old cell covers, along one axis.

    Parameters
    ----------
    n_cells : int
        Number of old cells.
    ratio : float
        Side of a new cell in old cells, at least 1. New cells that the axis does not fill are left
        out.

    Returns
    -------
    numpy.ndarray, shape (n_new, n_cells), float64
        Rows whose sum is 1.

    Examples
    --------
    >>> overlaps(3, 1.5).round(2)
    array([[0.67, 0.33, 0.  ],
           [0.  , 0.33, 0.67]])
    """
    edges = ratio * np.arange(int(n_cells / ratio + 1e-6) + 1)
    old = np.arange(n_cells)
    upper = np.minimum(edges[1:, None], old + 1)
    lower = np.maximum(edges[:-1, None], old)
    weights = np.clip(upper - lower, 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def coarsen(values: np.ndarray, ratio: float, axes: Sequence[int]) -> np.ndarray:
    """Return a field in larger cells.

    Parameters
    ----------
    values : numpy.ndarray, shape (nx, ny, nz), float32
        Field.
    ratio : float
        Side of a new cell in old cells, at least 1.
    axes : sequence of int
        Axes along which cells become larger.

    Returns
    -------
    numpy.ndarray, float32
        Means over the new cells.

    Examples
    --------
    >>> coarsen(np.arange(8, dtype=np.float32).reshape(2, 2, 2), 2.0, (0, 1, 2))
    array([[[3.5]]], dtype=float32)
    """
    for axis in axes:
        weights = overlaps(values.shape[axis], ratio).astype(np.float32)
        values = np.moveaxis(np.tensordot(weights, values, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(values)
