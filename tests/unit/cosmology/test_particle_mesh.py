"""The particle mesh reproduces linear theory, the Zel'dovich solution and HMcode."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import interpolate_power, matter_power_spectrum
from cosmodag.cosmology.particle_mesh import evolve
from cosmodag.gridding.fields import overdensity
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.spectra import power_spectrum

N = 64
BOX = 400.0
COSMOLOGY = Cosmology()
GROWTH = Growth(COSMOLOGY.omega_m)


def spectrum(position, box=BOX, cells=N):
    grid = assign_mass(position, np.zeros((cells,) * 3, np.float32), box, method="tsc")
    return power_spectrum(overdensity(grid), box, method="tsc")


def realization(linear, *, seed, redshift=0.0, threads=2):
    """Positions of 32³ particles of a seed at a redshift."""
    modes = linear_modes(linear, particles=32, box_size=BOX, seed=seed, threads=threads)
    psi = displacements(modes, box_size=BOX, threads=threads)
    settings = {"mesh": 32, "steps": 4, "redshift": redshift, "threads": threads}
    return evolve(*psi, GROWTH, box_size=BOX, **settings)


def plane_wave(amplitude, n=32, box=100.0):
    """Modes of a density contrast that varies along x alone, with period `box`."""
    modes = np.zeros((n, n, n // 2 + 1), np.complex64)
    modes[1, 0, 0] = modes[-1, 0, 0] = amplitude * n**3 / 2
    return modes


def test_plane_wave_follows_the_zeldovich_solution():
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


def test_large_scales_grow_linearly(linear):
    """Fluctuations of a tenth of today's amplitude are linear on all scales."""
    modes = linear_modes(linear, particles=N, box_size=BOX, seed=3, fixed_amplitude=True)
    psi = displacements(np.float32(0.1) * modes, box_size=BOX)
    position = evolve(*psi, GROWTH, box_size=BOX, mesh=N, steps=5)
    k, power, _ = spectrum(position)
    large = k < 0.15
    ratio = power[large] / (0.01 * interpolate_power(k[large], linear))
    np.testing.assert_allclose(ratio, 1, atol=0.05)
    assert ratio.mean() == pytest.approx(1, abs=0.03)


def test_power_at_an_earlier_redshift_is_lower_by_the_growth_factor(linear):
    k, today, _ = spectrum(realization(linear, seed=4), cells=32)
    _, earlier, _ = spectrum(realization(linear, seed=4, redshift=1.0), cells=32)
    expected = GROWTH.first_order(1.0) ** 2
    assert np.mean((earlier / today)[k < 0.07]) == pytest.approx(expected, rel=0.1)


def test_positions_do_not_depend_on_the_number_of_threads(linear):
    one, two = (realization(linear, seed=5, threads=threads) for threads in (1, 2))
    distance = np.abs((one - two + BOX / 2) % BOX - BOX / 2)
    assert distance.max() < 1e-2


@pytest.mark.slow
def test_power_agrees_with_hmcode_within_6_percent_to_k_of_0_3(linear):
    box, n = 256.0, 128
    nonlinear = matter_power_spectrum(COSMOLOGY, nonlinear=True)
    measured = 0.0
    for sign in (1, -1):  # pairs of opposite phases cancel most of the sample variance
        modes = linear_modes(linear, particles=n, box_size=box, seed=1, fixed_amplitude=True)
        psi = displacements(np.float32(sign) * modes, box_size=box)
        k, power, modes_in_bin = spectrum(
            evolve(*psi, GROWTH, box_size=box, mesh=n, steps=10), box, 256
        )
        measured = measured + power / 2
    for low, high in ((0.02, 0.1), (0.1, 0.2), (0.2, 0.3)):
        band = (k > low) & (k < high)
        weights = modes_in_bin[band]
        ratio = np.average(measured[band], weights=weights) / np.average(
            interpolate_power(k[band], nonlinear), weights=weights
        )
        assert ratio == pytest.approx(1, abs=0.06)
