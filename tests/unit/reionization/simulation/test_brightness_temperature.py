"""Brightness follows the neutral gas to where its velocity puts it."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology
from cosmodag.reionization.simulation.brightness_temperature import (
    in_redshift_space,
    mean_temperature,
)

N, BOX = 32, 64.0


def test_neutral_gas_shines_with_some_25_mk():
    assert mean_temperature(Cosmology(), 8.0) == pytest.approx(25.6, abs=0.2)
    ratio = mean_temperature(Cosmology(), 13.0) / mean_temperature(Cosmology(), 6.0)
    assert ratio == pytest.approx(np.sqrt(2))


def lattice() -> np.ndarray:
    along = (np.arange(N, dtype=np.float32) + 0.5) * BOX / N
    return np.stack(np.meshgrid(along, along, along, indexing="ij"), axis=-1).reshape(-1, 3)


def maps(position, shift, emission, axes=(0, 1, 2)):
    return in_redshift_space(position, shift, emission, cells=N, box_size=BOX, axes=axes)


def test_a_wave_along_the_line_of_sight_is_twice_as_high_and_one_across_is_not():
    """Kaiser 1987: 1 + f of the contrast, f = 1 while matter dominates."""
    wave = 2 * np.pi / BOX
    displacement = np.zeros((N**3, 3), np.float32)
    displacement[:, 0] = -0.01 / wave * np.sin(wave * lattice()[:, 0])  # contrast 0.01 cos
    found = maps((lattice() + displacement) % BOX, displacement, np.ones(N**3, np.float32))
    heights = [np.fft.rfftn(each)[1, 0, 0].real * 2 / N**3 for each in found]
    np.testing.assert_allclose(heights, [0.02, 0.01, 0.01], rtol=0.03)


def test_emission_is_conserved_whatever_the_velocities():
    rng = np.random.default_rng(1)
    shift = rng.normal(0, 5, (N**3, 3)).astype(np.float32)
    emission = rng.uniform(0, 2, N**3).astype(np.float32)
    for each in maps(lattice(), shift, emission):
        assert each.sum(dtype=float) == pytest.approx(emission.sum(dtype=float), rel=1e-5)


def test_gas_at_rest_stays_where_it_is():
    emission = np.random.default_rng(1).uniform(0, 2, N**3).astype(np.float32)
    (found,) = maps(lattice(), np.zeros((N**3, 3), np.float32), emission, axes=[1])
    np.testing.assert_allclose(found.ravel(), emission, rtol=1e-3)


def test_a_line_of_sight_does_not_disturb_the_next():
    rng = np.random.default_rng(2)
    shift = rng.normal(0, 2, (N**3, 3)).astype(np.float32)
    emission = np.ones(N**3, np.float32)
    together = maps(lattice(), shift, emission)
    for axis in range(3):
        alone = maps(lattice(), shift, emission, axes=[axis])[0]
        np.testing.assert_array_equal(together[axis], alone)


def test_ionized_gas_is_dark_everywhere():
    assert not maps(lattice(), np.zeros((N**3, 3), np.float32), np.zeros(N**3, np.float32)).any()
