"""The neutral fraction that a brightness temperature implies."""

import numpy as np
import pytest

from cosmodag.reionization.cubes.cubes_file import CubesHeader
from cosmodag.reionization.cubes.neutral_fraction import (
    estimate_neutral_fraction,
    neutral_temperature,
)

HEADER = CubesHeader(8.0, 24.0, 8, (0,), (0.1,), (2,), 0.6766, 0.3111, "files")


def test_neutral_gas_at_redshift_9_has_27_mk():
    # Furlanetto, Oh & Briggs 2006, equation 2, with omega_m h² of 0.15 and omega_b h² of 0.023.
    header = CubesHeader(9.0, 24.0, 8, (0,), (0.1,), (2,), 1.0, 0.15, "files")
    assert neutral_temperature(header) == pytest.approx(27 * 0.0224 / 0.023)


def test_partly_ionized_cells_count_in_part():
    random = np.random.default_rng(1)
    density = random.uniform(-0.8, 3, (8, 8, 8)).astype("f4")
    neutral = random.uniform(0, 1, (8, 8, 8)).astype("f4")
    temperature = neutral_temperature(HEADER) * neutral * (1 + density)
    estimated = estimate_neutral_fraction(temperature.astype("f4"), density, HEADER)
    np.testing.assert_allclose(estimated, neutral, atol=1e-5)


def test_redshift_space_distortions_do_not_exceed_1():
    density = np.zeros((2, 2, 2), "f4")
    assert estimate_neutral_fraction(density + 100, density, HEADER).max() == 1


@pytest.mark.parametrize("cold", [False, True])
def test_without_density_or_with_cold_gas_zeros_are_ionized(cold):
    temperature = np.array([0.0, 3.0, -3.0 if cold else 3.0], "f4")
    density = np.zeros(3, "f4") if cold else None
    np.testing.assert_array_equal(
        estimate_neutral_fraction(temperature, density, HEADER), [0, 1, 1]
    )


def test_empty_cells_are_not_divided_by_zero():
    temperature, density = np.zeros(2, "f4"), np.array([-1.0, 0.0], "f4")
    np.testing.assert_array_equal(estimate_neutral_fraction(temperature, density, HEADER), [0, 0])
