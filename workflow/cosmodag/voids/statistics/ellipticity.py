"""Ellipticities of voids from the galaxies in them."""

import numpy as np


def ellipticity(offset: np.ndarray, weight: np.ndarray) -> float:
    """Return the ellipticity of a cloud of points about a centre.

    It is 1 - (J1 / J3)^(1/4) of the smallest and the largest eigenvalue of the inertia tensor, as
    in VIDE [1]_: 0 for a sphere, 0.16 for a thin disc, 1 for a line.

    Parameters
    ----------
    offset : numpy.ndarray, shape (N, 3), float64
        Positions relative to the centre, in any unit.
    weight : numpy.ndarray, shape (N,), float64
        Masses.

    Returns
    -------
    float
        NaN for fewer than two points away from the centre.

    References
    ----------
    .. [1] Sutter et al. 2015, Astronomy and Computing 9, 1.
    """
    moments = (offset * weight[:, None]).T @ offset
    smallest, _, largest = np.linalg.eigvalsh(np.trace(moments) * np.eye(3) - moments)
    return float(1 - (max(smallest, 0) / largest) ** 0.25) if largest > 0 else np.nan


def turn_randomly(offset: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return points in random directions at the same distances from the centre.

    The ellipticity of what remains is that of chance alone.

    Parameters
    ----------
    offset : numpy.ndarray, shape (N, 3), float64
        Positions relative to the centre.
    random : numpy.random.Generator
        Draws the directions.

    Returns
    -------
    numpy.ndarray, shape (N, 3), float64
    """
    direction = random.standard_normal(offset.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return direction * np.linalg.norm(offset, axis=1, keepdims=True)
