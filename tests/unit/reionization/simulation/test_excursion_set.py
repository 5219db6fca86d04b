"""Ionized regions lie where photons suffice."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.reionization.simulation.collapse import Collapse
from cosmodag.reionization.simulation.excursion_set import (
    ionizing_efficiency,
    neutral_fractions,
    radii,
)

BOX = 80.0
GROWTH = Growth(Cosmology().omega_m).first_order(8.0)


@pytest.fixture(scope="module")
def collapse() -> Collapse:
    return Collapse(Cosmology(), 5e8)


@pytest.fixture(scope="module")
def overdensity() -> np.ndarray:
    """Smooth fluctuations, with a dense spot in the middle."""
    rng = np.random.default_rng(2)
    k = np.fft.fftfreq(32)
    square = k[:, None, None] ** 2 + k[:, None] ** 2 + k[:17] ** 2
    modes = np.fft.rfftn(rng.normal(size=(32,) * 3)) * np.exp(-200 * square)
    field = np.fft.irfftn(modes)
    field *= 0.15 / field.std()
    field[14:18, 14:18, 14:18] += 1.0
    return (field - field.mean()).astype(np.float32)


def ionize(overdensity, collapse, escapes, **more):
    settings = {"box_size": BOX, "growth": GROWTH, "mean_free_path": 30.0} | more
    efficiencies = [ionizing_efficiency(escape, 0.05) for escape in escapes]
    return neutral_fractions(overdensity, efficiencies, collapse=collapse, **settings)


def test_gas_of_one_density_is_ionized_evenly_by_what_its_haloes_give(collapse):
    even = np.zeros((16,) * 3, np.float32)
    neutral = ionize(even, collapse, (0.05, 0.1, 1.0))
    for field, escape in zip(neutral, (0.05, 0.1, 1.0)):
        expected = max(1 - ionizing_efficiency(escape, 0.05) * collapse.mean(GROWTH), 0)
        np.testing.assert_allclose(field, expected, atol=1e-5)


def test_dense_gas_is_ionized_first(collapse, overdensity):
    (neutral,) = ionize(overdensity, collapse, (0.05,))
    ionized = neutral == 0
    assert 0 < ionized.mean() < 0.5
    assert ionized[15:17, 15:17, 15:17].all()
    assert overdensity[ionized].mean() > overdensity[~ionized].mean() + 0.05


def test_more_photons_ionize_all_that_fewer_did_and_more(collapse, overdensity):
    less, more = ionize(overdensity, collapse, (0.05, 0.08))
    assert (more <= less + 1e-6).all()
    assert more.mean() < less.mean() - 0.02


def test_several_efficiencies_at_once_are_each_alone(collapse, overdensity):
    both = ionize(overdensity, collapse, (0.05, 0.1))
    for place, escape in enumerate((0.05, 0.1)):
        np.testing.assert_array_equal(both[place], ionize(overdensity, collapse, (escape,))[0])


def test_threads_change_nothing(collapse, overdensity):
    one, two = (ionize(overdensity, collapse, (0.08,), threads=threads) for threads in (1, 2))
    assert (np.abs(one - two) > 1e-4).mean() < 1e-3


def test_a_pattern_moves_with_the_matter(collapse, overdensity):
    moved = ionize(np.roll(overdensity, (5, 0, 11), (0, 1, 2)), collapse, (0.06,))[0]
    expected = np.roll(ionize(overdensity, collapse, (0.06,))[0], (5, 0, 11), (0, 1, 2))
    assert (np.abs(moved - expected) > 1e-3).mean() < 1e-3


def test_radii_fall_evenly_from_the_mean_free_path_to_a_cell():
    found = radii(2.0, 128.0, 50.0)
    assert found[0] == 50
    assert found[-1] == pytest.approx(1.2407, rel=1e-4)
    assert all(np.diff(found) < 0)
    np.testing.assert_allclose(found[1:-1] / found[2:], 1.1)
    assert found[0] / found[1] <= 1.1 + 1e-9
    assert radii(2.0, 20.0, 50.0)[0] < 13
