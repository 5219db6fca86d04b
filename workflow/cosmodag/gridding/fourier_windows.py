"""Fourier transforms of smoothing windows."""

import numba
import numpy as np


@numba.vectorize(["float64(float64)"], cache=True)
def tophat_transform(x):
    """Return the Fourier transform of a top-hat sphere of unit volume.

    Parameters
    ----------
    x : float or numpy.ndarray, float64
        Product of wavenumber and radius, dimensionless.

    Returns
    -------
    float or numpy.ndarray, float64
        ``3 (sin x - x cos x) / x³``.
    """
    if x < 0.1:  # a series: the difference would cancel
        return 1 - x * x / 10 + x**4 / 280
    return 3 * (np.sin(x) - x * np.cos(x)) / x**3


@numba.njit(parallel=True, cache=True)
def multiply_by_window(modes, kx, ky, kz, radius, tophat):
    """Multiply Fourier modes in place by the transform of a Gaussian or a top-hat window.

    Bound by the evaluation of sines and exponentials.

    Parameters
    ----------
    modes : numpy.ndarray, shape (nx, ny, nz // 2 + 1), complex64
        Modes as returned by `scipy.fft.rfftn`.
    kx, ky, kz : numpy.ndarray, float64
        Wavenumbers along the three axes.
    radius : float
        Standard deviation of the Gaussian or radius of the top-hat, in the inverse unit of the
        wavenumbers.
    tophat : bool
        Whether the window is a top-hat instead of a Gaussian.
    """
    for i in numba.prange(modes.shape[0]):
        for j in range(modes.shape[1]):
            transverse = kx[i] ** 2 + ky[j] ** 2
            for k in range(modes.shape[2]):
                x2 = (transverse + kz[k] ** 2) * radius**2
                if tophat:
                    modes[i, j, k] *= np.float32(tophat_transform(np.sqrt(x2)))
                else:
                    modes[i, j, k] *= np.float32(np.exp(-0.5 * x2))
