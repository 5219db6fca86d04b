"""Smoothing of a field on a mesh with a Gaussian or a sphere (top-hat)."""

import numba
import numpy as np
import scipy.fft

from cosmodag.errors import InputError
from cosmodag.gridding.fourier_windows import multiply_by_window

WINDOWS = ("gaussian", "tophat")


def smooth(
    field: np.ndarray,
    box_size: np.ndarray,
    radius: float,
    *,
    window: str = "gaussian",
    periodic: bool = True,
    threads: int | None = None,
) -> np.ndarray:
    """Convolve a field with a normalised window.

    Parameters
    ----------
    field : (nx, ny, nz) array
        Any real field, such as the overdensity.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    radius : float
        Standard deviation of the Gaussian, or radius of the sphere, in Mpc/h.
    window : {"gaussian", "tophat"}
        Shape of the window.
    periodic : bool
        Whether the box repeats. In an open box the window is cut at the faces: each value is
        the mean over that part of the window which lies inside the box.
    threads : int, optional
        Threads of the transforms; numba's number of threads by default.

    Returns
    -------
    (nx, ny, nz) float32 array

    Raises
    ------
    InputError
        If the window is unknown.
    """
    if window not in WINDOWS:
        raise InputError(f"smoothing window {window!r} is unknown: choose one of {list(WINDOWS)}")
    threads = threads or numba.get_num_threads()
    field = np.asarray(field, dtype=np.float32)
    if radius == 0:
        return field.copy()
    cell = np.asarray(box_size, dtype=np.float64) / field.shape
    if periodic:
        return _convolve(field, field.shape, cell, radius, window, threads)
    reach = (3 if window == "gaussian" else 1) * radius
    padded = [
        scipy.fft.next_fast_len(int(side + np.ceil(reach / width)), real=True)
        for side, width in zip(field.shape, cell)
    ]
    inside = _convolve(np.ones_like(field), padded, cell, radius, window, threads)
    return _convolve(field, padded, cell, radius, window, threads) / inside


def _convolve(field, shape, cell, radius, window, threads) -> np.ndarray:
    modes = scipy.fft.rfftn(field, s=shape, workers=threads)
    waves = [2 * np.pi * scipy.fft.fftfreq(side, width) for side, width in zip(shape, cell)]
    last = 2 * np.pi * scipy.fft.rfftfreq(shape[2], cell[2])
    multiply_by_window(modes, waves[0], waves[1], last, radius, window == "tophat")
    smoothed = scipy.fft.irfftn(modes, s=shape, workers=threads, overwrite_x=True)
    return smoothed[tuple(slice(side) for side in field.shape)]
