"""Linear least squares whose amplitudes are fluxes, which are not negative."""

import numpy as np


def positive_amplitudes(matrix: np.ndarray, vector: np.ndarray, n_free: int = 0) -> np.ndarray:
    """Solve normal equations, leaving out components whose amplitude would be negative.

    The most negative amplitude is set to 0 until none is left. For a few components of similar form
    the result is that of non-negative least squares or close to it, and there is always one.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (K, K)
        Products of the components, such as images of unit flux, weighted by inverse variance.
    vector : numpy.ndarray, shape (K,)
        Their products with the data.
    n_free : int
        Number of the last amplitudes that may be negative, such as that of the sky.

    Returns
    -------
    numpy.ndarray, shape (K,), float64

    Examples
    --------
    >>> positive_amplitudes(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([2.0, -1.0])).round(6)
    array([1., 0.])
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-30))
    # The small diagonal decides between components that data cannot distinguish.
    matrix = matrix / np.outer(scale, scale) + 1e-9 * np.eye(len(scale))
    vector = vector / scale
    kept = np.ones(len(vector), bool)
    can_be_dropped = np.arange(len(vector)) < len(vector) - n_free
    while True:
        amplitudes = np.zeros(len(vector))
        amplitudes[kept] = np.linalg.solve(matrix[np.ix_(kept, kept)], vector[kept])
        lowest = np.where(can_be_dropped, amplitudes, 0.0)
        if lowest.min() >= 0:
            return amplitudes / scale
        kept[lowest.argmin()] = False
