"""The matter power spectrum has the requested amplitude and continues beyond its table."""

import numpy as np
import pytest

from cosmodag.cosmology.matter_power import interpolate_power


def test_linear_power_spectrum_has_the_requested_sigma8(linear):
    k = np.geomspace(1e-4, 10, 20_000)
    x = 8 * k
    top_hat = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    integrand = interpolate_power(k, linear) * top_hat**2 * k**3 / (2 * np.pi**2)
    assert np.sqrt(np.trapezoid(integrand, np.log(k))) == pytest.approx(0.8102, rel=2e-3)


def test_power_beyond_the_table_continues_as_a_power_law():
    spectrum = np.array([0.1, 1.0]), np.array([1e4, 1e2])
    power = interpolate_power(np.array([0.0, 0.01, 10.0]), spectrum)
    np.testing.assert_allclose(power, [0, 1e4, 1])
