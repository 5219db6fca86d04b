"""Collapsed fractions follow the statistics of a Gaussian field."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapsed_fraction import (
    CRITICAL_OVERDENSITY,
    CollapsedFraction,
)

COSMOLOGY = Cosmology()
GROWTH = Growth(COSMOLOGY.omega_m)


@pytest.fixture(scope="module")
def fraction() -> CollapsedFraction:
    return CollapsedFraction(COSMOLOGY, 5e8)


def test_sigma_of_8_mpc_is_sigma8(fraction):
    assert fraction.sigma(8.0) == pytest.approx(COSMOLOGY.sigma8, rel=5e-3)


def test_the_mean_of_conditional_fractions_does_not_depend_on_the_radius(fraction):
    growth = GROWTH.first_order(8.0)
    means = []
    for radius in (4.0, 8.0, 16.0):
        sigma = growth * fraction.sigma(radius)
        contrast = np.linspace(-6 * sigma, 6 * sigma, 2001)
        weight = np.exp(-((contrast / sigma) ** 2) / 2)
        conditional = fraction.conditional(contrast, radius, growth)
        means.append(np.sum(weight * conditional) / np.sum(weight))
    np.testing.assert_allclose(means, means[0], rtol=0.01)


def test_the_mean_grows_with_time_and_is_a_few_percent_during_reionization(fraction):
    means = [fraction.mean(GROWTH.first_order(redshift)) for redshift in (13, 10, 8, 6)]
    assert all(np.diff(means) > 0)
    assert 0.001 < means[0] < means[-1] < 0.15


def test_conditional_fraction_grows_with_density_up_to_1_at_the_critical_one(fraction):
    contrast = np.array([-1, -0.5, 0, 0.5, 1, CRITICAL_OVERDENSITY, 5], np.float32)
    conditional = fraction.conditional(contrast, 5.0, GROWTH.first_order(8.0))
    assert conditional.dtype == np.float32
    assert all(np.diff(conditional) >= 0)
    assert 0 <= conditional[0] < 1e-3
    assert conditional[-2] == conditional[-1] == pytest.approx(1)


def test_a_higher_turnover_mass_lowers_the_fraction(fraction):
    heavier = CollapsedFraction(COSMOLOGY, 5e9)
    growth = GROWTH.first_order(8.0)
    assert heavier.mean(growth) < 0.7 * fraction.mean(growth)
