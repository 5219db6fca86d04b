"""Positions on the sky and redshifts as comoving Cartesian positions about the observer."""

import numpy as np

from cosmodag.cosmology.background import comoving_distance, redshift_at_distance
from cosmodag.imaging.sky_positions import unit_vectors


def comoving_positions(
    ra: np.ndarray, dec: np.ndarray, redshift: np.ndarray, omega_m: float
) -> np.ndarray:
    """Return comoving positions in flat ΛCDM, with the observer at the origin.

    The x axis points to right ascension and declination 0, the z axis to the north pole.

    Parameters
    ----------
    ra, dec : numpy.ndarray, shape (N,)
        Right ascension and declination in degrees.
    redshift : numpy.ndarray, shape (N,)
        Redshifts.
    omega_m : float
        Density of matter today in units of the critical density.

    Returns
    -------
    numpy.ndarray, shape (N, 3), float64
        Positions in Mpc/h.

    Examples
    --------
    >>> comoving_positions(np.array([90.0]), np.array([0.0]), np.array([0.1]), 0.3).round(2)
    array([[  0.  , 292.92,   0.  ]])
    """
    distance = comoving_distance(omega_m, np.asarray(redshift, np.float64))
    return unit_vectors(ra, dec) * distance[:, None]


def sky_coordinates(
    position: np.ndarray, omega_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return right ascensions, declinations and redshifts of comoving positions.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h, with the observer at the origin.
    omega_m : float
        Density of matter today in units of the critical density.

    Returns
    -------
    ra, dec : numpy.ndarray, shape (N,), float64
        Right ascension, 0 to below 360, and declination in degrees.
    redshift : numpy.ndarray, shape (N,), float64
        Redshifts.
    """
    ra, dec, distance = spherical_coordinates(position)
    return ra, dec, redshift_at_distance(omega_m, distance)


def spherical_coordinates(position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return right ascensions, declinations and distances of positions about the observer.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions, with the observer at the origin.

    Returns
    -------
    ra, dec : numpy.ndarray, shape (N,), float64
        Right ascension, 0 to below 360, and declination in degrees.
    distance : numpy.ndarray, shape (N,), float64
        Distances in the unit of the positions.
    """
    x, y, z = np.asarray(position, np.float64).T
    across = np.hypot(x, y)
    ra = np.degrees(np.arctan2(y, x)) % 360 % 360  # a tiny negative angle gives 360 once
    return ra, np.degrees(np.arctan2(z, across)), np.hypot(across, z)
