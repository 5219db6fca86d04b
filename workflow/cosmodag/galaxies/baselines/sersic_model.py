"""A galaxy of one Sérsic profile, seen through a point-spread function, drawn in Fourier space.

The transform of a round profile depends on its index and on the wavenumber times its radius alone,
so GalSim tabulates it once for all indices, and a galaxy costs one look-up and one transform,
whatever its index. Shear and place of a galaxy are a shear and a phase of its wavenumbers.
"""

import functools

import galsim
import numpy as np
from scipy import fft
from scipy.interpolate import RectBivariateSpline

from cosmodag.galaxies.simulation.stamp_rendering import MOFFAT_BETA

INDICES = (0.5, 6.0)
"""Least and largest Sérsic index that is drawn."""
NODES = 16
"""Indices that are tabulated."""
WAVENUMBERS = np.geomspace(1e-3, 2e3, 1000)
LOGARITHMS = np.log(WAVENUMBERS)
"""Of the tables: radians in units of the inverse half-light radius, or width of a Moffat."""
PERIODS = (2, 4)
"""Sides of the stamp after which the drawn sky repeats; the larger for galaxies of large radius."""
LARGE = 0.12
"""Half-light radius in sides of the stamp from which a galaxy counts as large."""


class SersicModel:
    """Draws galaxies of total light 1 into stamps seen through one point-spread function.

    Parameters
    ----------
    side : int
        Pixels a side of the stamp.
    psf : float
        Full width at half maximum of the Moffat point-spread function in pixels, above 0.
    radius : float
        About the half-light radius of what is to be drawn in pixels.
    """

    def __init__(self, side: int, psf: float, radius: float):
        self.side = side
        self.period = PERIODS[radius > LARGE * side] * side
        frequency = 2 * np.pi * fft.fftfreq(self.period)
        self.ky, self.kx = np.meshgrid(
            frequency, abs(frequency[: self.period // 2 + 1]), indexing="ij"
        )
        self.middle = np.exp(-0.5j * (side - 1) * (self.kx + self.ky))
        k = np.maximum(np.hypot(self.kx, self.ky), 1e-9)  # 0 has no logarithm
        pixel = np.sinc(self.kx / (2 * np.pi)) * np.sinc(self.ky / (2 * np.pi))
        self.response = pixel * np.interp(np.log(k * psf), LOGARITHMS, _moffat())

    def draw(
        self, radius: float, index: float, g1: float, g2: float, dx: float, dy: float
    ) -> np.ndarray:
        """Draw a galaxy.

        Parameters
        ----------
        radius
            Half-light radius of the circle of the same area in pixels.
        index
            Sérsic index, within `INDICES`.
        g1, g2
            Reduced shear, of length (1 − q) / (1 + q) for the axis ratio q.
        dx, dy
            Centre in pixels from the middle of the stamp.

        Returns
        -------
        numpy.ndarray, shape (side, side)
            Its part of the light in each pixel.
        """
        stretch = 1 / np.sqrt(1 - g1**2 - g2**2)
        across = stretch * ((1 + g1) * self.kx + g2 * self.ky)
        along = stretch * (g2 * self.kx + (1 - g1) * self.ky)
        k = np.maximum(radius * np.hypot(across, along), WAVENUMBERS[0])
        light = self.response * np.interp(np.log(k), LOGARITHMS, _sersic()(index, LOGARITHMS)[0])
        phase = self.middle * np.exp(-1j * (self.kx * dx + self.ky * dy))
        return fft.irfft2(light * phase, (self.period, self.period))[: self.side, : self.side]


@functools.cache
def _sersic() -> RectBivariateSpline:
    """The transform of a Sérsic profile of half-light radius 1, by index and log wavenumber."""
    indices = np.geomspace(*INDICES, NODES)
    rows = []
    for index in indices:
        profile = galsim.Sersic(n=index, half_light_radius=1)
        rows.append([profile.kValue(k, 0).real for k in WAVENUMBERS])
    return RectBivariateSpline(indices, LOGARITHMS, rows)


@functools.cache
def _moffat() -> np.ndarray:
    """The transform of a point-spread function of width 1 at the wavenumbers of the tables."""
    profile = galsim.Moffat(beta=MOFFAT_BETA, fwhm=1)
    return np.array([profile.kValue(k, 0).real for k in WAVENUMBERS])
