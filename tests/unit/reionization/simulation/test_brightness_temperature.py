"""Reddisplacement-space distortions conserve emission and reproduce the Kaiser effect."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology
from cosmodag.reionization.simulation.brightness_temperature import (
    mean_brightness_temperature,
    redshift_space_cubes,
)

N, BOX = 32, 64.0


def test_mean_brightness_temperature_at_redshift_8_is_25_6_mk():
    assert mean_brightness_temperature(Cosmology(), 8.0) == pytest.approx(25.6, abs=0.2)
    ratio = mean_brightness_temperature(Cosmology(), 13.0) / mean_brightness_temperature(
        Cosmology(), 6.0
    )
    assert ratio == pytest.approx(np.sqrt(2))


def lattice() -> np.ndarray:
    x = (np.arange(N, dtype=np.float32) + 0.5) * BOX / N
    return np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)


def cubes(position, displacement, emission, axes=(0, 1, 2)):
    return redshift_space_cubes(position, displacement, emission, cells=N, box_size=BOX, axes=axes)


def test_contrast_doubles_along_the_line_of_sight_only():
    """Kaiser (1987, MNRAS 227, 1): the contrast grows by 1 + f, with f = 1 in matter domination."""
    wave = 2 * np.pi / BOX
    displacement = np.zeros((N**3, 3), np.float32)
    displacement[:, 0] = -0.01 / wave * np.sin(wave * lattice()[:, 0])  # contrast 0.01 cos
    position, emission = (lattice() + displacement) % BOX, np.ones(N**3, np.float32)
    contrasts = [
        np.fft.rfftn(cube)[1, 0, 0].real * 2 / N**3
        for cube in cubes(position, displacement, emission)
    ]
    np.testing.assert_allclose(contrasts, [0.02, 0.01, 0.01], rtol=0.03)


def test_emission_is_conserved():
    rng = np.random.default_rng(1)
    displacement = rng.normal(0, 5, (N**3, 3)).astype(np.float32)
    emission = rng.uniform(0, 2, N**3).astype(np.float32)
    for cube in cubes(lattice(), displacement, emission):
        assert cube.sum(dtype=float) == pytest.approx(emission.sum(dtype=float), rel=1e-5)


def test_gas_at_rest_stays_where_it_is():
    emission = np.random.default_rng(1).uniform(0, 2, N**3).astype(np.float32)
    (cube,) = cubes(lattice(), np.zeros((N**3, 3), np.float32), emission, axes=[1])
    np.testing.assert_allclose(cube.ravel(), emission, rtol=1e-3)


def test_lines_of_sight_are_independent():
    rng = np.random.default_rng(2)
    displacement = rng.normal(0, 2, (N**3, 3)).astype(np.float32)
    emission = np.ones(N**3, np.float32)
    together = cubes(lattice(), displacement, emission)
    for axis in range(3):
        alone = cubes(lattice(), displacement, emission, axes=[axis])[0]
        np.testing.assert_array_equal(together[axis], alone)


def test_ionized_gas_does_not_emit():
    assert not cubes(lattice(), np.zeros((N**3, 3), np.float32), np.zeros(N**3, np.float32)).any()
