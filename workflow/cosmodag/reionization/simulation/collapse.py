"""The fraction of matter that has collapsed into haloes which form stars.

Haloes below a turnover mass M_t form few stars: each counts with exp(-M_t / M) (Park et al. 2019,
MNRAS 484, 933, eq. 2). Stellar and escape fraction depend on mass with opposite slopes here, as in
the published cubes (1/2 and -1/2), so that their product is the same for all haloes.
"""

import numpy as np
from scipy.special import erf

from cosmodag.cosmology.background import Cosmology
from cosmodag.cosmology.matter_power import interpolate_power, matter_power_spectrum
from cosmodag.gridding.window import tophat_transform

CRITICAL_OVERDENSITY = 1.686
"""Linear density contrast at which a sphere has collapsed."""
CRITICAL_DENSITY = 2.77536627e11
"""Critical density today, h² solar masses a Mpc³."""
SHETH_TORMEN = (0.353, 0.73, 0.175)
"""A, a and p of the mass function, as Jenkins et al. 2001 (MNRAS 321, 372) fit them."""
LARGEST_MASS = 1e16  # solar masses: there are no heavier haloes
MASSES = 300  # of the tables: 40 a decade
CONTRASTS = 400  # of the table of conditional fractions


class Collapse:
    """Collapsed fractions in a cosmology.

    Parameters
    ----------
    cosmology
        Its parameters.
    turnover_mass
        Solar masses below which haloes form few stars.
    """

    def __init__(self, cosmology: Cosmology, turnover_mass: float) -> None:
        self._density = CRITICAL_DENSITY * cosmology.omega_m * cosmology.hubble**2
        self._hubble = cosmology.hubble
        self._mass = np.geomspace(turnover_mass / 50, LARGEST_MASS, MASSES)
        table = matter_power_spectrum(cosmology, k_max=50.0)
        self._sigma = np.array([_sigma(self._radius(mass), table) for mass in self._mass])
        middle = np.sqrt(self._mass[1:] * self._mass[:-1])
        self._share = np.exp(-turnover_mass / middle)

    def mean(self, growth: float) -> float:
        """The fraction of all matter.

        The mass function is that of Sheth, Mo & Tormen (2001, MNRAS 323, 1).

        Parameters
        ----------
        growth
            Linear growth D, 1 today.
        """
        amplitude, a, p = SHETH_TORMEN
        nu = np.sqrt(a) * CRITICAL_OVERDENSITY / (growth * self._sigma)
        density = amplitude * np.sqrt(2 / np.pi) * (1 + nu ** (-2 * p)) * np.exp(-(nu**2) / 2)
        return float(np.sum(np.diff(nu) * (density[1:] + density[:-1]) / 2 * self._share))

    def conditional(self, contrast: np.ndarray, radius: float, growth: float) -> np.ndarray:
        """The fraction of the matter in spheres of a radius, by their density contrast.

        Extended Press-Schechter (Lacey & Cole 1993, MNRAS 262, 627): of the matter in a sphere of
        contrast δ at the time of growth D, the fraction in haloes above M is
        erfc((δc - δ) / (D √(2 (σ²(M) - σ²(R))))).

        Parameters
        ----------
        contrast
            Density contrasts at that time, any shape.
        radius
            Of the spheres, Mpc/h.
        growth
            Linear growth D, 1 today.

        Returns
        -------
        ndarray
            Of the shape and dtype of `contrast`, 0 to 1.
        """
        knots = np.linspace(-1.0, CRITICAL_OVERDENSITY, CONTRASTS)
        variance = self._sigma**2 - self.sigma(radius) ** 2
        inside = variance > 0  # haloes lighter than the sphere
        width = growth * np.sqrt(2 * variance[inside])
        lighter = erf((CRITICAL_OVERDENSITY - knots[:, None]) / width)
        edges = np.concatenate([lighter, np.ones((CONTRASTS, 1))], axis=1)
        share = np.append(self._share[: len(width) - 1], 1.0)
        table = np.diff(edges, axis=1) @ share[: edges.shape[1] - 1]
        return np.interp(contrast, knots, table).astype(contrast.dtype, copy=False)

    def sigma(self, radius: float) -> float:
        """Root of the variance of linear matter today in spheres of a radius in Mpc/h."""
        mass = 4 / 3 * np.pi * (radius / self._hubble) ** 3 * self._density
        return float(np.interp(np.log(mass), np.log(self._mass), self._sigma))

    def _radius(self, mass: float) -> float:
        """Radius in Mpc/h of a sphere that holds a mass in solar masses at the mean density."""
        return (3 * mass / (4 * np.pi * self._density)) ** (1 / 3) * self._hubble


def _sigma(radius: float, table: tuple[np.ndarray, np.ndarray]) -> float:
    """Root of the variance today in spheres of a radius, Mpc/h."""
    k = np.geomspace(1e-4, 30 / radius, 2000)
    x = k * radius
    integrand = k**3 * interpolate_power(k, table) / (2 * np.pi**2) * tophat_transform(x) ** 2
    return float(np.sqrt(np.trapezoid(integrand, np.log(k))))
