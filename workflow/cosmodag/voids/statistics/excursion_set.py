"""Abundance of voids in the excursion-set theory, from the linear power spectrum.

Voids are where the linear density contrast, smoothed with top-hats of decreasing radius, first
falls below a barrier without having risen above that of collapse [1]_. Spheres expand while they
empty; in the volume-conserving model, voids merge as they do so and keep the fraction of space that
they fill, not their number [2]_.

References
----------
.. [1] Sheth & van de Weygaert 2004, MNRAS 350, 517.
.. [2] Jennings, Li & Hu 2013, MNRAS 434, 2167.
.. [3] Bernardeau 1994, ApJ 427, 51.
"""

import numpy as np
from scipy.special import spherical_jn

from cosmodag.cosmology.matter_power import interpolate_power
from cosmodag.voids.finders.void_catalogue import sphere_volume

COLLAPSE = 1.686
"""Linear density contrast at which a sphere collapses."""
EXPANSION_INDEX = 1.594
"""Index of Bernardeau's fit to the expansion of an underdense sphere [3]_."""
TERMS = np.arange(1, 201)
"""Terms of the series of first crossings; it converges within these from σ of 0.03 on."""
WAVENUMBERS = 2000
"""Wavenumbers that the power spectrum is integrated over, equally spaced in ln k."""

Spectrum = tuple[np.ndarray, np.ndarray]
"""Wavenumbers in h/Mpc and linear power in (Mpc/h)³, both of shape (n,), float64."""


def linear_threshold(overdensity: float) -> float:
    """Return the linear density contrast of a spherical void of a given mean overdensity.

    Inverts the fit of [3]_, 1 + δ = (1 - δ_linear / 1.594)^-1.594, whose error is below a few
    per cent.

    Parameters
    ----------
    overdensity : float
        Mean overdensity of matter δ in the void, between -1 and 0.

    Returns
    -------
    float
        Linear density contrast, negative.

    Examples
    --------
    >>> round(linear_threshold(-0.8), 2), round(linear_threshold(-0.6), 2)
    (-2.78, -1.24)
    """
    return EXPANSION_INDEX * (1 - (1 + overdensity) ** (-1 / EXPANSION_INDEX))


def top_hat_deviation(radius: np.ndarray, spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    """Return the standard deviation of the linear density contrast in spheres, and its slope.

    Parameters
    ----------
    radius : numpy.ndarray, any shape, float64
        Radii in Mpc/h.
    spectrum : tuple of two numpy.ndarray, shape (n,)
        Wavenumbers in h/Mpc and linear power in (Mpc/h)³.

    Returns
    -------
    deviation : numpy.ndarray, shape of `radius`, float64
        σ(R), dimensionless.
    slope : numpy.ndarray, shape of `radius`, float64
        d ln σ / d ln R, negative.
    """
    k = np.geomspace(spectrum[0][0], spectrum[0][-1], WAVENUMBERS)
    power = k**3 * interpolate_power(k, spectrum) / (2 * np.pi**2)
    deviation, slope = np.empty(np.shape(radius)), np.empty(np.shape(radius))
    for place, size in np.ndenumerate(radius):
        x = k * size
        window = 3 * spherical_jn(1, x) / x
        variance = np.trapezoid(power * window**2, np.log(k))
        deviation[place] = np.sqrt(variance)
        # The window's derivative is dW / d ln x = -3 j2(x).
        slope[place] = np.trapezoid(-3 * power * window * spherical_jn(2, x), np.log(k)) / variance
    return deviation, slope


def first_crossings(deviation: np.ndarray, barrier: float) -> np.ndarray:
    """Return the fraction of space that enters voids per ln σ.

    Parameters
    ----------
    deviation : numpy.ndarray, any shape, float64
        Standard deviation σ of the linear density contrast.
    barrier : float
        Linear density contrast of voids, negative.

    Returns
    -------
    numpy.ndarray, shape of `deviation`, float64
        f_lnσ of equation 4 of [2]_: random walks that first cross the barrier of voids between
        σ and σ + dσ, and not that of collapse before, per ln σ.
    """
    ratio = -barrier / (COLLAPSE - barrier)
    x = np.asarray(ratio * deviation / -barrier)[..., None]
    terms = np.exp(-((TERMS * np.pi * x) ** 2) / 2) * TERMS * np.sin(TERMS * np.pi * ratio)
    return np.maximum(2 * np.pi * x[..., 0] ** 2 * terms.sum(axis=-1), 0)


def size_function(radius: np.ndarray, overdensity: float, spectrum: Spectrum) -> np.ndarray:
    """Return the number density of voids per ln R in the volume-conserving model.

    Parameters
    ----------
    radius : numpy.ndarray, any shape, float64
        Radii of voids in Mpc/h.
    overdensity : float
        Mean overdensity of matter in them, between -1 and 0.
    spectrum : tuple of two numpy.ndarray, shape (n,)
        Wavenumbers in h/Mpc and linear power in (Mpc/h)³, at the redshift of the voids.

    Returns
    -------
    numpy.ndarray, shape of `radius`, float64
        dn / d ln R in (Mpc/h)⁻³.
    """
    radius = np.asarray(radius, dtype=np.float64)
    lagrangian = radius * (1 + overdensity) ** (1 / 3)
    deviation, slope = top_hat_deviation(lagrangian, spectrum)
    crossings = first_crossings(deviation, linear_threshold(overdensity))
    return crossings * -slope / sphere_volume(radius)
