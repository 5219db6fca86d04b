"""What an interferometer sees of a cube of brightness temperature, its noise aside."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from cosmodag.cosmology.background import comoving_distance

FWHM_TO_SIGMA = 1 / np.sqrt(8 * np.log(2))


@dataclass(frozen=True)
class Instrument:
    """What is taken from a cube before it is cut; the default takes nothing.

    Attributes
    ----------
    mean_subtraction
        Take off the mean of each slice across the line of sight, which baselines do not measure.
    beam
        Full width at half maximum of a Gaussian beam in arcmin; 0 leaves the resolution.
    wedge
        Leave out modes of k_parallel < wedge · k_perpendicular, where the foregrounds are; 0 keeps
        all. About 3 to 4 is the horizon at redshifts of 6 to 10 (Liu, Parsons & Trott 2014, PRD 90,
        023018).
    """

    mean_subtraction: bool = False
    beam: float = 0.0
    wedge: float = 0.0

    @property
    def ideal(self) -> bool:
        """Whether cubes stay as they are."""
        return not (self.mean_subtraction or self.beam or self.wedge)


def observe(
    cube: np.ndarray,
    instrument: Instrument,
    *,
    axis: int,
    box_size: float,
    redshift: float,
    omega_m: float,
    threads: int = 1,
) -> np.ndarray:
    """Give a cube as an instrument sees it along a line of sight.

    Parameters
    ----------
    cube : (n, n, n) float32
        Brightness temperature in a periodic box.
    instrument
        What it takes off.
    axis
        Line of sight.
    box_size
        Side of the box, Mpc/h.
    redshift, omega_m
        Of the cube, and the density of matter today: they turn arcmin into Mpc/h.
    threads
        Threads of the transforms.

    Returns
    -------
    (n, n, n) float32
        The same array where nothing is taken off.
    """
    if instrument.ideal:
        return cube
    sight = np.moveaxis(cube, axis, 0)
    if instrument.beam or instrument.wedge:
        modes = scipy.fft.rfftn(sight, workers=threads)
        n = len(cube)
        along = 2 * np.pi * np.abs(scipy.fft.fftfreq(n, box_size / n))
        half = 2 * np.pi * scipy.fft.rfftfreq(n, box_size / n)
        across = np.sqrt(along[:, None] ** 2 + half**2)
        sigma = beam_sigma(instrument.beam, redshift, omega_m)
        response = np.exp(-((across * sigma) ** 2) / 2).astype(np.float32)
        for plane, k in zip(modes, along):  # a plane at a time keeps masks small
            plane *= np.where(k < instrument.wedge * across, np.float32(0), response)
        sight = scipy.fft.irfftn(modes, sight.shape, workers=threads, overwrite_x=True)
    if instrument.mean_subtraction:
        means = sight.mean(axis=(1, 2), dtype=np.float64, keepdims=True)
        sight = sight - means.astype(np.float32)
    return np.moveaxis(sight, 0, axis)


def beam_sigma(arcmin: float, redshift: float, omega_m: float) -> float:
    """Standard deviation in comoving Mpc/h of a beam whose full width at half maximum is given."""
    angle = np.deg2rad(arcmin / 60) * FWHM_TO_SIGMA
    return float(angle * comoving_distance(omega_m, redshift))
