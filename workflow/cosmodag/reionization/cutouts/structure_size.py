"""The extent of ionized regions, which decides how far apart regions of one cube must lie."""

import numpy as np

LEAST_CORRELATION = 0.1
"""Correlation below which cells count as independent."""


def correlation_length(field: np.ndarray, cell_size: float) -> float:
    """Return the distance at which the autocorrelation of a periodic field has faded.

    Parameters
    ----------
    field : numpy.ndarray, shape (n, n, n)
        Values of a periodic box.
    cell_size : float
        Side of a cell in Mpc/h.

    Returns
    -------
    float
        Smallest distance along an axis, in Mpc/h, at which the correlation, averaged over the axes,
        is below `LEAST_CORRELATION`; half the box where it never is, 0 for a constant field.
    """
    modes = np.fft.rfftn(field - field.mean(dtype=np.float64))
    correlation = np.fft.irfftn(np.abs(modes) ** 2, s=field.shape, axes=(0, 1, 2))
    if correlation[0, 0, 0] <= 0:
        return 0.0
    n = min(field.shape) // 2 + 1
    along = correlation[:n, 0, 0] + correlation[0, :n, 0] + correlation[0, 0, :n]
    faded = np.flatnonzero(along < LEAST_CORRELATION * along[0])
    return float((faded[0] if len(faded) else n - 1) * cell_size)
