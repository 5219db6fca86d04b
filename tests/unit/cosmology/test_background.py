"""Distances and growth factors agree with CAMB and with the Einstein-de Sitter universe."""

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from scipy.integrate import quad

from cosmodag.cosmology.background import (
    HUBBLE_DISTANCE,
    Cosmology,
    Growth,
    comoving_distance,
    redshift_at_distance,
)
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
    assert comoving_distance(1.0, 3.0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("redshift", [1e-3, 0.1, 0.7, 8.0])
def test_comoving_distance_agrees_with_quadrature(redshift):
    def inverse_rate(z):
        return 1 / np.sqrt(0.3 * (1 + z) ** 3 + 0.7)

    expected = HUBBLE_DISTANCE * quad(inverse_rate, 0, redshift, epsabs=0, epsrel=1e-12)[0]
    assert comoving_distance(0.3, redshift) == pytest.approx(expected, rel=1e-10)


def test_comoving_distance_agrees_with_astropy():
    redshift = np.linspace(0, 3, 31)
    expected = FlatLambdaCDM(H0=100, Om0=0.3, Tcmb0=0).comoving_distance(redshift).value
    np.testing.assert_allclose(comoving_distance(0.3, redshift), expected, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("omega_m", [0.05, 0.3111, 1.0])
def test_redshift_is_the_inverse_of_distance(omega_m):
    redshift = np.array([0.0, 1e-4, 0.05, 0.5, 2.0, 10.0, 900.0])
    back = redshift_at_distance(omega_m, comoving_distance(omega_m, redshift))
    np.testing.assert_allclose(back, redshift, rtol=1e-9, atol=1e-12)
