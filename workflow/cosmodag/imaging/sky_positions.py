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


def impossible(positions: np.ndarray) -> np.ndarray:
    """Return which positions are none on the sky, such as a declination of 200 degrees.

    Parameters
    ----------
    positions : numpy.ndarray, shape (N, 2)
        Right ascension, from -360 on, and declination in degrees; NaN where they are unknown.

    Returns
    -------
    numpy.ndarray, shape (N,), bool

    Examples
    --------
    >>> impossible(np.array([[10.0, 20.0], [500.0, 20.0], [10.0, 200.0], [np.nan, np.nan]]))
    array([False,  True,  True, False])
    """
    return (np.abs(positions) > (360, 90)).any(axis=1)


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
