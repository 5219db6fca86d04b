"""The effect of an interferometer on a cube of brightness temperature, except for its noise."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from cosmodag.cosmology.background import comoving_distance

BEAM_EXTENT = 6
"""Standard deviations of a beam beyond which two cells share nothing that was smoothed."""
FWHM_TO_SIGMA = 1 / np.sqrt(8 * np.log(2))
"""Standard deviation of a Gaussian in units of its full width at half maximum."""


@dataclass(frozen=True)
class Instrument:
    """Properties of an interferometer; the default is an ideal instrument.

    Attributes
    ----------
    mean_subtraction : bool
        Whether to subtract the mean of each slice across the line of sight, which baselines do not
        measure.
    beam : float
        Full width at half maximum of a Gaussian beam in arcmin; 0 for none.
    wedge : float
        Remove modes with k_parallel < wedge · k_perpendicular, which foregrounds dominate; 0 keeps
        all. The horizon is at about 3 to 4 for redshifts of 6 to 10 (Liu, Parsons & Trott 2014,
        PRD 90, 023018).

    Examples
    --------
    >>> Instrument().is_ideal, Instrument(beam=3.0).is_ideal
    (True, False)
    """

    mean_subtraction: bool = False
    beam: float = 0.0
    wedge: float = 0.0

    @property
    def is_ideal(self) -> bool:
        """Whether the instrument leaves cubes unchanged."""
        return not (self.mean_subtraction or self.beam or self.wedge)


def observe(
    cube: np.ndarray,
    instrument: Instrument,
    *,
    axis: int,
    cell_size: float,
    redshift: float,
    omega_m: float,
    threads: int = 1,
) -> np.ndarray:
    """Return a cube as an instrument observes it along a line of sight.

    Parameters
    ----------
    cube : numpy.ndarray, shape (nx, ny, nz), float32
        Brightness temperature in a box that is treated as periodic.
    instrument : Instrument
        Properties of the interferometer.
    axis : int
        Line of sight: an axis from 0 to 2.
    cell_size : float
        Side of a cell in Mpc/h.
    redshift : float
        Redshift of the cube.
    omega_m : float
        Density of matter today in units of the critical density.
    threads : int
        Threads of the Fourier transforms.

    Returns
    -------
    numpy.ndarray, shape (nx, ny, nz), float32
        Observed brightness temperature; `cube` itself for an ideal instrument.

    Examples
    --------
    >>> cube = np.random.default_rng(1).normal(20.0, 5.0, (16, 16, 16)).astype(np.float32)
    >>> interferometer = Instrument(mean_subtraction=True, beam=3.0)
    >>> settings = {"axis": 2, "cell_size": 6.25, "redshift": 8.0, "omega_m": 0.3111}
    >>> observed = observe(cube, interferometer, **settings)
    >>> bool(abs(observed.mean(axis=(0, 1))).max() < 1e-4)
    True
    """
    if instrument.is_ideal:
        return cube
    observed = np.moveaxis(cube, axis, 0)
    if instrument.beam or instrument.wedge:
        modes = scipy.fft.rfftn(observed, workers=threads)
        depth, rows, columns = observed.shape
        k_along = 2 * np.pi * np.abs(scipy.fft.fftfreq(depth, cell_size))
        k_down = 2 * np.pi * scipy.fft.fftfreq(rows, cell_size)
        k_across = 2 * np.pi * scipy.fft.rfftfreq(columns, cell_size)
        k_perpendicular = np.sqrt(k_down[:, None] ** 2 + k_across**2)
        sigma = beam_sigma(instrument.beam, redshift, omega_m)
        response = np.exp(-((k_perpendicular * sigma) ** 2) / 2).astype(np.float32)
        for plane, k_parallel in zip(modes, k_along):  # plane by plane, so that masks stay small
            in_wedge = k_parallel < instrument.wedge * k_perpendicular
            plane *= np.where(in_wedge, np.float32(0), response)
        observed = scipy.fft.irfftn(modes, observed.shape, workers=threads, overwrite_x=True)
    if instrument.mean_subtraction:
        # In float64: the rounding error of a mean in float32 would be the mean of what is left, and
        # reveal how large the mean was.
        subtracted = np.empty(observed.shape, np.float32)
        for plane, result in zip(observed, subtracted):
            result[...] = plane - plane.mean(dtype=np.float64)
        observed = subtracted
    return np.moveaxis(observed, 0, axis)


def beam_sigma(fwhm: float, redshift: float, omega_m: float) -> float:
    """Return the standard deviation of a Gaussian beam at the distance of a redshift.

    Parameters
    ----------
    fwhm : float
        Full width at half maximum in arcmin.
    redshift : float
        Redshift of the cube.
    omega_m : float
        Density of matter today in units of the critical density.

    Returns
    -------
    float
        Standard deviation in comoving Mpc/h.
    """
    angle = np.deg2rad(fwhm / 60) * FWHM_TO_SIGMA
    return float(angle * comoving_distance(omega_m, redshift))
