"""Power spectra of slices of the 21-cm sky."""

import numpy as np

from cosmodag.evaluation.baselines.features import spectrum


def slice_spectra(x: np.ndarray) -> np.ndarray:
    """Return the logarithm of the power of slices in 12 bins of wavenumber.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, H, W, C), float32
        Slices, treated as periodic.

    Returns
    -------
    numpy.ndarray, shape (N, 12 C), float32
        Spectra, those of the first channel first.

    Examples
    --------
    >>> slice_spectra(np.zeros((3, 16, 16, 2), np.float32)).shape
    (3, 24)
    """
    spectra = [[spectrum(field) for field in np.moveaxis(each, -1, 0)] for each in x]
    return np.asarray(spectra, np.float32).reshape(len(x), -1)
