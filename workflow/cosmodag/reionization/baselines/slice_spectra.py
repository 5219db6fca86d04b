"""Power spectra of slices of the 21-cm sky."""

import numpy as np

from cosmodag.imaging.ring_spectra import ring_spectra

_AT_ONCE = 256
"""Slices that are transformed at once."""


def slice_spectra(x: np.ndarray) -> np.ndarray:
    """Return the logarithm of the power of slices in 24 rings of wavenumber.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, H, W, C), float32
        Slices, treated as periodic.

    Returns
    -------
    numpy.ndarray, shape (N, 24 C), float32
        Spectra, those of the first channel first.

    Examples
    --------
    >>> slice_spectra(np.zeros((3, 16, 16, 2), np.float32)).shape
    (3, 48)
    """
    spectra = [
        np.concatenate(
            [
                ring_spectra(x[start : start + _AT_ONCE, ..., channel])
                for start in range(0, len(x), _AT_ONCE)
            ]
        )
        for channel in range(x.shape[-1])
    ]
    return np.concatenate(spectra, axis=1).astype(np.float32)
