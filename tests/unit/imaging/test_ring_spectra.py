"""Power spectra of images in rings of wavenumber."""

import numpy as np
import pytest

from cosmodag.imaging.ring_spectra import N_RINGS, ring_edges, ring_spectra


@pytest.mark.parametrize("side", [16, 32, 64, 200])
def test_rings_reach_the_nyquist_wavenumber_and_grow(side):
    edges = ring_edges(side)
    assert edges[0] == 0.5
    assert edges[-1] == pytest.approx(side / 2 + 0.5)
    widths = np.diff(edges)
    assert (widths > 0).all()
    assert (np.diff(widths) > -1e-9).all()
    if side > 2 * N_RINGS:
        np.testing.assert_allclose(widths[:11], 1)


@pytest.mark.parametrize(
    ("shape", "waves"), [((64, 64), (3, 4)), ((64, 64), (0, 12)), ((48, 64), (6, 8))]
)
def test_a_wave_is_in_its_ring(shape, waves):
    y, x = np.indices(shape)
    phase = 2 * np.pi * (waves[0] * y / shape[0] + waves[1] * x / shape[1])
    power = np.exp(ring_spectra(np.cos(phase)[np.newaxis])[0])
    k = max(shape) * np.hypot(waves[0] / shape[0], waves[1] / shape[1])
    assert power.argmax() == np.searchsorted(ring_edges(max(shape)), k, side="right") - 1


def test_white_noise_has_equal_power_in_all_rings():
    noise = np.random.default_rng(0).normal(size=(400, 64, 64))
    power = np.exp(ring_spectra(noise)).mean(0)
    np.testing.assert_allclose(power, 1, atol=0.06)
