"""Sérsic profiles convolved with a point-spread function, drawn in Fourier space.

The transform of a circular profile depends only on its index and on the product of wavenumber and
radius. GalSim tabulates it once for all indices, so that a galaxy costs one interpolation and one
Fourier transform. Ellipticity and position are a shear and a phase in Fourier space.
"""

import functools

import galsim
import numpy as np
from scipy import fft
from scipy.interpolate import RectBivariateSpline

from cosmodag.galaxies.simulation.stamp_rendering import MOFFAT_BETA

INDEX_RANGE = (0.5, 6.0)
"""Smallest and largest Sérsic index of the table."""
NODES = 16
"""Number of tabulated indices."""
WAVENUMBERS = np.geomspace(1e-3, 2e3, 1000)
LOG_WAVENUMBERS = np.log(WAVENUMBERS)
"""Of the tables, in radians per half-light radius, or per width of a Moffat profile."""
PERIODS = (2, 4)
"""Period of the image in sides of the stamp; the larger one for galaxies of large radius."""
LARGE = 0.12
"""Half-light radius in sides of the stamp above which a galaxy takes the larger period."""


class SersicModel:
    """Sérsic profiles of unit flux, seen through one point-spread function.

    Parameters
    ----------
    side : int
        Side of the stamp in pixels.
    psf : float
        Full width at half maximum of the Moffat point-spread function in pixels, above 0.
    radius : float
        Approximate half-light radius in pixels of the galaxies to draw.

    Examples
    --------
    >>> model = SersicModel(side=32, psf=3.0, radius=4.0)
    >>> image = model.draw(radius=4.0, index=1.0, g1=0.1, g2=0.0, dx=0.0, dy=0.0)
    >>> image.shape
    (32, 32)
    """

    def __init__(self, side: int, psf: float, radius: float):
        self.side = side
        self.period = PERIODS[radius > LARGE * side] * side
        frequency = 2 * np.pi * fft.fftfreq(self.period)
        self.ky, self.kx = np.meshgrid(
            frequency, abs(frequency[: self.period // 2 + 1]), indexing="ij"
        )
        self.centre = np.exp(-0.5j * (side - 1) * (self.kx + self.ky))
        k = np.maximum(np.hypot(self.kx, self.ky), 1e-9)  # the logarithm of 0 is undefined
        pixel = np.sinc(self.kx / (2 * np.pi)) * np.sinc(self.ky / (2 * np.pi))
        self.response = pixel * np.interp(np.log(k * psf), LOG_WAVENUMBERS, _moffat())

    def draw(
        self, radius: float, index: float, g1: float, g2: float, dx: float, dy: float
    ) -> np.ndarray:
        """Draw a profile.

        Parameters
        ----------
        radius : float
            Circularized half-light radius in pixels.
        index : float
            Sérsic index, within `INDEX_RANGE`.
        g1, g2 : float
            Reduced shear, of length (1 − q) / (1 + q) for the axis ratio q.
        dx, dy : float
            Centroid in pixels from the centre of the stamp.

        Returns
        -------
        numpy.ndarray, shape (side, side), float64
            Fraction of the flux in each pixel.
        """
        norm = 1 / np.sqrt(1 - g1**2 - g2**2)
        sheared_x = norm * ((1 + g1) * self.kx + g2 * self.ky)
        sheared_y = norm * (g2 * self.kx + (1 - g1) * self.ky)
        k = np.maximum(radius * np.hypot(sheared_x, sheared_y), WAVENUMBERS[0])
        profile = np.interp(np.log(k), LOG_WAVENUMBERS, _sersic()(index, LOG_WAVENUMBERS)[0])
        phase = self.centre * np.exp(-1j * (self.kx * dx + self.ky * dy))
        transform = self.response * profile * phase
        return fft.irfft2(transform, (self.period, self.period))[: self.side, : self.side]


@functools.cache
def _sersic() -> RectBivariateSpline:
    """Tabulate the transform of Sérsic profiles of half-light radius 1 by index and wavenumber."""
    indices = np.geomspace(*INDEX_RANGE, NODES)
    rows = []
    for index in indices:
        profile = galsim.Sersic(n=index, half_light_radius=1)
        rows.append([profile.kValue(k, 0).real for k in WAVENUMBERS])
    return RectBivariateSpline(indices, LOG_WAVENUMBERS, rows)


@functools.cache
def _moffat() -> np.ndarray:
    """Tabulate the transform of a Moffat profile of width 1 at the wavenumbers of the tables."""
    profile = galsim.Moffat(beta=MOFFAT_BETA, fwhm=1)
    return np.array([profile.kValue(k, 0).real for k in WAVENUMBERS])
