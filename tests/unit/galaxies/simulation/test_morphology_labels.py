"""Labels of morphology of galaxies with one and with two components."""

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

from cosmodag.galaxies.simulation.galaxy_parameters import draw_galaxies
from cosmodag.galaxies.simulation.morphology_labels import effective_index, is_early_type


def concentration(fraction: float, ratio: float, index: float) -> float:
    """Return the radii enclosing 80 and 20 % of the flux, integrated numerically, as a ratio."""
    radius = np.geomspace(1e-6, 1e3, 200_000)
    flux = 0.0
    for weight, n, scale in ((1 - fraction, index, 1.0), (fraction, 4.0, ratio)):
        b = 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2)  # Ciotti & Bertin (1999)
        profile = np.exp(-b * (radius / scale) ** (1 / n)) * radius
        growth = cumulative_trapezoid(profile, radius, initial=0)
        flux = flux + weight * growth / growth[-1]
    return np.interp(0.8, flux, radius) / np.interp(0.2, flux, radius)


@pytest.mark.parametrize(("fraction", "ratio"), [(0.2, 0.3), (0.6, 0.5), (0.9, 0.2)])
def test_effective_index_has_the_concentration_of_the_galaxy(fraction, ratio):
    (effective,) = effective_index(np.array([fraction]), np.array([ratio]), np.array([1.0]))
    expected = concentration(fraction, ratio, 1.0)
    assert concentration(0.0, 1.0, effective) == pytest.approx(expected, rel=0.01)


def test_a_bulge_without_a_disc_has_an_effective_index_of_four():
    found = effective_index(np.array([0.0, 1.0]), np.array([0.3, 0.3]), np.array([2.3, 1.0]))
    assert found == pytest.approx([2.3, 4.0], abs=0.01)


def test_galaxies_that_are_mostly_bulge_are_early_though_the_index_of_their_disc_is_one():
    galaxies = draw_galaxies(range(1000), seed=1)
    bulges = galaxies[galaxies["bulge_fraction"] > 0.5]
    assert (bulges["sersic_index"] == 1.0).all()
    assert (bulges["early_type"] == 1).all()
    assert (bulges["effective_index"] > 2.5).mean() > 0.7
    single = galaxies[galaxies["bulge_fraction"] == 0]
    assert (single["effective_index"] == single["sersic_index"]).all()
    assert ((single["sersic_index"] > 2.5) == (single["early_type"] == 1)).all()
    assert is_early_type(np.array([0.2]), np.array([6.0])).tolist() == [False]
