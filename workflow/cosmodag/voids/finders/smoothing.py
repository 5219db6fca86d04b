"""Smoothing of a field on a mesh with a Gaussian or a spherical top-hat window."""

from collections.abc import Iterator, Sequence

import numba
import numpy as np
import scipy.fft
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.gridding.fourier_windows import multiply_by_window

WINDOWS = ("gaussian", "tophat")


def smooth(
    field: ArrayLike,
    box_size: ArrayLike,
    radius: float,
    *,
    window: str = "gaussian",
    periodic: bool = True,
    threads: int | None = None,
) -> np.ndarray:
    """Convolve a field with a normalised window.

    Parameters
    ----------
    field : array-like, shape (nx, ny, nz)
        A real field, such as the overdensity.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    radius : float
        Standard deviation of the Gaussian, or radius of the top-hat, in Mpc/h.
    window : {"gaussian", "tophat"}
        Shape of the window.
    periodic : bool
        Whether the box is periodic. In an open box, each value is the mean over the part of the
        window inside the box.
    threads : int, optional
        Threads of the Fourier transforms; numba's number of threads by default.

    Returns
    -------
    numpy.ndarray, shape (nx, ny, nz), float32
        The smoothed field.

    Raises
    ------
    InputError
        The window is unknown.

    Examples
    --------
    >>> smooth(np.ones((8, 8, 8)), [10.0] * 3, 2.0).shape
    (8, 8, 8)
    """
    _check_window(window)
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
    weight = _convolve(np.ones_like(field), padded, cell, radius, window, threads)
    return _convolve(field, padded, cell, radius, window, threads) / weight


def smooth_each(
    field: ArrayLike,
    box_size: ArrayLike,
    radii: Sequence[float],
    *,
    window: str = "gaussian",
    threads: int | None = None,
) -> Iterator[np.ndarray]:
    """Convolve a field in a periodic box with windows of several radii, from one transform.

    Parameters
    ----------
    field : array-like, shape (nx, ny, nz)
        A real field, such as the overdensity.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    radii : sequence of float
        Standard deviations of the Gaussian, or radii of the top-hat, in Mpc/h.
    window : {"gaussian", "tophat"}
        Shape of the window.
    threads : int, optional
        Threads of the Fourier transforms; numba's number of threads by default.

    Yields
    ------
    numpy.ndarray, shape (nx, ny, nz), float32
        The field smoothed with each radius, as `smooth` returns it.

    Raises
    ------
    InputError
        The window is unknown.
    """
    _check_window(window)
    threads = threads or numba.get_num_threads()
    field = np.asarray(field, dtype=np.float32)
    cell = np.asarray(box_size, dtype=np.float64) / field.shape
    modes = scipy.fft.rfftn(field, workers=threads)
    for radius in radii:
        yield _smoothed(modes.copy(), field.shape, cell, radius, window, threads)


def _check_window(window: str) -> None:
    """Refuse an unknown window."""
    if window not in WINDOWS:
        raise InputError(f"smoothing window {window!r} is unknown: choose one of {list(WINDOWS)}")


def _convolve(
    field: np.ndarray,
    shape: Sequence[int],
    cell: np.ndarray,
    radius: float,
    window: str,
    threads: int,
) -> np.ndarray:
    """Convolve a field, padded with zeros to a shape, with a window in Fourier space."""
    modes = scipy.fft.rfftn(field, s=shape, workers=threads)
    smoothed = _smoothed(modes, shape, cell, radius, window, threads)
    return smoothed[tuple(slice(side) for side in field.shape)]


def _smoothed(
    modes: np.ndarray,
    shape: Sequence[int],
    cell: np.ndarray,
    radius: float,
    window: str,
    threads: int,
) -> np.ndarray:
    """Return the field of a shape whose modes, which are overwritten, are smoothed."""
    waves = [2 * np.pi * scipy.fft.fftfreq(side, width) for side, width in zip(shape, cell)]
    last = 2 * np.pi * scipy.fft.rfftfreq(shape[2], cell[2])
    multiply_by_window(modes, waves[0], waves[1], last, radius, window == "tophat")
    return scipy.fft.irfftn(modes, s=shape, workers=threads, overwrite_x=True)
