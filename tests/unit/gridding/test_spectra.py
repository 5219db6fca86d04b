"""The power spectrum recovers what is known of noise, of single modes and of windows."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.gridding.cells import METHODS
from cosmodag.gridding.fields import overdensity
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.spectra import power_spectrum


def test_white_noise_has_the_power_of_its_cells():
    noise = np.random.default_rng(1).normal(0, 2, (48, 40, 44))
    box = (240.0, 200.0, 220.0)
    k, power, modes = power_spectrum(noise, box)
    expected = 2**2 * 5.0**3
    assert np.all(np.abs(power / expected - 1) < 5 * np.sqrt(2 / modes))
    assert np.all(np.diff(k) > 0)


def test_a_single_mode_falls_into_its_bin_with_its_power():
    side, n, wave = 100.0, 32, 5
    x = (np.arange(n) + 0.5) * side / n
    field = np.broadcast_to(0.3 * np.cos(2 * np.pi * wave * x / side), (n, n, n))
    k, power, modes = power_spectrum(field, side)
    place = np.argmax(power)
    assert k[place] == pytest.approx(2 * np.pi * wave / side, rel=0.02)
    assert (power * modes)[place] == pytest.approx(2 * side**3 * (0.3 / 2) ** 2)
    assert np.delete(power, place).max() < 1e-6 * power[place]


def test_every_mode_below_nyquist_is_counted_once():
    n = 12
    _, _, modes = power_spectrum(np.random.default_rng(0).normal(size=(n, n, n)), 2 * np.pi)
    waves = np.stack(np.meshgrid(*[np.fft.fftfreq(n, 1 / n)] * 3)).reshape(3, -1)
    size = np.linalg.norm(waves, axis=0)
    assert modes.sum() == np.count_nonzero((size >= 0.5) & (size < 0.5 + len(modes)))


@pytest.mark.parametrize("method", METHODS)
def test_the_window_correction_restores_a_mode_that_assignment_damped(method):
    side, n, wave = 32.0, 32, 6
    rng = np.random.default_rng(3)
    axis = (np.arange(96) + 0.5) / 3
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    lattice += rng.random(3) / 3
    weights = 1 + 0.1 * np.cos(2 * np.pi * wave * lattice[:, 0] / side)
    grid = assign_mass(lattice % side, np.zeros((n, n, n)), side, weights=weights, method=method)
    _, raw, modes = power_spectrum(overdensity(grid), side)
    corrected = power_spectrum(overdensity(grid), side, method=method)[1]
    place = np.argmax(raw)
    truth = 2 * side**3 * 0.05**2 / modes[place]
    assert corrected[place] == pytest.approx(truth, rel=0.05)
    assert raw[place] < 0.92 * truth


def test_interlacing_removes_most_of_the_aliased_power():
    positions = np.random.default_rng(5).random((60_000, 3)) * 32
    shot = 32.0**3 / len(positions)
    grids = [
        overdensity(assign_mass(positions, np.zeros((32, 32, 32)), 32.0, offset=offset))
        for offset in (0, 0.5)
    ]
    plain = power_spectrum(grids[0], 32.0, method="cic")[1]
    interlaced = power_spectrum(grids[0], 32.0, method="cic", interlaced=grids[1])[1]
    assert abs(interlaced[-4:].mean() / shot - 1) < abs(plain[-4:].mean() / shot - 1) / 2


def test_interlacing_keeps_the_modes_of_a_smooth_field():
    positions = np.random.default_rng(6).normal(16, 4, (20_000, 3)).clip(0, 31.9)
    grids = [
        overdensity(assign_mass(positions, np.zeros((32, 32, 32)), 32.0, offset=offset))
        for offset in (0, 0.5)
    ]
    plain = power_spectrum(grids[0], 32.0)[1]
    interlaced = power_spectrum(grids[0], 32.0, interlaced=grids[1])[1]
    np.testing.assert_allclose(interlaced[:3], plain[:3], rtol=0.01)


def test_shot_noise_is_subtracted_and_empty_bins_are_nan():
    field = np.random.default_rng(0).normal(size=(16, 16, 16))
    edges = np.array([0.1, 0.2, 0.9, 2.0])
    k, power, modes = power_spectrum(field, 16.0, edges=edges)
    _, less, _ = power_spectrum(field, 16.0, edges=edges, shot_noise=0.4)
    assert modes[0] == 0
    assert np.isnan(power[0])
    assert np.isnan(k[0])
    np.testing.assert_allclose(less[1:], power[1:] - 0.4)


def test_a_field_with_nan_is_refused():
    field = np.zeros((8, 8, 8))
    field[1, 2, 3] = np.nan
    with pytest.raises(InputError, match="NaN"):
        power_spectrum(field, 1.0)
