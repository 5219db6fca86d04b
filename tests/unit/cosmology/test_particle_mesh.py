"""Simulated matter follows theory: linear where it must, non-linear as far as the mesh sees."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_density
from cosmodag.cosmology.linear_power import matter_power, power_at
from cosmodag.cosmology.particle_mesh import evolve
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.overdensity import overdensity
from cosmodag.gridding.spectrum import power_spectrum
from cosmodag.voids.simulation.boxes import simulate_matter

N = 64
BOX = 400.0
COSMOLOGY = Cosmology()


def spectrum(position, box=BOX, cells=N):
    grid = assign_mass(position, np.zeros((cells,) * 3, np.float32), box, method="tsc")
    return power_spectrum(overdensity(grid), box, method="tsc")


def plane_wave(amplitude, n=32, box=100.0):
    """Modes of a density contrast that varies along x alone, with period `box`."""
    modes = np.zeros((n, n, n // 2 + 1), np.complex64)
    modes[1, 0, 0] = modes[-1, 0, 0] = amplitude * n**3 / 2
    return modes


def test_plane_wave_collapses_as_zeldovich_says():
    modes = plane_wave(0.6)
    psi1, psi2 = displacements(modes, box_size=100.0)
    np.testing.assert_allclose(psi2, 0, atol=1e-4)
    lattice = (np.arange(32) + 0.5) * 100 / 32
    exact = lattice[:, None] + psi1[:, 0].reshape(32, -1)
    position = evolve(psi1, psi2, Growth(0.3), box_size=100.0, mesh=32, steps=6)
    x = position[:, 0].reshape(32, -1)
    error = (x - exact + 50) % 100 - 50
    assert psi1.max() > 5
    assert np.sqrt(np.mean(error**2)) < 0.1 * 100 / 32


def test_large_scales_grow_linearly_from_redshift_9_to_0(linear):
    """Tested on fluctuations a tenth as large as today's, which are linear on all scales."""
    modes = linear_density(linear, particles=N, box_size=BOX, seed=3, fixed_amplitude=True)
    psi = displacements(np.float32(0.1) * modes, box_size=BOX)
    position = evolve(*psi, Growth(COSMOLOGY.omega_m), box_size=BOX, mesh=N, steps=5)
    k, power, _ = spectrum(position)
    large = k < 0.15
    ratio = power[large] / (0.01 * power_at(k[large], linear))
    np.testing.assert_allclose(ratio, 1, atol=0.05)
    assert ratio.mean() == pytest.approx(1, abs=0.03)


def test_an_earlier_redshift_has_less_power(linear):
    settings = {"seed": 4, "box_size": BOX, "particles": 32, "steps": 4}
    k, today, _ = spectrum(simulate_matter(COSMOLOGY, **settings), cells=32)
    _, before, _ = spectrum(simulate_matter(COSMOLOGY, redshift=1.0, **settings), cells=32)
    expected = Growth(COSMOLOGY.omega_m).first(1.0) ** 2
    assert np.mean((before / today)[k < 0.07]) == pytest.approx(expected, rel=0.1)


def test_a_seed_is_the_same_box_whatever_the_threads():
    settings = {"seed": 5, "box_size": BOX, "particles": 32, "steps": 4}
    one, two = (simulate_matter(COSMOLOGY, threads=threads, **settings) for threads in (1, 2))
    distance = np.abs((one - two + BOX / 2) % BOX - BOX / 2)
    assert distance.max() < 1e-2


@pytest.mark.slow
def test_power_is_that_of_hmcode_within_six_percent_to_0_3():
    box, n = 256.0, 128
    nonlinear = matter_power(COSMOLOGY, nonlinear=True)
    growth, linear = Growth(COSMOLOGY.omega_m), matter_power(COSMOLOGY)
    measured = 0.0
    for sign in (1, -1):  # pairs of opposite phases cancel most of the scatter
        modes = linear_density(linear, particles=n, box_size=box, seed=1, fixed_amplitude=True)
        psi = displacements(np.float32(sign) * modes, box_size=box)
        k, power, modes_in_bin = spectrum(
            evolve(*psi, growth, box_size=box, mesh=n, steps=10), box, 256
        )
        measured = measured + power / 2
    for low, high in ((0.02, 0.1), (0.1, 0.2), (0.2, 0.3)):
        band = (k > low) & (k < high)
        weights = modes_in_bin[band]
        ratio = np.average(measured[band], weights=weights) / np.average(
            power_at(k[band], nonlinear), weights=weights
        )
        assert ratio == pytest.approx(1, abs=0.06)
