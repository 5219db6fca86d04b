"""Initial conditions are Gaussian, with the linear spectrum, and displaced by its density."""

import numpy as np
import pytest

from cosmodag.cosmology.initial_conditions import displacements, linear_density
from cosmodag.cosmology.linear_power import power_at
from cosmodag.gridding.spectrum import power_spectrum

N = 64
BOX = 400.0


def test_initial_modes_have_the_linear_spectrum(linear):
    modes = linear_density(linear, particles=N, box_size=BOX, seed=1, fixed_amplitude=True)
    field = np.fft.irfftn(modes).astype(np.float32)
    k, power, _ = power_spectrum(field, BOX)
    np.testing.assert_allclose(power, power_at(k, linear), rtol=0.03)


def test_initial_modes_scatter_about_the_linear_spectrum(linear):
    field = np.fft.irfftn(linear_density(linear, particles=N, box_size=BOX, seed=1))
    k, power, modes = power_spectrum(field.astype(np.float32), BOX)
    sigmas = (power / power_at(k, linear) - 1) / np.sqrt(2 / modes)
    assert np.mean(sigmas**2) == pytest.approx(1, abs=0.6)


def test_displacements_have_the_density_as_divergence(linear):
    modes = linear_density(linear, particles=32, box_size=BOX, seed=2)
    # Nyquist modes have no real derivative.
    modes[16], modes[:, 16], modes[:, :, 16] = 0, 0, 0
    psi1, _ = displacements(modes, box_size=BOX)
    k = 2 * np.pi * np.fft.fftfreq(32, BOX / 32)
    psi = psi1.reshape(32, 32, 32, 3)
    waves = (k[:, None, None], k[:, None], k)
    divergence = sum(np.fft.ifftn(1j * w * np.fft.fftn(psi[..., i])) for i, w in enumerate(waves))
    density = np.fft.irfftn(modes)
    np.testing.assert_allclose(divergence.real, -density, atol=2e-4 * density.std())


def test_different_seeds_are_independent(linear):
    fields = [
        linear_density(linear, particles=N, box_size=BOX, seed=seed).ravel() for seed in (6, 7)
    ]
    across = np.vdot(fields[0], fields[1]).real
    assert abs(across) < 0.05 * np.linalg.norm(fields[0]) * np.linalg.norm(fields[1])
