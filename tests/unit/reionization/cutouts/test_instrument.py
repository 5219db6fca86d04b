"""The mean, scales below the beam and modes inside the wedge are removed from a cube."""

import numpy as np
import pytest

from cosmodag.reionization.cutouts.instrument import FWHM_TO_SIGMA, Instrument, beam_sigma, observe

N, BOX = 32, 100.0
SETTINGS = {"cell_size": BOX / N, "redshift": 8.0, "omega_m": 0.3111}


@pytest.fixture
def cube() -> np.ndarray:
    return np.random.default_rng(1).normal(20, 5, (N, N, N)).astype(np.float32)


def wave(k: tuple[int, int, int]) -> np.ndarray:
    """Return a plane wave with `k` periods along each axis."""
    along = np.arange(N) / N
    phase = sum(n * along.reshape([-1 if a == i else 1 for a in range(3)]) for i, n in enumerate(k))
    return np.cos(2 * np.pi * phase).astype(np.float32)


def test_an_ideal_instrument_changes_nothing(cube):
    assert observe(cube, Instrument(), axis=0, **SETTINGS) is cube


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mean_subtraction_subtracts_the_mean_of_each_slice(cube, axis):
    seen = observe(cube, Instrument(mean_subtraction=True), axis=axis, **SETTINGS)
    across = tuple(other for other in range(3) if other != axis)
    np.testing.assert_allclose(seen.mean(axis=across, dtype=float), 0, atol=1e-5)
    np.testing.assert_allclose(
        cube - seen, np.broadcast_to(cube.mean(axis=across, keepdims=True), cube.shape), rtol=1e-5
    )


def test_the_mean_of_what_is_left_does_not_tell_the_mean_that_was_subtracted():
    random = np.random.default_rng(2)
    cube = random.normal(0, 1, (256, 64, 64)).astype(np.float32)
    cube += random.uniform(64, 127, (256, 1, 1)).astype(np.float32)
    seen = observe(cube, Instrument(mean_subtraction=True), axis=0, **SETTINGS)
    # A mean rounded to float32 would leave up to 4e-6.
    assert abs(seen.mean(axis=(1, 2), dtype=np.float64)).max() < 1e-7


def test_an_arcmin_at_redshift_8_is_2_7_mpc():
    # At the comoving distance of 9.2 Gpc, one arcmin is 2.68 Mpc.
    assert beam_sigma(1.0, 8.0, 0.3111) / FWHM_TO_SIGMA / 0.6766 == pytest.approx(2.68, abs=0.05)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_beam_damps_only_waves_across_the_line_of_sight(axis):
    sigma = beam_sigma(8.0, 8.0, 0.3111)
    for direction in range(3):
        k = [0, 0, 0]
        k[direction] = 3
        seen = observe(wave(k), Instrument(beam=8.0), axis=axis, **SETTINGS)
        damped = np.exp(-((2 * np.pi * 3 / BOX * sigma) ** 2) / 2)
        expected = 1.0 if direction == axis else damped
        np.testing.assert_allclose(seen, expected * wave(k), atol=1e-4)
    assert damped < 0.7


def test_the_beam_preserves_the_mean(cube):
    seen = observe(cube, Instrument(beam=3.0), axis=1, **SETTINGS)
    assert seen.mean(dtype=float) == pytest.approx(cube.mean(dtype=float), rel=1e-5)


@pytest.mark.parametrize(
    ("k", "outside"),
    [
        ((4, 1, 0), True),
        ((1, 0, 4), False),
        ((3, 2, 0), False),
        ((5, 2, 0), True),
        ((0, 0, 3), False),
    ],
)
def test_the_wedge_removes_modes_of_small_k_parallel(k, outside):
    seen = observe(wave(k), Instrument(wedge=2.0), axis=0, **SETTINGS)
    np.testing.assert_allclose(seen, wave(k) if outside else 0, atol=1e-5)


def test_the_wedge_preserves_the_mean_unless_it_is_subtracted(cube):
    seen = observe(cube, Instrument(wedge=2.0), axis=2, **SETTINGS)
    assert seen.mean(dtype=float) == pytest.approx(cube.mean(dtype=float), rel=1e-5)
    seen = observe(cube, Instrument(wedge=2.0, mean_subtraction=True), axis=2, **SETTINGS)
    np.testing.assert_allclose(seen.mean(axis=(0, 1), dtype=float), 0, atol=1e-5)
