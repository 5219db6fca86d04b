"""The filling factor solves its differential equation and follows the published history."""

import re

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapsed_fraction import CollapsedFraction
from cosmodag.reionization.simulation.photon_budget import filling_factors, ionizing_efficiency

COSMOLOGY = Cosmology()
GROWTH = Growth(COSMOLOGY.omega_m)
FRACTION = CollapsedFraction(COSMOLOGY, 5e8)
SPECTRA = "reionization/power_spectra_200_300Mpc"


def fill(efficiencies, redshift, clumping_factor):
    return filling_factors(
        efficiencies,
        redshift,
        cosmology=COSMOLOGY,
        growth=GROWTH,
        collapsed_fraction=FRACTION,
        clumping_factor=clumping_factor,
    )


def collapsed(redshift):
    return FRACTION.mean(GROWTH.first_order(redshift))


def test_each_photon_ionizes_an_atom_without_recombinations():
    expected = 25 * (collapsed(8.0) - collapsed(40.0))
    assert fill([25.0], 8.0, 0.0)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("redshift", "clumping_factor"), [(10.0, 1.0), (7.0, 2.5)])
def test_recombinations_take_the_rate_of_the_mean_density(redshift, clumping_factor):
    """Gas of 1.90e-7 hydrogen atoms per cm³ today recombines 2.59e-13 cm³/s times as fast."""

    def slope(z, filling):
        seconds = 3.0857e19 / (67.66 * np.sqrt(0.3111 * (1 + z) ** 3 + 0.6889)) / (1 + z)
        rate = clumping_factor * 2.59e-13 * 1.90e-7 * 1.0813 * (1 + z) ** 3
        return 25 * (collapsed(z + 0.01) - collapsed(z - 0.01)) / 0.02 + rate * seconds * filling

    solution = solve_ivp(slope, (30.0, redshift), [25 * collapsed(30.0)], rtol=1e-5)
    assert fill([25.0], redshift, clumping_factor)[0] == pytest.approx(solution.y[0, -1], rel=5e-3)


def test_filling_factors_are_proportional_to_the_efficiency_up_to_1():
    less, more, full = fill([10.0, 20.0, 500.0], 7.5, 2.0)
    assert more == pytest.approx(2 * less)
    assert full == 1


def test_the_neutral_fraction_follows_the_published_history(data_folder):
    """The published escape fraction is 0.1, the turnover mass 5e8 solar masses."""
    efficiency = ionizing_efficiency(escape_fraction=0.1, star_fraction=0.05)
    names = [path.name for path in (data_folder / SPECTRA).iterdir()]
    published = [
        tuple(map(float, re.match(r"ps_z([\d.]+)_nf([\d.]+)_", name).groups())) for name in names
    ]
    history = {z: neutral for z, neutral in published if 0.1 < neutral < 0.9}
    assert len(history) == 21
    for redshift, neutral in history.items():
        assert 1 - fill([efficiency], redshift, 2.0)[0] == pytest.approx(neutral, abs=0.03)
