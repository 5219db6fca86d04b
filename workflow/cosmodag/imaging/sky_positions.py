"""Positions on the sky as unit vectors, whose distances a tree of points can search."""

import numpy as np


def unit_vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return positions on the sky as unit vectors.

    Parameters
    ----------
    ra, dec : numpy.ndarray, shape (N,)
        Right ascension and declination in degrees.

    Returns
    -------
    numpy.ndarray, shape (N, 3), float64

    Examples
    --------
    >>> unit_vectors(np.array([0.0]), np.array([0.0]))
    array([[1., 0., 0.]])
    """
    ra, dec = np.radians(ra.astype(np.float64)), np.radians(dec.astype(np.float64))
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def chord_length(angle: float) -> float:
    """Return the distance between unit vectors that enclose an angle.

    Parameters
    ----------
    angle : float
        Angle in arcsec.

    Returns
    -------
    float
    """
    return 2 * np.sin(np.radians(angle / 3600) / 2)
