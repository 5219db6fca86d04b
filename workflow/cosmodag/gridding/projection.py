"""Sums of a grid along a line of sight."""

import numpy as np

from cosmodag.errors import InputError


def project(grid, axis: int, *, start: int = 0, depth: int | None = None, layers: int = 1):
    """Sum cells along one axis, in one or several layers of equal depth.

    Parameters
    ----------
    grid
        (nx, ny, nz), any dtype.
    axis
        Line of sight: 0, 1 or 2.
    start, depth
        First cell and number of cells along the line of sight; all by default.
    layers
        Number of layers that the depth is cut into.

    Returns
    -------
    ndarray
        (layers, n, m) float64, where n and m are the other two axes in their order.

    Raises
    ------
    InputError
        If the range leaves the grid or `layers` does not divide `depth`.
    """
    grid = np.asarray(grid)
    if grid.ndim != 3 or axis not in (0, 1, 2):
        raise InputError(f"axis {axis} of a grid of shape {grid.shape}: 0, 1 or 2 of three axes")
    cells = grid.shape[axis]
    depth = cells - start if depth is None else depth
    if start < 0 or depth < 1 or start + depth > cells:
        raise InputError(f"depth {depth} from cell {start} leaves an axis of {cells} cells")
    if layers < 1 or depth % layers:
        raise InputError(f"layers {layers} does not divide the depth of {depth} cells")
    edges = start + np.arange(layers) * (depth // layers)
    part = np.moveaxis(grid, axis, 0)
    return np.stack(
        [part[edge : edge + depth // layers].sum(axis=0, dtype=np.float64) for edge in edges]
    )
