"""Ionized regions follow the density and grow with the ionizing efficiency."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapsed_fraction import CollapsedFraction
from cosmodag.reionization.simulation.excursion_set import (
    ionizing_efficiency,
    neutral_fractions,
    smoothing_radii,
)

BOX = 80.0
GROWTH = Growth(Cosmology().omega_m).first_order(8.0)


@pytest.fixture(scope="module")
def fraction() -> CollapsedFraction:
    return CollapsedFraction(Cosmology(), 5e8)


@pytest.fixture(scope="module")
def overdensity() -> np.ndarray:
    """Smooth fluctuations with a dense cube in the centre."""
    rng = np.random.default_rng(2)
    k = np.fft.fftfreq(32)
    square = k[:, None, None] ** 2 + k[:, None] ** 2 + k[:17] ** 2
    modes = np.fft.rfftn(rng.normal(size=(32,) * 3)) * np.exp(-200 * square)
    field = np.fft.irfftn(modes)
    field *= 0.15 / field.std()
    field[14:18, 14:18, 14:18] += 1.0
    return (field - field.mean()).astype(np.float32)


def ionize(overdensity, fraction, escapes, **more):
    settings = {"box_size": BOX, "growth_factor": GROWTH, "mean_free_path": 30.0} | more
    efficiencies = [ionizing_efficiency(escape, 0.05) for escape in escapes]
    return neutral_fractions(overdensity, efficiencies, collapsed_fraction=fraction, **settings)


def test_uniform_gas_is_ionized_in_proportion_to_its_haloes(fraction):
    uniform = np.zeros((16,) * 3, np.float32)
    neutral = ionize(uniform, fraction, (0.05, 0.1, 1.0))
    for field, escape in zip(neutral, (0.05, 0.1, 1.0)):
        expected = max(1 - ionizing_efficiency(escape, 0.05) * fraction.mean(GROWTH), 0)
        np.testing.assert_allclose(field, expected, atol=1e-5)


def test_dense_gas_is_ionized_first(fraction, overdensity):
    (neutral,) = ionize(overdensity, fraction, (0.05,))
    ionized = neutral == 0
    assert 0 < ionized.mean() < 0.5
    assert ionized[15:17, 15:17, 15:17].all()
    assert overdensity[ionized].mean() > overdensity[~ionized].mean() + 0.05


def test_ionized_regions_grow_with_the_escape_fraction(fraction, overdensity):
    less, more = ionize(overdensity, fraction, (0.05, 0.08))
    assert (more <= less + 1e-6).all()
    assert more.mean() < less.mean() - 0.02


def test_efficiencies_are_independent(fraction, overdensity):
    both = ionize(overdensity, fraction, (0.05, 0.1))
    for index, escape in enumerate((0.05, 0.1)):
        np.testing.assert_array_equal(both[index], ionize(overdensity, fraction, (escape,))[0])


def test_neutral_fractions_do_not_depend_on_the_number_of_threads(fraction, overdensity):
    one, two = (ionize(overdensity, fraction, (0.08,), threads=threads) for threads in (1, 2))
    assert (np.abs(one - two) > 1e-4).mean() < 1e-3


def test_a_translation_of_the_density_translates_the_ionized_regions(fraction, overdensity):
    moved = ionize(np.roll(overdensity, (5, 0, 11), (0, 1, 2)), fraction, (0.06,))[0]
    expected = np.roll(ionize(overdensity, fraction, (0.06,))[0], (5, 0, 11), (0, 1, 2))
    assert (np.abs(moved - expected) > 1e-3).mean() < 1e-3


def test_radii_decrease_from_the_mean_free_path_to_a_cell():
    radii = smoothing_radii(2.0, 128.0, 50.0)
    assert radii[0] == 50
    assert radii[-1] == pytest.approx(1.2407, rel=1e-4)
    assert all(np.diff(radii) < 0)
    np.testing.assert_allclose(radii[1:-1] / radii[2:], 1.1)
    assert radii[0] / radii[1] <= 1.1 + 1e-9
    assert smoothing_radii(2.0, 20.0, 50.0)[0] < 13
