"""Sérsic profiles fitted by least squares to all bands of a stamp together.

A galaxy is one profile of free index, or an exponential disc with a de Vaucouleurs bulge about the
same centre, whichever has the smaller Bayesian information criterion. Shape and position are the
same in all bands. The fluxes of the components, which are not negative, and the level of the sky
are linear in the data and are solved for in each band.

References
----------
Golub and Pereyra (1973), SIAM J. Numer. Anal. 10, 413 (variable projection); Schwarz (1978), Ann.
Statist. 6, 461.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from cosmodag.galaxies.baselines.sersic_model import INDEX_RANGE, SersicModel
from cosmodag.imaging.galaxy_population import BULGE_INDEX, half_light_radius
from cosmodag.imaging.positive_amplitudes import positive_amplitudes

DISC_INDEX = 1.0
START_RADII = (1.5, 4.0, 12.0)
"""Half-light radii in pixels; the fit starts from the one with the smallest residuals."""
START_INDEX = 1.5
START_COMPONENTS = ((1.0, 0.7), (1.3, 0.3), (2.0, 0.2))
"""Half-light radii of the disc, in units of that of the single profile, and of the bulge in units
of that of the disc; the fit of two components starts from the pair with the smallest residuals.
"""
RATIO_RANGE = (0.03, 3.0)
"""Smallest and largest half-light radius of a bulge in units of that of the disc."""
MAX_OFFSET = 3.0
"""Largest offset of the centroid from the centre of the stamp along each axis in pixels."""
MAX_EVALUATIONS = 40
"""Most evaluations of the model with its derivatives; 10 are rarely exceeded."""


class GalaxyFit(NamedTuple):
    """Parameters of a fitted galaxy.

    Attributes
    ----------
    fluxes : numpy.ndarray, shape (B,), float64
        Total flux in each band in the unit of the image.
    bulge_fraction : numpy.ndarray, shape (B,), float64
        Fraction of the flux in the bulge; 0 for a single profile.
    radius : float
        Circularized half-light radius in pixels of the single profile or of the disc.
    bulge_ratio : float
        Half-light radius of the bulge in units of that of the disc; 1 for a single profile.
    index : float
        Sérsic index of the single profile or of the disc.
    axis_ratio : float
        Of the single profile or of the disc.
    sky : numpy.ndarray, shape (B,), float64
        Level of the sky in each band in the unit of the image.
    bic : float
        Bayesian information criterion.
    """

    fluxes: np.ndarray
    bulge_fraction: np.ndarray
    radius: float
    bulge_ratio: float
    index: float
    axis_ratio: float
    sky: np.ndarray
    bic: float

    def total_radius(self, band: int) -> float:
        """Return the half-light radius of all components in pixels.

        Parameters
        ----------
        band : int
            Number of the band.

        Returns
        -------
        float
        """
        fraction = self.bulge_fraction[[band]]
        ratio, index = np.array([self.bulge_ratio]), np.array([self.index])
        return self.radius * float(half_light_radius(fraction, ratio, index)[0])


class _Shape(NamedTuple):
    """What is not linear in the data: one component, or two if there is a bulge ratio."""

    log_radius: float
    e1: float
    e2: float
    dx: float
    dy: float
    index: float = DISC_INDEX
    log_ratio: float | None = None
    roundness: float = 0.0

    def components(self) -> list[tuple[float, float, float]]:
        """Return radius, index and factor of the shear of each component."""
        body = (np.exp(self.log_radius), self.index, 1.0)
        if self.log_ratio is None:
            return [body]
        radius = np.exp(self.log_radius + self.log_ratio)
        return [body, (radius, BULGE_INDEX, 1 - self.roundness)]


def fit_stamp(
    image: np.ndarray, weight: np.ndarray, psf: float, *, two_components: bool = True
) -> GalaxyFit:
    """Fit a galaxy at the centre of a stamp.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, S, S), float64
        Stamp in any unit of flux.
    weight : numpy.ndarray, shape (B, S, S), float64
        Inverse variance of each pixel; 0 for pixels that are masked or padded.
    psf : float
        Full width at half maximum of the Moffat point-spread function in pixels.
    two_components : bool
        Whether to try a disc with a bulge as well.

    Returns
    -------
    GalaxyFit
        The fit with the smaller Bayesian information criterion.
    """
    problem = _Problem(image, weight, psf)
    starts = [_Shape(np.log(radius), 0, 0, 0, 0, index=START_INDEX) for radius in START_RADII]
    single = problem.minimize(problem.best(starts), ("index",), [INDEX_RANGE])
    fits = [problem.result(single, n_shape=6)]
    if two_components:
        starts = [
            single._replace(
                log_radius=single.log_radius + np.log(disc),
                index=DISC_INDEX,
                log_ratio=np.log(ratio),
                roundness=0.5,
            )
            for disc, ratio in START_COMPONENTS
        ]
        low, high = np.log(RATIO_RANGE)
        bounds = [(low, high), (0.0, 1.0)]
        double = problem.minimize(problem.best(starts), ("log_ratio", "roundness"), bounds)
        fits.append(problem.result(double, n_shape=7))
    return min(fits, key=lambda fit: fit.bic)


class _Problem:
    """Least squares of one stamp."""

    def __init__(self, image: np.ndarray, weight: np.ndarray, psf: float):
        self.side, self.psf = image.shape[-1], psf
        self.weight = np.where(np.isfinite(image), weight, 0.0).reshape(len(image), -1)
        self.data = np.where(self.weight > 0, image.reshape(len(image), -1), 0.0)
        self.model = SersicModel(self.side, psf, 0.0)

    def best(self, starts: Sequence[_Shape]) -> _Shape:
        """Return the start with the smallest residuals."""

        def chi_squared(start: _Shape) -> float:
            self.model = SersicModel(self.side, self.psf, float(np.exp(start.log_radius)))
            return float(np.square(self.residuals(start)).sum())

        return min(starts, key=chi_squared)

    def minimize(
        self, start: _Shape, own: Sequence[str], bounds: Sequence[tuple[float, float]]
    ) -> _Shape:
        """Vary radius, ellipticity, position and the parameters that a form has of its own."""
        self.model = SersicModel(self.side, self.psf, float(np.exp(start.log_radius)))
        names = ("log_radius", "e1", "e2", "dx", "dy", *own)
        offset = (-MAX_OFFSET, MAX_OFFSET)
        limits = [(np.log(0.2), np.log(self.side)), (-3, 3), (-3, 3), offset, offset, *bounds]
        lower, upper = np.array(limits).T
        values = np.clip([getattr(start, name) for name in names], lower + 1e-6, upper - 1e-6)
        best = least_squares(
            lambda values: self.residuals(start._replace(**dict(zip(names, values)))),
            values,
            bounds=(lower, upper),
            diff_step=1e-4,
            ftol=1e-4,
            xtol=1e-4,
            max_nfev=MAX_EVALUATIONS,
        ).x
        return start._replace(**dict(zip(names, best)))

    def residuals(self, shape: _Shape) -> np.ndarray:
        """Return the residuals in units of their standard deviation."""
        coefficients, design = self._solve(shape)
        return (np.sqrt(self.weight) * (self.data - coefficients @ design)).ravel()

    def result(self, shape: _Shape, *, n_shape: int) -> GalaxyFit:
        """Return the parameters of a minimum; `n_shape` of them are not linear."""
        coefficients, design = self._solve(shape)
        chi_squared = float(np.square(self.residuals(shape)).sum())
        n_parameters = n_shape + coefficients.size
        n_pixels = max(int(np.count_nonzero(self.weight)), 1)
        total = coefficients[:, :-1].sum(1)
        bulge = coefficients[:, 1] if len(design) == 3 else np.zeros(len(total))
        length = np.hypot(*_shear(shape.e1, shape.e2))
        return GalaxyFit(
            fluxes=total,
            bulge_fraction=np.divide(bulge, total, out=np.zeros(len(total)), where=total > 0),
            radius=float(np.exp(shape.log_radius)),
            bulge_ratio=1.0 if shape.log_ratio is None else float(np.exp(shape.log_ratio)),
            index=float(shape.index),
            axis_ratio=float((1 - length) / (1 + length)),
            sky=coefficients[:, -1],
            bic=chi_squared + n_parameters * float(np.log(n_pixels)),
        )

    def _solve(self, shape: _Shape) -> tuple[np.ndarray, np.ndarray]:
        """Return fluxes and sky (B, K + 1) of the best fit, and the images (K + 1, S²) of each."""
        g1, g2 = _shear(shape.e1, shape.e2)
        profiles = [
            self.model.draw(radius, index, factor * g1, factor * g2, shape.dx, shape.dy).ravel()
            for radius, index, factor in shape.components()
        ]
        design = np.array([*profiles, np.ones(self.side**2)])
        weighted = design * self.weight[:, None]
        matrices, vectors = weighted @ design.T, np.einsum("bkp,bp->bk", weighted, self.data)
        solutions = [positive_amplitudes(*pair, n_free=1) for pair in zip(matrices, vectors)]
        return np.array(solutions), design


def _shear(e1: float, e2: float) -> tuple[float, float]:
    """Map the plane to the reduced shears, whose length is below 1."""
    length = np.hypot(e1, e2)
    factor = np.tanh(length) / length if length > 1e-9 else 1.0
    return factor * e1, factor * e2
