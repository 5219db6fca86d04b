"""The universal density profile of voids, fitted to stacked profiles."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.optimize import curve_fit

STARTS = [(-0.8, 1.1, inner, outer, 1.1) for inner, outer in itertools.product((2, 5), (4, 9))]
"""Values of `UniversalProfile` that fits begin at; the best of the fits is taken."""
LOWEST, HIGHEST = (-1.0, 0.1, 0.1, 0.5, 0.3), (0.0, 5.0, 20.0, 40.0, 3.0)
"""Bounds of `UniversalProfile`."""


@dataclass(frozen=True)
class UniversalProfile:
    """The profile of Hamaus, Sutter & Wandelt 2014, PRL 112, 251302.

    δ(r) = δ_c (1 - (r / r_s)^α) / (1 + (r / r_v)^β). There, r_v is the radius of the void. It is
    free here, since a sphere of a given mean density ends inside the wall of its void.

    Attributes
    ----------
    central_overdensity : float
        δ_c.
    scale_radius : float
        r_s, where the density has its mean, in units of the radius of the sphere.
    inner_slope, outer_slope : float
        α and β.
    wall_radius : float
        r_v in units of the radius of the sphere.
    """

    central_overdensity: float
    scale_radius: float
    inner_slope: float
    outer_slope: float
    wall_radius: float

    def overdensity(self, distance: np.ndarray) -> np.ndarray:
        """Return δ at distances in units of the radius of the sphere."""
        rise = (distance / self.scale_radius) ** self.inner_slope
        fall = (distance / self.wall_radius) ** self.outer_slope
        return self.central_overdensity * (1 - rise) / (1 + fall)


def fit_profile(distance: np.ndarray, overdensity: np.ndarray) -> UniversalProfile | None:
    """Fit the universal profile to a stacked profile by least squares.

    All shells have the same weight: the errors of neighbouring shells are correlated.

    Parameters
    ----------
    distance : numpy.ndarray, shape (B,), float64
        Middles of the shells in units of the radius of the void.
    overdensity : numpy.ndarray, shape (B,), float64
        Stacked overdensity; NaN where it is not known.

    Returns
    -------
    UniversalProfile or None
        None if the profile has fewer than six known shells or the fit does not converge.
    """
    known = np.isfinite(overdensity)
    if known.sum() <= len(LOWEST):
        return None
    fits = []
    for start in STARTS:
        try:
            parameters, _ = curve_fit(
                lambda x, *values: UniversalProfile(*values).overdensity(x),
                distance[known],
                overdensity[known],
                start,
                bounds=(LOWEST, HIGHEST),
            )
        except RuntimeError:  # no convergence
            continue
        fits.append(UniversalProfile(*map(float, parameters)))
    return min(
        fits,
        key=lambda fit: float(((fit.overdensity(distance) - overdensity)[known] ** 2).sum()),
        default=None,
    )
