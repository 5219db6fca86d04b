"""Overdensity of a grid of masses."""

import numpy as np

from cosmodag.errors import InputError


def overdensity(grid, *, mean=None, out=None):
    """Return ``grid / mean - 1``.

    Parameters
    ----------
    grid
        Mass per cell, any shape, float32 or float64.
    mean
        Mean mass per cell; the grid's own (summed in float64) by default. A sub-box takes the
        mean of its whole box.
    out
        Array to fill; pass `grid` itself to work in place.

    Returns
    -------
    ndarray
        Of the dtype of `grid`, dimensionless, never below -1 where masses are positive.

    Raises
    ------
    InputError
        If the mean is not positive and finite: an empty box has no overdensity.
    """
    grid = np.asarray(grid)
    if mean is None:
        mean = grid.mean(dtype=np.float64)
    if not (np.isfinite(mean) and mean > 0):
        raise InputError(f"mean density {mean}: a box with positive mass is needed")
    out = np.multiply(grid, grid.dtype.type(1 / mean), out=out)
    out -= 1
    return out
