"""Power spectra of periodic images in rings of wavenumber.

Wavenumbers are in waves per image. Where noise is smoothed by a beam, the signal is in the longest
waves: the first rings are as narrow as the spacing of modes, the others grow in proportion to the
wavenumber.
"""

import numpy as np

N_RINGS = 24
N_NARROW = 12
"""Rings as wide as the spacing of modes."""
_TINY = 1e-12


def ring_edges(side: int) -> np.ndarray:
    """Return the edges of the rings up to the Nyquist wavenumber.

    Parameters
    ----------
    side : int
        Pixels per side of an image. In small ones, of fewer than twice as many waves as there are
        rings, all rings have the same width, below the spacing of modes.

    Returns
    -------
    numpy.ndarray, shape (N_RINGS + 1,), float64
    """
    last = side / 2 + 0.5
    if side / 2 <= N_RINGS:
        return np.linspace(0.5, last, N_RINGS + 1)
    narrow = np.arange(N_NARROW) + 0.5
    return np.concatenate([narrow, np.geomspace(N_NARROW + 0.5, last, N_RINGS - N_NARROW + 1)])


def ring_weights(shape: tuple[int, int]) -> np.ndarray:
    """Return weights that average the power of the modes of a real transform over each ring.

    Parameters
    ----------
    shape : tuple of int
        Pixels (H, W) of an image.

    Returns
    -------
    numpy.ndarray, shape (H · (W // 2 + 1), N_RINGS), float64
        Zeros for rings without modes, and for modes outside all rings: the mean and the corners.
    """
    height, width = shape
    side = max(shape)
    k = side * np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    ring = np.searchsorted(ring_edges(side), k.ravel(), side="right") - 1
    weights = (ring[:, np.newaxis] == np.arange(N_RINGS)).astype(np.float64)
    # Modes that a real transform omits mirror the others.
    single = np.isin(np.arange(width // 2 + 1), [0, width / 2])
    weights *= np.tile(np.where(single, 1.0, 2.0), height)[:, np.newaxis]
    return weights / np.maximum(weights.sum(axis=0), 1)


def ring_spectra(images: np.ndarray) -> np.ndarray:
    """Return the logarithm of the mean power in each ring.

    Parameters
    ----------
    images : numpy.ndarray, shape (N, H, W)
        Images, treated as periodic.

    Returns
    -------
    numpy.ndarray, shape (N, N_RINGS), float64

    Examples
    --------
    >>> ring_spectra(np.zeros((3, 16, 16))).shape
    (3, 24)
    """
    height, width = images.shape[1:]
    power = np.abs(np.fft.rfft2(images)) ** 2 / (height * width)
    return np.log(power.reshape(len(images), -1) @ ring_weights((height, width)) + _TINY)
