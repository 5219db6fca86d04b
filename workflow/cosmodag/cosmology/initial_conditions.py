"""Gaussian initial conditions and their Lagrangian displacements to second order."""

import numpy as np
import scipy.fft

from cosmodag.cosmology.matter_power import interpolate_power


def linear_modes(
    spectrum: tuple[np.ndarray, np.ndarray],
    *,
    particles: int,
    box_size: float,
    seed: int,
    fixed_amplitude: bool = False,
    threads: int = 1,
) -> np.ndarray:
    """Draw the Fourier modes of a Gaussian density contrast at redshift 0.

    The white noise is drawn from one random stream, so the modes of a seed do not depend on the
    number of threads.

    Parameters
    ----------
    spectrum : tuple of two numpy.ndarray, shape (n,), float64
        Linear power spectrum at redshift 0 as returned by `matter_power.matter_power_spectrum`.
    particles : int
        Lattice points per side, and later particles per side.
    box_size : float
        Side of the periodic box in Mpc/h.
    seed : int
        Seed of the realization.
    fixed_amplitude : bool
        Whether to fix the moduli of the modes to their expectation instead of drawing them. This
        removes the sample variance of a measured power spectrum.
    threads : int
        Threads of the Fourier transform.

    Returns
    -------
    numpy.ndarray, shape (particles, particles, particles // 2 + 1), complex64
        Modes of the density contrast in the convention of `scipy.fft.rfftn`.

    References
    ----------
    Fixed amplitudes: Angulo & Pontzen 2016, MNRAS 462, L1.

    Examples
    --------
    >>> from cosmodag.cosmology.background import Cosmology
    >>> from cosmodag.cosmology.matter_power import matter_power_spectrum
    >>> spectrum = matter_power_spectrum(Cosmology())
    >>> linear_modes(spectrum, particles=16, box_size=100.0, seed=1).shape
    (16, 16, 9)
    """
    noise = np.random.default_rng(seed).standard_normal((particles,) * 3, dtype=np.float32)
    modes = scipy.fft.rfftn(noise, workers=threads)
    if fixed_amplitude:
        modes *= np.float32(particles**1.5) / np.maximum(np.abs(modes), np.float32(1e-12))
    kx, ky, kz = wavenumbers(particles, box_size)
    # Interpolating a fine table of |k| is faster than evaluating the spectrum for each mode.
    k_max = np.sqrt(3.0) * np.pi * particles / box_size
    table = np.linspace(0.0, 1.001 * k_max, 64 * particles)
    amplitude = np.sqrt(interpolate_power(table, spectrum) * particles**3 / box_size**3)
    for plane, k in zip(modes, kx[:, 0, 0]):
        plane *= np.interp(np.sqrt(k**2 + ky[0] ** 2 + kz[0] ** 2), table, amplitude).astype("f4")
    return modes


def displacements(
    modes: np.ndarray, *, box_size: float, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first- and second-order Lagrangian displacements of a linear density contrast.

    A particle of the lattice point q is at q + D psi1 + E psi2, with div psi1 = -delta and
    div psi2 = sum over i < j of (phi_ii phi_jj - phi_ij²), where phi is the potential of
    psi1 = -grad phi.

    Parameters
    ----------
    modes : numpy.ndarray, shape (n, n, n // 2 + 1), complex64
        Modes of the density contrast as returned by `linear_modes`.
    box_size : float
        Side of the periodic box in Mpc/h.
    threads : int
        Threads of the Fourier transforms.

    Returns
    -------
    psi1 : numpy.ndarray, shape (n³, 3), float32
        First-order displacements in Mpc/h for D = 1.
    psi2 : numpy.ndarray, shape (n³, 3), float32
        Second-order displacements in Mpc/h for E = 1.

    References
    ----------
    Bouchet et al. 1995, A&A 296, 575.

    Examples
    --------
    >>> import numpy as np
    >>> psi1, psi2 = displacements(np.zeros((8, 8, 5), np.complex64), box_size=100.0)
    >>> psi1.shape
    (512, 3)
    """
    n = len(modes)
    k = wavenumbers(n, box_size)
    k_squared = k[0] ** 2 + k[1] ** 2 + k[2] ** 2
    k_squared[0, 0, 0] = 1.0
    potential = -modes / k_squared

    def derivative(i: int, j: int) -> np.ndarray:
        return scipy.fft.irfftn(-k[i] * k[j] * potential, (n, n, n), workers=threads)

    source = np.zeros((n, n, n), np.float32)
    trace = derivative(0, 0)
    for i in (1, 2):
        diagonal = derivative(i, i)
        source += trace * diagonal
        trace += diagonal
    for i, j in ((0, 1), (0, 2), (1, 2)):
        source -= derivative(i, j) ** 2
    second_order = scipy.fft.rfftn(source, workers=threads) / k_squared
    del source, trace
    return (
        _gradient(-potential, box_size, threads),
        _gradient(-second_order, box_size, threads),
    )


def wavenumbers(cells: int, box_size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the wavenumbers of the modes of a real field.

    Parameters
    ----------
    cells : int
        Cells n per side.
    box_size : float
        Side of the periodic box in Mpc/h.

    Returns
    -------
    kx, ky, kz : numpy.ndarray, shapes (n, 1, 1), (1, n, 1), (1, 1, n // 2 + 1), float32
        Wavenumbers in h/Mpc, which broadcast to the shape of the modes.

    Examples
    --------
    >>> [k.shape for k in wavenumbers(8, 100.0)]
    [(8, 1, 1), (1, 8, 1), (1, 1, 5)]
    """
    full = 2 * np.pi * scipy.fft.fftfreq(cells, box_size / cells).astype(np.float32)
    half = np.abs(full[: cells // 2 + 1])
    return full[:, None, None], full[None, :, None], half[None, None, :]


def gradient_wavenumbers(cells: int, box_size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the wavenumbers with those at the Nyquist frequency set to 0.

    The derivative of a Nyquist mode is not real, so a gradient leaves it out.

    Parameters
    ----------
    cells : int
        Cells n per side.
    box_size : float
        Side of the periodic box in Mpc/h.

    Returns
    -------
    kx, ky, kz : numpy.ndarray, shapes (n, 1, 1), (1, n, 1), (1, 1, n // 2 + 1), float32
        Wavenumbers in h/Mpc, which broadcast to the shape of the modes.
    """
    kx, ky, kz = (
        np.where(np.abs(k) < np.abs(k).max(), k, np.float32(0.0))
        for k in wavenumbers(cells, box_size)
    )
    return kx, ky, kz


def _gradient(modes: np.ndarray, box_size: float, threads: int) -> np.ndarray:
    """Return the gradient of a field, shape (n³, 3), float32, from its modes."""
    n = len(modes)
    gradient = np.empty((n**3, 3), np.float32)
    for axis, k in enumerate(gradient_wavenumbers(n, box_size)):
        field = scipy.fft.irfftn(1j * k * modes, (n, n, n), workers=threads, overwrite_x=True)
        gradient[:, axis] = field.ravel()
    return gradient
