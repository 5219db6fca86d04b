"""Structure grows as linear and second-order theory say."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.linear_power import matter_power, power_at

COSMOLOGY = Cosmology()


@pytest.mark.parametrize("redshift", [0.5, 1.0, 3.0])
def test_growth_is_that_of_camb(linear, redshift):
    earlier = matter_power(COSMOLOGY, redshift=redshift)
    ratio = np.sqrt(power_at(np.array([0.05]), earlier) / power_at(np.array([0.05]), linear))
    assert Growth(COSMOLOGY.omega_m).first(redshift) == pytest.approx(ratio[0], rel=3e-3)


def test_growth_without_dark_energy_is_the_scale_factor():
    growth = Growth(1.0)
    assert growth.first(3.0) == pytest.approx(0.25, rel=1e-4)
    assert growth.second(0.5) == pytest.approx(-3 / 7 * 0.25, rel=1e-4)
    assert growth.second_slope(0.5) == pytest.approx(-3 / 7, rel=1e-4)
