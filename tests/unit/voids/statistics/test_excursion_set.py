"""The excursion-set theory of voids against the diffusion that it solves and published limits."""

import numpy as np
import pytest
from scipy.linalg import solve_banded

from cosmodag.voids.finders.void_catalogue import sphere_volume
from cosmodag.voids.statistics.excursion_set import (
    COLLAPSE,
    first_crossings,
    linear_threshold,
    size_function,
    top_hat_deviation,
)


def test_linear_thresholds_are_those_of_the_spherical_model():
    # Without rounding, the spherical model gives -2.81 at -0.8 (Sheth & van de Weygaert 2004).
    assert linear_threshold(-0.8) == pytest.approx(-2.81, rel=0.02)
    # Of small contrasts, 1 + δ = 1 + δ_linear.
    assert linear_threshold(-1e-4) == pytest.approx(-1e-4, rel=1e-3)


def test_the_deviation_in_8_mpc_h_is_sigma8(linear):
    deviation, slope = top_hat_deviation(np.array([8.0, 8.08]), linear)
    assert deviation[0] == pytest.approx(0.8102, rel=1e-3)
    measured = np.log(deviation[1] / deviation[0]) / np.log(1.01)
    assert slope.mean() == pytest.approx(measured, rel=1e-4)


def crossings_by_diffusion(barrier, variances, cells=1200):
    """Return the rate at which walks between two absorbing barriers reach that of voids, per ln σ.

    The probability of the contrast δ diffuses with the variance S: dP/dS = P'' / 2, by
    Crank-Nicolson steps from a Gaussian that is too narrow to touch a barrier.
    """
    contrast = np.linspace(barrier, COLLAPSE, cells + 1)
    width = contrast[1] - contrast[0]
    start = (min(-barrier, COLLAPSE) / 7) ** 2
    probability = np.exp(-(contrast**2) / (2 * start)) / np.sqrt(2 * np.pi * start)
    probability[[0, -1]] = 0
    rates, variance = [], start
    for target in variances:
        steps = max(1, int(np.ceil((target - variance) / 1e-3)))
        step = (target - variance) / steps
        mixing = step / (4 * width**2)
        bands = np.zeros((3, cells - 1))
        bands[0, 1:], bands[1], bands[2, :-1] = -mixing, 1 + 2 * mixing, -mixing
        for _ in range(steps):
            inner = probability[1:-1]
            known = inner + mixing * (probability[2:] - 2 * inner + probability[:-2])
            probability[1:-1] = solve_banded((1, 1), bands, known)
        variance = target
        flux = (4 * probability[1] - probability[2]) / (2 * width) / 2
        rates.append(2 * variance * flux)
    return np.array(rates)


@pytest.mark.parametrize("barrier", [-1.24, -2.78])
def test_first_crossings_are_those_of_the_diffusion(barrier):
    variances = np.array([0.3, 0.6, 1.0, 2.0, 4.0])
    expected = crossings_by_diffusion(barrier, variances)
    np.testing.assert_allclose(
        first_crossings(np.sqrt(variances), barrier), expected, rtol=5e-3, atol=1e-6
    )


def test_rare_voids_are_those_of_one_barrier():
    """Equation 8 of Jennings, Li & Hu 2013, where voids inside collapsing regions are rare."""
    barrier = linear_threshold(-0.8)
    x = np.array([0.12, 0.2, 0.27])
    deviation = x * (COLLAPSE - barrier)
    ratio = -barrier / deviation
    expected = np.sqrt(2 / np.pi) * ratio * np.exp(-(ratio**2) / 2)
    np.testing.assert_allclose(first_crossings(deviation, barrier), expected, rtol=5e-3)


def test_the_model_conserves_the_volume_in_voids(linear):
    """The volume in voids per ln R is the mass that first crosses the barrier per ln R."""
    radius = np.geomspace(5, 40, 400)
    volume = size_function(radius, -0.6, linear) * sphere_volume(radius)
    deviation, _ = top_hat_deviation(radius * 0.4 ** (1 / 3), linear)
    crossed = np.trapezoid(first_crossings(deviation, linear_threshold(-0.6)), -np.log(deviation))
    assert np.trapezoid(volume, np.log(radius)) == pytest.approx(crossed, rel=1e-3)
    assert 0.1 < crossed < 1
