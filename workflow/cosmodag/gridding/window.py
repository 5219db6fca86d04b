"""Windows that smooth a field, in Fourier space."""

import numba
import numpy as np


@numba.vectorize(["float64(float64)"], cache=True)
def tophat_transform(x):
    """Fourier transform of a sphere of volume 1 at x = k R, 3 (sin x - x cos x) / x³."""
    if x < 0.1:  # a series, where the difference would cancel
        return 1 - x * x / 10 + x**4 / 280
    return 3 * (np.sin(x) - x * np.cos(x)) / x**3


@numba.njit(parallel=True, cache=True)
def multiply_by_window(modes, kx, ky, kz, radius, tophat):
    """Multiply Fourier modes in place by a Gaussian or a top-hat; bound by sines and exponentials.

    Parameters
    ----------
    modes : (nx, ny, nz // 2 + 1) complex64 array
        As `scipy.fft.rfftn` gives them.
    kx, ky, kz : arrays of float
        Wavenumbers along the three axes.
    radius : float
        Standard deviation of the Gaussian, or radius of the sphere, in the wavenumbers' unit.
    tophat : bool
        Whether the window is a sphere.
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
