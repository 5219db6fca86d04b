"""The neutral fraction that a brightness temperature implies, for cubes without one."""

import numpy as np

from cosmodag.reionization.cubes.cubes_file import CubesHeader

BARYON_DENSITY = 0.0224
"""Density of baryons in units of the critical density times h²."""


def neutral_temperature(header: CubesHeader) -> float:
    """Return the brightness temperature of neutral gas of mean density and high spin temperature.

    Parameters
    ----------
    header : CubesHeader
        Redshift and cosmology.

    Returns
    -------
    float
        Brightness temperature in mK.

    References
    ----------
    Furlanetto, Oh & Briggs 2006, Phys. Rep. 433, 181, equation 2.
    """
    matter = header.omega_m * header.hubble**2
    return (
        27 * (BARYON_DENSITY / 0.023) * float(np.sqrt(0.15 / matter * (1 + header.redshift) / 10))
    )


def estimate_neutral_fraction(
    temperature: np.ndarray, density: np.ndarray | None, header: CubesHeader
) -> np.ndarray:
    """Return the neutral fraction of each cell of a cube.

    Where the spin temperature is high, it is T / (T0 (1 + δ)) apart from redshift-space
    distortions, which the limits of 0 and 1 truncate. 21cmFAST ionizes cells outside bubbles in
    part, so that to count all cells above 0 mK as neutral would be too many.

    Parameters
    ----------
    temperature : numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK.
    density : numpy.ndarray, shape (n, n, n), float32, or None
        Density contrast δ.
    header : CubesHeader
        Redshift and cosmology.

    Returns
    -------
    numpy.ndarray, shape (n, n, n), float32
        From 0 to 1. Without density, or where a negative temperature shows that the spin
        temperature is not high, it is 1 in cells whose temperature is not exactly 0.

    Examples
    --------
    >>> header = CubesHeader(9.0, 8.0, 2, (0,), (0.1,), (2,), 0.6766, 0.3111, "files")
    >>> temperature = np.array([0.0, 0.5, 1.0]) * neutral_temperature(header)
    >>> estimate_neutral_fraction(temperature, np.zeros(3), header)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if density is None or (temperature < 0).any():
        return (temperature != 0).astype(np.float32)
    neutral = np.float32(neutral_temperature(header)) * np.maximum(1 + density, np.float32(1e-6))
    return np.minimum(temperature / neutral, 1).astype(np.float32)
