"""The ionized fraction of the universe: photons that haloes emit, less recombinations.

The filling factor Q of ionized regions obeys dQ/dt = ζ df/dt - Q / t_rec (Madau, Haardt & Rees
1999, ApJ 514, 648), where f is the collapsed fraction and 1 / t_rec = C α n_e for the clumping
factor C, the case-B recombination coefficient α and the mean density of electrons n_e. While Q is
below 1 the equation is linear, so Q is ζ times a fraction that does not depend on ζ. With the flat
ΛCDM expansion rate E(z) = H / H0 the integral of dt / t_rec is C A E, where
A = 2 α n_e(0) / (3 Ωm H0), and

    Q(z) = ζ ∫ exp(-C A (E(z') - E(z))) df(z').
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapsed_fraction import CRITICAL_DENSITY, CollapsedFraction

PHOTONS_PER_BARYON = 5000.0
"""Ionizing photons that a stellar population II emits per baryon."""
RECOMBINATION_COEFFICIENT = 2.59e-13
"""Case-B coefficient of hydrogen at 10⁴ K in cm³/s (Osterbrock & Ferland 2006)."""
HELIUM_MASS_FRACTION = 0.2454
"""Mass fraction of helium, which is singly ionized where hydrogen is."""
HUBBLE_RATE = 3.2407793e-18
"""100 km/s/Mpc in 1/s."""
PROTONS_PER_CM3 = 4.04629e-17
"""A density of one solar mass per Mpc³ in proton masses per cm³."""
FIRST_REDSHIFT = 40.0
"""Redshift at which the integration begins; the haloes of earlier times are neglected."""
N_REDSHIFTS = 200
"""Steps of the integration."""


def ionizing_efficiency(escape_fraction: float, star_fraction: float) -> float:
    """Return the ionizing efficiency ζ, the photons that reach the gas per baryon in haloes.

    Parameters
    ----------
    escape_fraction : float
        Fraction of ionizing photons that escape from their galaxy, in haloes of 10^10 solar masses.
    star_fraction : float
        Fraction of baryons in stars, in haloes of 10^10 solar masses.

    Returns
    -------
    float
        ζ, dimensionless.

    Examples
    --------
    >>> ionizing_efficiency(escape_fraction=0.1, star_fraction=0.05)
    25.0
    """
    return PHOTONS_PER_BARYON * star_fraction * escape_fraction


def filling_factors(
    efficiencies: Sequence[float],
    redshift: float,
    *,
    cosmology: Cosmology,
    growth: Growth,
    collapsed_fraction: CollapsedFraction,
    clumping_factor: float,
) -> np.ndarray:
    """Return the filling factors of ionized regions, the mean ionized fractions of the universe.

    Parameters
    ----------
    efficiencies : sequence of float, length F
        Ionizing efficiencies ζ, see `ionizing_efficiency`.
    redshift : float
        Redshift, below `FIRST_REDSHIFT`.
    cosmology : Cosmology
        Cosmological parameters.
    growth : Growth
        Growth factors of the cosmology.
    collapsed_fraction : CollapsedFraction
        Collapsed fractions of the cosmology.
    clumping_factor : float
        Clumping factor C of ionized gas, the mean square of its density over the square of the mean
        density of all gas; 0 for no recombinations.

    Returns
    -------
    numpy.ndarray, shape (F,), float64
        Filling factors, 0 to 1.

    Examples
    --------
    >>> cosmology = Cosmology()
    >>> settings = {
    ...     "cosmology": cosmology,
    ...     "growth": Growth(cosmology.omega_m),
    ...     "collapsed_fraction": CollapsedFraction(cosmology, turnover_mass=5e8),
    ... }
    >>> filling_factors([25.0, 40.0], 8.0, clumping_factor=0.0, **settings).round(2)
    array([0.64, 1.  ])
    >>> filling_factors([25.0, 40.0], 8.0, clumping_factor=2.0, **settings).round(2)
    array([0.43, 0.69])
    """
    redshifts = np.linspace(FIRST_REDSHIFT, redshift, N_REDSHIFTS)
    fraction = np.array([collapsed_fraction.mean(growth.first_order(z)) for z in redshifts])
    expansion = np.sqrt(cosmology.omega_m * (1 + redshifts) ** 3 + 1 - cosmology.omega_m)
    recombinations = clumping_factor * _recombinations(cosmology) * (expansion - expansion[-1])
    surviving = np.exp(-recombinations)
    photons = np.sum((surviving[1:] + surviving[:-1]) / 2 * np.diff(fraction))
    return np.minimum(np.asarray(efficiencies) * photons, 1.0)


def _recombinations(cosmology: Cosmology) -> float:
    """Return A, the recombinations per atom of gas at the mean density while E falls by 1."""
    baryons = CRITICAL_DENSITY * cosmology.omega_b * cosmology.hubble**2 * PROTONS_PER_CM3
    electrons = baryons * (1 - 3 / 4 * HELIUM_MASS_FRACTION)  # one per hydrogen and helium atom
    hubble_rate = HUBBLE_RATE * cosmology.hubble
    return float(2 * RECOMBINATION_COEFFICIENT * electrons / (3 * cosmology.omega_m * hubble_rate))
