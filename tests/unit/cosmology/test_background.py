"""Distances and growth factors agree with CAMB and with the Einstein-de Sitter universe."""

import numpy as np
import pytest

from cosmodag.cosmology.background import HUBBLE_DISTANCE, Cosmology, Growth, comoving_distance
from cosmodag.cosmology.matter_power import interpolate_power, matter_power_spectrum

COSMOLOGY = Cosmology()


@pytest.mark.parametrize("redshift", [0.5, 1.0, 3.0])
def test_growth_factor_agrees_with_camb(linear, redshift):
    earlier = matter_power_spectrum(COSMOLOGY, redshift=redshift)
    k = np.array([0.05])
    ratio = np.sqrt(interpolate_power(k, earlier) / interpolate_power(k, linear))
    growth = Growth(COSMOLOGY.omega_m)
    assert growth.first_order(redshift) == pytest.approx(ratio[0], rel=3e-3)


def test_growth_factor_without_dark_energy_is_the_scale_factor():
    growth = Growth(1.0)
    assert growth.first_order(3.0) == pytest.approx(0.25, rel=1e-4)
    assert growth.rate(3.0) == pytest.approx(1, rel=1e-4)
    assert growth.second_order(0.5) == pytest.approx(-3 / 7 * 0.25, rel=1e-4)
    assert growth.second_order_slope(0.5) == pytest.approx(-3 / 7, rel=1e-4)


def test_comoving_distance_without_dark_energy_is_analytic():
    expected = 2 * HUBBLE_DISTANCE * (1 - 1 / np.sqrt(1 + 3.0))
    assert comoving_distance(1.0, 3.0) == pytest.approx(expected, rel=1e-6)
