"""Overdensities and projections of gridded densities."""

import numpy as np

from cosmodag.errors import InputError


def overdensity(
    grid: np.ndarray, *, mean: float | None = None, out: np.ndarray | None = None
) -> np.ndarray:
    """Return the overdensity ``grid / mean - 1``.

    Parameters
    ----------
    grid : numpy.ndarray, any shape, float32 or float64
        Mass per cell.
    mean : float, optional
        Mean mass per cell; by default that of the grid, summed in float64. For a sub-box, give the
        mean of the whole box.
    out : numpy.ndarray, optional
        Array to fill; `grid` itself to work in place.

    Returns
    -------
    numpy.ndarray
        Dimensionless overdensity with the shape and dtype of `grid`, at least -1 where masses are
        not negative.

    Raises
    ------
    InputError
        If the mean is not positive and finite.

    Examples
    --------
    >>> import numpy as np
    >>> from cosmodag.gridding import overdensity
    >>> overdensity(np.array([1.0, 3.0]))
    array([-0.5,  0.5])
    """
    grid = np.asarray(grid)
    if mean is None:
        mean = float(grid.mean(dtype=np.float64))
    if not (np.isfinite(mean) and mean > 0):
        raise InputError(f"mean density {mean}: a box with positive mass is needed")
    out = np.multiply(grid, grid.dtype.type(1 / mean), out=out)
    out -= 1
    return out


def project(
    grid: np.ndarray, axis: int, *, start: int = 0, depth: int | None = None, layers: int = 1
) -> np.ndarray:
    """Sum cells along a line of sight, in one or more layers of equal depth.

    Parameters
    ----------
    grid : numpy.ndarray, shape (nx, ny, nz), any dtype
        Grid to project.
    axis : int
        Line of sight: 0, 1 or 2.
    start : int
        First cell along the line of sight.
    depth : int, optional
        Number of cells along the line of sight; all by default.
    layers : int
        Number of layers, which must divide `depth`.

    Returns
    -------
    numpy.ndarray, shape (layers, n, m), float64
        Sums, where n and m are the other two axes in their order.

    Raises
    ------
    InputError
        If the range leaves the grid or `layers` does not divide `depth`.

    Examples
    --------
    >>> import numpy as np
    >>> from cosmodag.gridding import project
    >>> project(np.ones((4, 2, 2)), 0, layers=2)[:, 0, 0]
    array([2., 2.])
    """
    grid = np.asarray(grid)
    if grid.ndim != 3 or axis not in (0, 1, 2):
        raise InputError(f"axis {axis} of a grid of shape {grid.shape}: 0, 1 or 2 of three axes")
    n_cells = grid.shape[axis]
    depth = n_cells - start if depth is None else depth
    if start < 0 or depth < 1 or start + depth > n_cells:
        raise InputError(f"depth {depth} from cell {start} leaves an axis of {n_cells} cells")
    if layers < 1 or depth % layers:
        raise InputError(f"layers {layers} does not divide the depth of {depth} cells")
    thickness = depth // layers
    planes = np.moveaxis(grid, axis, 0)
    return np.stack(
        [
            planes[first : first + thickness].sum(axis=0, dtype=np.float64)
            for first in range(start, start + depth, thickness)
        ]
    )
