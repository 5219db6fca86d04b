"""Initial conditions have the linear power spectrum, and displacements its density."""

import numpy as np
import pytest

from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import interpolate_power
from cosmodag.gridding.spectra import power_spectrum

N = 64
BOX = 400.0


def test_modes_of_fixed_amplitude_have_the_linear_power_spectrum(linear):
    modes = linear_modes(linear, particles=N, box_size=BOX, seed=1, fixed_amplitude=True)
    field = np.fft.irfftn(modes).astype(np.float32)
    k, power, _ = power_spectrum(field, BOX)
    np.testing.assert_allclose(power, interpolate_power(k, linear), rtol=0.03)


def test_modes_scatter_about_the_linear_power_spectrum_as_a_gaussian_field(linear):
    field = np.fft.irfftn(linear_modes(linear, particles=N, box_size=BOX, seed=1))
    k, power, modes = power_spectrum(field.astype(np.float32), BOX)
    sigmas = (power / interpolate_power(k, linear) - 1) / np.sqrt(2 / modes)
    assert np.mean(sigmas**2) == pytest.approx(1, abs=0.6)


def test_divergence_of_displacements_is_minus_the_density(linear):
    modes = linear_modes(linear, particles=32, box_size=BOX, seed=2)
    # The derivative of a Nyquist mode is not real.
    modes[16], modes[:, 16], modes[:, :, 16] = 0, 0, 0
    psi1, _ = displacements(modes, box_size=BOX)
    k = 2 * np.pi * np.fft.fftfreq(32, BOX / 32)
    psi = psi1.reshape(32, 32, 32, 3)
    waves = (k[:, None, None], k[:, None], k)
    divergence = sum(np.fft.ifftn(1j * w * np.fft.fftn(psi[..., i])) for i, w in enumerate(waves))
    density = np.fft.irfftn(modes)
    np.testing.assert_allclose(divergence.real, -density, atol=2e-4 * density.std())


def test_modes_of_different_seeds_are_uncorrelated(linear):
    fields = [linear_modes(linear, particles=N, box_size=BOX, seed=seed).ravel() for seed in (6, 7)]
    cross_power = np.vdot(fields[0], fields[1]).real
    assert abs(cross_power) < 0.05 * np.linalg.norm(fields[0]) * np.linalg.norm(fields[1])
