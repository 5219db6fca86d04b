"""Ionized regions follow the density and fill the given fraction of the cells."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapsed_fraction import CollapsedFraction
from cosmodag.reionization.simulation.excursion_set import (
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


def ionize(overdensity, fraction, filling_factors, **more):
    settings = {"box_size": BOX, "growth_factor": GROWTH, "mean_free_path": 30.0} | more
    return neutral_fractions(overdensity, filling_factors, collapsed_fraction=fraction, **settings)


def test_uniform_gas_is_ionized_everywhere_alike(fraction):
    uniform = np.zeros((16,) * 3, np.float32)
    for field, expected in zip(ionize(uniform, fraction, (0.0, 0.3, 0.6, 1.0)), (1, 0.7, 0.4, 0)):
        np.testing.assert_allclose(field, expected, atol=1e-5)


def test_the_mean_ionized_fraction_is_the_filling_factor_at_any_cell_size(fraction, overdensity):
    filling_factors = (0.02, 0.2, 0.5, 0.8, 0.98)
    for block in (1, 2, 4):  # cells of 2.5, 5 and 10 Mpc/h
        coarse = overdensity.reshape((32 // block, block) * 3).mean((1, 3, 5))
        neutral = ionize(coarse, fraction, filling_factors)
        ionized = 1 - neutral.mean((1, 2, 3), dtype=float)
        np.testing.assert_allclose(ionized, filling_factors, atol=1.5 / coarse.size)


def test_dense_gas_is_ionized_first(fraction, overdensity):
    (neutral,) = ionize(overdensity, fraction, (0.3,))
    ionized = neutral == 0
    assert 0 < ionized.mean() < 0.5
    assert ionized[15:17, 15:17, 15:17].all()
    assert overdensity[ionized].mean() > overdensity[~ionized].mean() + 0.05


def test_ionized_regions_grow_with_the_filling_factor(fraction, overdensity):
    less, more = ionize(overdensity, fraction, (0.3, 0.5))
    assert (more <= less + 1e-6).all()


def test_filling_factors_are_independent(fraction, overdensity):
    both = ionize(overdensity, fraction, (0.3, 0.6))
    for index, filling_factor in enumerate((0.3, 0.6)):
        alone = ionize(overdensity, fraction, (filling_factor,))[0]
        np.testing.assert_array_equal(both[index], alone)


def test_gas_without_haloes_stays_neutral(fraction):
    """At redshift 400 the fractions of all spheres underflow."""
    uniform = np.zeros((8,) * 3, np.float32)
    assert (ionize(uniform, fraction, (1e-9,), growth_factor=0.003) > 0.99).all()


def test_neutral_fractions_do_not_depend_on_the_number_of_threads(fraction, overdensity):
    one, two = (ionize(overdensity, fraction, (0.5,), threads=threads) for threads in (1, 2))
    assert (np.abs(one - two) > 1e-4).mean() < 1e-3


def test_a_translation_of_the_density_translates_the_ionized_regions(fraction, overdensity):
    moved = ionize(np.roll(overdensity, (5, 0, 11), (0, 1, 2)), fraction, (0.4,))[0]
    expected = np.roll(ionize(overdensity, fraction, (0.4,))[0], (5, 0, 11), (0, 1, 2))
    assert (np.abs(moved - expected) > 1e-3).mean() < 1e-3


def test_radii_decrease_from_the_mean_free_path_to_a_cell():
    radii = smoothing_radii(2.0, 128.0, 50.0)
    assert radii[0] == 50
    assert radii[-1] == pytest.approx(1.2407, rel=1e-4)
    assert all(np.diff(radii) < 0)
    np.testing.assert_allclose(radii[1:-1] / radii[2:], 1.1)
    assert radii[0] / radii[1] <= 1.1 + 1e-9
    assert smoothing_radii(2.0, 20.0, 50.0)[0] < 13
