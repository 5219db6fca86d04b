"""Parameters, distances and growth of structure of a flat ΛCDM cosmology."""

from dataclasses import dataclass
from typing import overload

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import hyp2f1

HUBBLE_DISTANCE = 2997.92458
"""c / H0 in Mpc/h."""


@dataclass(frozen=True)
class Cosmology:
    """Parameters of flat ΛCDM with massless neutrinos; the defaults are those of Planck 2018.

    Attributes
    ----------
    omega_m : float
        Density of matter today in units of the critical density.
    omega_b : float
        Density of baryons today in units of the critical density.
    hubble : float
        Hubble constant h in units of 100 km/s/Mpc.
    n_s : float
        Spectral index of the primordial power spectrum.
    sigma8 : float
        Standard deviation of the linear density contrast today in spheres of 8 Mpc/h.

    References
    ----------
    Planck Collaboration 2020, A&A 641, A6.
    """

    omega_m: float = 0.3111
    omega_b: float = 0.0490
    hubble: float = 0.6766
    n_s: float = 0.9665
    sigma8: float = 0.8102


@overload
def comoving_distance(omega_m: float, redshift: float) -> float: ...


@overload
def comoving_distance(omega_m: float, redshift: np.ndarray) -> np.ndarray: ...


def comoving_distance(omega_m: float, redshift: float | np.ndarray) -> float | np.ndarray:
    """Return the comoving distance to redshifts in flat ΛCDM without radiation.

    The integral over 1/H is a hypergeometric function [1]_.

    Parameters
    ----------
    omega_m : float
        Density of matter today in units of the critical density, above 0 and at most 1.
    redshift : float or numpy.ndarray
        Redshifts, above -1.

    Returns
    -------
    float or numpy.ndarray, float64
        Distances in Mpc/h.

    References
    ----------
    .. [1] Baes, Camps & Van De Putte 2017, MNRAS 468, 927.

    Examples
    --------
    >>> round(comoving_distance(0.3111, 8.0))
    6181
    """
    if omega_m == 1:
        return 2 * HUBBLE_DISTANCE * (1 - 1 / np.sqrt(1 + redshift))
    # The scale factor at which matter and dark energy are equally dense is 1 / equality.
    equality = np.cbrt((1 - omega_m) / omega_m)
    integral = _expansion_integral(equality) - _expansion_integral(equality / (1 + redshift))
    return HUBBLE_DISTANCE / np.sqrt(equality * omega_m) * integral


def redshift_at_distance(omega_m: float, distance: np.ndarray) -> np.ndarray:
    """Return the redshifts at comoving distances in flat ΛCDM without radiation.

    Parameters
    ----------
    omega_m : float
        Density of matter today in units of the critical density, above 0 and at most 1.
    distance : numpy.ndarray
        Distances in Mpc/h, at least 0 and at most those of redshift 1000.

    Returns
    -------
    numpy.ndarray, float64
        Redshifts.

    Examples
    --------
    >>> redshift_at_distance(0.3111, np.array([comoving_distance(0.3111, 0.7)]))
    array([0.7])
    """
    table = np.expm1(np.linspace(0.0, np.log(1001.0), 2001))
    redshift = np.interp(distance, comoving_distance(omega_m, table), table)
    for _ in range(2):  # Newton's method
        expansion_rate = np.sqrt(omega_m * (1 + redshift) ** 3 + 1 - omega_m)
        excess = comoving_distance(omega_m, redshift) - distance
        redshift = redshift - excess * expansion_rate / HUBBLE_DISTANCE
    return redshift


def _expansion_integral(ratio: float | np.ndarray) -> float | np.ndarray:
    """Return the integral of 1 / sqrt(x + x⁴) from 0 to a ratio."""
    return 2 * np.sqrt(ratio) * hyp2f1(1 / 6, 1 / 2, 7 / 6, -(ratio**3))


class Growth:
    """First- and second-order growth factors D and E of matter fluctuations in flat ΛCDM.

    The first-order growth factor is normalized to D = 1 today. Second-order Lagrangian
    displacements are D psi1 + E psi2, with E = -3/7 D² in an Einstein-de Sitter universe.
    Radiation is neglected, as in most N-body simulations.

    Parameters
    ----------
    omega_m : float
        Density of matter today in units of the critical density.

    References
    ----------
    Bouchet et al. 1995, A&A 296, 575.

    Examples
    --------
    >>> growth = Growth(omega_m=0.3111)
    >>> round(growth.first_order(redshift=1.0), 3)
    0.608
    """

    def __init__(self, omega_m: float) -> None:
        log_a = np.linspace(np.log(1e-3), 0.0, 512)
        a = np.exp(log_a[0])
        initial_state = [a, a, -3 / 7 * a**2, -6 / 7 * a**2]
        solution = solve_ivp(
            _growth_rates,
            log_a[[0, -1]],
            initial_state,
            t_eval=log_a,
            args=(omega_m,),
            rtol=1e-8,
            atol=1e-12,
        )
        d, d_rate, e, e_rate = solution.y
        self._log_a = log_a
        self._d = d / d[-1]
        self._e = e / d[-1] ** 2
        self._e_slope = e_rate / d_rate / d[-1]
        self._rate = d_rate / d

    def first_order(self, redshift: float) -> float:
        """Return the first-order growth factor D at a redshift.

        Parameters
        ----------
        redshift : float
            Redshift, at least 0.

        Returns
        -------
        float
            D, 1 today.
        """
        return float(np.interp(-np.log1p(redshift), self._log_a, self._d))

    def rate(self, redshift: float) -> float:
        """Return the growth rate f = d ln D / d ln a at a redshift.

        Parameters
        ----------
        redshift : float
            Redshift, at least 0.

        Returns
        -------
        float
            f, dimensionless.
        """
        return float(np.interp(-np.log1p(redshift), self._log_a, self._rate))

    def second_order(self, d: float) -> float:
        """Return the second-order growth factor E as a function of the first-order one.

        Parameters
        ----------
        d : float
            First-order growth factor D.

        Returns
        -------
        float
            E, negative.
        """
        return float(np.interp(d, self._d, self._e / self._d**2)) * d**2

    def second_order_slope(self, d: float) -> float:
        """Return the derivative dE/dD as a function of the first-order growth factor.

        Parameters
        ----------
        d : float
            First-order growth factor D.

        Returns
        -------
        float
            dE/dD, negative.
        """
        return float(np.interp(d, self._d, self._e_slope / self._d)) * d


def _growth_rates(log_a: float, state: np.ndarray, omega_m: float) -> list[float]:
    """Return the derivatives of D, dD/dln a, E and dE/dln a with respect to ln a."""
    d, d_rate, e, e_rate = state
    matter = omega_m * np.exp(-3 * log_a)
    matter /= matter + 1 - omega_m
    friction = 2 - 1.5 * matter
    return [
        d_rate,
        1.5 * matter * d - friction * d_rate,
        e_rate,
        1.5 * matter * (e - d**2) - friction * e_rate,
    ]
