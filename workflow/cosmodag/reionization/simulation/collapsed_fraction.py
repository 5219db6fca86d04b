"""The fraction of matter in collapsed haloes that form stars.

Haloes below the turnover mass M_t form few stars: each is weighted by the duty cycle exp(-M_t / M)
of Park et al. (2019, MNRAS 484, 933, eq. 2). The stellar fraction and the escape fraction depend on
the halo mass with the opposite slopes 1/2 and -1/2, as in the published cubes, so their product is
the same for all haloes.
"""

import numpy as np
from scipy.special import erf

from cosmodag.cosmology.background import Cosmology
from cosmodag.cosmology.matter_power import interpolate_power, matter_power_spectrum
from cosmodag.gridding.fourier_windows import tophat_transform

CRITICAL_OVERDENSITY = 1.686
"""Linear density contrast at which a spherical perturbation collapses."""
CRITICAL_DENSITY = 2.77536627e11
"""Critical density today in h² solar masses per Mpc³."""
SHETH_TORMEN = (0.353, 0.73, 0.175)
"""A, a and p of the mass function in the fit of Jenkins et al. (2001, MNRAS 321, 372)."""
MAX_MASS = 1e16
"""Largest halo mass of the tables in solar masses."""
N_MASSES = 300
"""Halo masses of the tables, about 40 per decade."""
N_OVERDENSITIES = 400
"""Density contrasts of the table of conditional fractions."""


class CollapsedFraction:
    """Collapsed fraction of matter in a cosmology, on average and in regions of given density.

    Parameters
    ----------
    cosmology : Cosmology
        Cosmological parameters.
    turnover_mass : float
        Halo mass in solar masses below which haloes form few stars.

    Examples
    --------
    >>> fraction = CollapsedFraction(Cosmology(), turnover_mass=5e8)
    >>> round(fraction.mean(growth_factor=0.14), 3)
    0.024
    """

    def __init__(self, cosmology: Cosmology, turnover_mass: float) -> None:
        self._density = CRITICAL_DENSITY * cosmology.omega_m * cosmology.hubble**2
        self._hubble = cosmology.hubble
        self._mass = np.geomspace(turnover_mass / 50, MAX_MASS, N_MASSES)
        spectrum = matter_power_spectrum(cosmology, k_max=50.0)
        self._sigma = np.array([_sigma(self._radius(mass), spectrum) for mass in self._mass])
        midpoints = np.sqrt(self._mass[1:] * self._mass[:-1])
        self._duty_cycle = np.exp(-turnover_mass / midpoints)

    def mean(self, growth_factor: float) -> float:
        """Return the collapsed fraction of all matter for the Sheth-Tormen mass function.

        Parameters
        ----------
        growth_factor : float
            Linear growth factor D, 1 today.

        Returns
        -------
        float
            Fraction, 0 to 1.

        References
        ----------
        Sheth, Mo & Tormen 2001, MNRAS 323, 1.
        """
        amplitude, a, p = SHETH_TORMEN
        nu = np.sqrt(a) * CRITICAL_OVERDENSITY / (growth_factor * self._sigma)
        density = amplitude * np.sqrt(2 / np.pi) * (1 + nu ** (-2 * p)) * np.exp(-(nu**2) / 2)
        return float(np.sum(np.diff(nu) * (density[1:] + density[:-1]) / 2 * self._duty_cycle))

    def conditional(
        self, overdensity: np.ndarray, radius: float, growth_factor: float
    ) -> np.ndarray:
        """Return the collapsed fraction in spheres as a function of their density contrast.

        In extended Press-Schechter theory, the fraction of the matter of a sphere of density
        contrast δ that is in haloes above the mass M is erfc((δc - δ) / (D √(2 (σ²(M) - σ²(R))))).

        Parameters
        ----------
        overdensity : numpy.ndarray, any shape, float32 or float64
            Density contrasts δ of the spheres.
        radius : float
            Radius of the spheres in Mpc/h.
        growth_factor : float
            Linear growth factor D, 1 today.

        Returns
        -------
        numpy.ndarray, shape and dtype of `overdensity`
            Fractions, 0 to 1.

        References
        ----------
        Lacey & Cole 1993, MNRAS 262, 627.
        """
        knots = np.linspace(-1.0, CRITICAL_OVERDENSITY, N_OVERDENSITIES)
        variance = self._sigma**2 - self.sigma(radius) ** 2
        lighter = variance > 0  # haloes of less mass than the sphere
        width = growth_factor * np.sqrt(2 * variance[lighter])
        below = erf((CRITICAL_OVERDENSITY - knots[:, None]) / width)
        edges = np.concatenate([below, np.ones((N_OVERDENSITIES, 1))], axis=1)
        duty_cycle = np.append(self._duty_cycle[: len(width) - 1], 1.0)
        table = np.diff(edges, axis=1) @ duty_cycle[: edges.shape[1] - 1]
        return np.interp(overdensity, knots, table).astype(overdensity.dtype, copy=False)

    def sigma(self, radius: float) -> float:
        """Return the standard deviation of the linear density contrast today in spheres.

        Parameters
        ----------
        radius : float
            Radius of the spheres in Mpc/h.

        Returns
        -------
        float
            Standard deviation, interpolated from a table.
        """
        mass = 4 / 3 * np.pi * (radius / self._hubble) ** 3 * self._density
        return float(np.interp(np.log(mass), np.log(self._mass), self._sigma))

    def _radius(self, mass: float) -> float:
        """Return the radius in Mpc/h of a sphere of a mass in solar masses at the mean density."""
        return (3 * mass / (4 * np.pi * self._density)) ** (1 / 3) * self._hubble


def _sigma(radius: float, spectrum: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the standard deviation today in spheres of a radius in Mpc/h, by integration."""
    k = np.geomspace(1e-4, 30 / radius, 2000)
    x = k * radius
    integrand = k**3 * interpolate_power(k, spectrum) / (2 * np.pi**2) * tophat_transform(x) ** 2
    return float(np.sqrt(np.trapezoid(integrand, np.log(k))))
