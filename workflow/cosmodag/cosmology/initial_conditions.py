"""Gaussian initial conditions and their Lagrangian displacements to second order."""

import numpy as np
import scipy.fft

from cosmodag.cosmology.linear_power import power_at


def linear_density(
    power: tuple[np.ndarray, np.ndarray],
    *,
    particles: int,
    box_size: float,
    seed: int,
    fixed_amplitude: bool = False,
    threads: int = 1,
) -> np.ndarray:
    """Draw Fourier modes of a Gaussian density contrast.

    Parameters
    ----------
    power
        Tabulated linear power spectrum at z = 0 (see `linear_power.matter_power`).
    particles
        Lattice points, and later particles, per side.
    box_size
        Side of the periodic box, Mpc/h.
    seed
        Seed of the realization. The noise is drawn in one stream, so that a seed is the same box
        whatever the number of threads.
    fixed_amplitude
        Whether moduli are set to their expectation rather than drawn, which takes the scatter out
        of a measured spectrum (Angulo & Pontzen 2016, MNRAS 462, L1).
    threads
        Threads of the Fourier transform.

    Returns
    -------
    (particles, particles, particles // 2 + 1) complex64
        Modes as `scipy.fft.rfftn` would give them of the density contrast at z = 0.
    """
    noise = np.random.default_rng(seed).standard_normal((particles,) * 3, dtype=np.float32)
    modes = scipy.fft.rfftn(noise, workers=threads)
    if fixed_amplitude:
        modes *= np.float32(particles**1.5) / np.maximum(np.abs(modes), np.float32(1e-12))
    kx, ky, kz = wavenumbers(particles, box_size)
    # The spectrum is looked up on a fine table of |k| rather than once a mode.
    largest = np.sqrt(3.0) * np.pi * particles / box_size
    table = np.linspace(0.0, 1.001 * largest, 64 * particles)
    amplitude = np.sqrt(power_at(table, power) * particles**3 / box_size**3)
    for plane, k in zip(modes, kx[:, 0, 0]):
        plane *= np.interp(np.sqrt(k**2 + ky[0] ** 2 + kz[0] ** 2), table, amplitude).astype("f4")
    return modes


def displacements(
    density: np.ndarray, *, box_size: float, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """First- and second-order Lagrangian displacements of a linear density contrast.

    A particle of lattice point q is at q + D psi1 + E psi2, with div psi1 = -delta and
    div psi2 = sum over i < j of (phi_ii phi_jj - phi_ij²), phi the potential of psi1 = -grad phi
    (Bouchet et al. 1995, A&A 296, 575).

    Parameters
    ----------
    density
        Modes of `linear_density`, (n, n, n // 2 + 1) complex64.
    box_size
        Side of the box, Mpc/h.
    threads
        Threads of the Fourier transforms.

    Returns
    -------
    psi1, psi2 : (n³, 3) float32
        Displacements in Mpc/h for D = 1 and E = 1.
    """
    n = len(density)
    k = wavenumbers(n, box_size)
    square = k[0] ** 2 + k[1] ** 2 + k[2] ** 2
    square[0, 0, 0] = 1.0
    potential = -density / square

    def derivative(i: int, j: int) -> np.ndarray:
        return scipy.fft.irfftn(-k[i] * k[j] * potential, (n, n, n), workers=threads)

    source = np.zeros((n, n, n), np.float32)
    total = derivative(0, 0)
    for i in (1, 2):
        diagonal = derivative(i, i)
        source += total * diagonal
        total += diagonal
    for i, j in ((0, 1), (0, 2), (1, 2)):
        source -= derivative(i, j) ** 2
    second = scipy.fft.rfftn(source, workers=threads) / square
    del source, total
    return (
        _gradient(-potential, box_size, threads),
        _gradient(-second, box_size, threads),
    )


def wavenumbers(cells: int, box_size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """kx, ky, kz (h/Mpc, float32) of real Fourier modes, each along its own axis of three."""
    full = 2 * np.pi * scipy.fft.fftfreq(cells, box_size / cells).astype(np.float32)
    half = np.abs(full[: cells // 2 + 1])
    return full[:, None, None], full[None, :, None], half[None, None, :]


def gradient_wavenumbers(cells: int, box_size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`wavenumbers` without those of Nyquist, whose derivative is not real."""
    return tuple(
        np.where(np.abs(k) < np.abs(k).max(), k, np.float32(0.0))
        for k in wavenumbers(cells, box_size)
    )


def _gradient(modes: np.ndarray, box_size: float, threads: int) -> np.ndarray:
    """The gradient of a field, (n³, 3) float32, from its modes."""
    n = len(modes)
    gradient = np.empty((n**3, 3), np.float32)
    for axis, k in enumerate(gradient_wavenumbers(n, box_size)):
        field = scipy.fft.irfftn(1j * k * modes, (n, n, n), workers=threads, overwrite_x=True)
        gradient[:, axis] = field.ravel()
    return gradient
