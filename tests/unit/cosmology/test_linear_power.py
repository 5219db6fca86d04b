"""Spectra have the amplitude asked for."""

import numpy as np
import pytest

from cosmodag.cosmology.linear_power import power_at


def test_linear_power_has_the_sigma8_asked_for(linear):
    k = np.geomspace(1e-4, 10, 20_000)
    x = 8 * k
    top_hat = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    integrand = power_at(k, linear) * top_hat**2 * k**3 / (2 * np.pi**2)
    assert np.sqrt(np.trapezoid(integrand, np.log(k))) == pytest.approx(0.8102, rel=2e-3)
