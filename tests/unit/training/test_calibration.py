"""Temperature scaling recovers the temperature of overconfident logits."""

import numpy as np
import pytest
from scipy import special

from cosmodag.training.calibration import fit_temperature


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_of_overconfident_logits_is_recovered(temperature):
    random = np.random.default_rng(0)
    calibrated = random.normal(0, 2, 200_000)
    y = random.random(200_000) < special.expit(calibrated)
    assert fit_temperature(calibrated * temperature, y) == pytest.approx(temperature, rel=0.03)


def test_soft_targets_are_fitted_exactly():
    logits = np.linspace(-4, 4, 101)
    assert fit_temperature(2 * logits, special.expit(logits)) == pytest.approx(2, rel=1e-4)


def test_useless_and_perfect_logits_stay_within_bounds():
    y = np.array([0, 1, 0, 1])
    assert fit_temperature(np.array([1, -1, 1, -1.0]), y) == 20
    assert fit_temperature(np.array([-1, 1, -1, 1.0]), y) == pytest.approx(0.05)
