"""Collapsed fractions follow the statistics of a Gaussian field."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapse import CRITICAL_OVERDENSITY, Collapse

COSMOLOGY = Cosmology()
GROWTH = Growth(COSMOLOGY.omega_m)


@pytest.fixture(scope="module")
def collapse() -> Collapse:
    return Collapse(COSMOLOGY, 5e8)


def test_fluctuations_in_8_mpc_are_sigma8(collapse):
    assert collapse.sigma(8.0) == pytest.approx(COSMOLOGY.sigma8, rel=5e-3)


def test_the_mean_over_spheres_is_the_same_whatever_their_radius(collapse):
    growth = GROWTH.first_order(8.0)
    means = []
    for radius in (4.0, 8.0, 16.0):
        sigma = growth * collapse.sigma(radius)
        contrast = np.linspace(-6 * sigma, 6 * sigma, 2001)
        weight = np.exp(-((contrast / sigma) ** 2) / 2)
        fraction = collapse.conditional(contrast, radius, growth)
        means.append(np.sum(weight * fraction) / np.sum(weight))
    np.testing.assert_allclose(means, means[0], rtol=0.01)


def test_the_mean_grows_with_time_and_is_a_few_percent_during_reionization(collapse):
    means = [collapse.mean(GROWTH.first_order(redshift)) for redshift in (13, 10, 8, 6)]
    assert all(np.diff(means) > 0)
    assert 0.001 < means[0] < means[-1] < 0.15


def test_denser_spheres_have_collapsed_further_and_critical_ones_wholly(collapse):
    contrast = np.array([-1, -0.5, 0, 0.5, 1, CRITICAL_OVERDENSITY, 5], np.float32)
    fraction = collapse.conditional(contrast, 5.0, GROWTH.first_order(8.0))
    assert fraction.dtype == np.float32
    assert all(np.diff(fraction) >= 0)
    assert 0 <= fraction[0] < 1e-3
    assert fraction[-2] == fraction[-1] == pytest.approx(1)


def test_a_higher_turnover_leaves_fewer_stars(collapse):
    heavier = Collapse(COSMOLOGY, 5e9)
    growth = GROWTH.first_order(8.0)
    assert heavier.mean(growth) < 0.7 * collapse.mean(growth)
