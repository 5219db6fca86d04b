"""A flat ΛCDM cosmology: its parameters, its growth of structure and its linear power spectrum."""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

HUBBLE_DISTANCE = 2997.92458
"""c / H0 in Mpc/h."""


@dataclass(frozen=True)
class Cosmology:
    """Parameters of flat ΛCDM with massless neutrinos; the defaults are those of Planck 2018."""

    omega_m: float = 0.3111
    omega_b: float = 0.0490
    hubble: float = 0.6766
    n_s: float = 0.9665
    sigma8: float = 0.8102


def comoving_distance(omega_m: float, redshift: float) -> float:
    """Comoving distance to a redshift in flat ΛCDM, Mpc/h; radiation is left out."""
    z = np.linspace(0.0, redshift, 2001)
    return float(np.trapezoid(HUBBLE_DISTANCE / np.sqrt(omega_m * (1 + z) ** 3 + 1 - omega_m), z))


class Growth:
    """First- and second-order growth of matter fluctuations, D and E, D = 1 today.

    Displacements to second order are D psi1 + E psi2, E = -3/7 D² in an Einstein-de Sitter universe
    (Bouchet et al. 1995, A&A 296, 575). Radiation is left out, as in most N-body simulations.

    Parameters
    ----------
    omega_m
        Matter density today, in units of the critical density.
    """

    def __init__(self, omega_m: float) -> None:
        log_a = np.linspace(np.log(1e-3), 0.0, 512)
        a = np.exp(log_a[0])
        start = [a, a, -3 / 7 * a**2, -6 / 7 * a**2]
        solution = solve_ivp(
            _growth_rates,
            log_a[[0, -1]],
            start,
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

    def first(self, redshift: float) -> float:
        """D at a redshift."""
        return float(np.interp(-np.log1p(redshift), self._log_a, self._d))

    def rate(self, redshift: float) -> float:
        """d ln D / d ln a at a redshift, by which a displacement grows in a Hubble time."""
        return float(np.interp(-np.log1p(redshift), self._log_a, self._rate))

    def second(self, d: float) -> float:
        """E at the time when the first-order growth is `d`."""
        return float(np.interp(d, self._d, self._e / self._d**2)) * d**2

    def second_slope(self, d: float) -> float:
        """dE/dD at the time when the first-order growth is `d`."""
        return float(np.interp(d, self._d, self._e_slope / self._d)) * d


def _growth_rates(log_a: float, state: np.ndarray, omega_m: float) -> list[float]:
    """Derivatives by ln a of D, dD/dln a, E, dE/dln a."""
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
