"""Masks of unions of spheres."""

import numpy as np
import pytest

from cosmodag.voids.finders.voxelize import voxelize_spheres

BOX = np.array([40.0, 60.0, 50.0])
SHAPE = (20, 24, 30)


def spheres(count, seed=0):
    """Return random centres and radii."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, (count, 3)) * BOX, rng.uniform(1, 12, count)


@pytest.mark.parametrize("periodic", [True, False])
def test_mask_marks_the_cells_whose_centres_lie_in_a_sphere(periodic):
    position, radius = spheres(7)
    axes = [(np.arange(n) + 0.5) * side / n for n, side in zip(SHAPE, BOX)]
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    expected = np.zeros(SHAPE, dtype=bool)
    for centre, r in zip(position, radius):
        offset = cells - centre
        if periodic:
            offset -= BOX * np.round(offset / BOX)
        expected |= (offset**2).sum(axis=-1) <= r**2
    mask = voxelize_spheres(position, radius, SHAPE, BOX, periodic=periodic)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, expected)


def test_mask_volume_is_that_of_the_sphere():
    mask = voxelize_spheres([[20.0, 1.0, 49.0]], [15.0], (80, 120, 100), BOX)
    assert mask.sum() * 0.5**3 == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.005)


def test_the_mask_of_no_spheres_is_empty():
    assert not voxelize_spheres(np.empty((0, 3)), np.empty(0), SHAPE, BOX).any()
