import numpy as np
import pytest

from cosmodag.labels.targets import count_in_boxes, map_of_centres
from cosmodag.labels.voxelize import voxelize_spheres

BOX = np.array([40.0, 60.0, 50.0])
SHAPE = (20, 24, 30)


def spheres(number, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, (number, 3)) * BOX, rng.uniform(1, 12, number)


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


def test_no_sphere_marks_nothing():
    assert not voxelize_spheres(np.empty((0, 3)), np.empty(0), SHAPE, BOX).any()


def test_map_of_centres_sums_to_their_number():
    position, _ = spheres(50)
    grid = map_of_centres(position, SHAPE, BOX)
    assert grid.sum() == pytest.approx(50, rel=1e-5)


def test_map_of_centres_leaves_out_centres_outside_an_open_box():
    position = np.array([[20.0, 30.0, 25.0], [-1.0, 30.0, 25.0]])
    assert map_of_centres(position, SHAPE, BOX, periodic=False).sum() == pytest.approx(1)


@pytest.mark.parametrize("periodic", [True, False])
def test_counts_and_volumes_are_those_of_the_voids_inside(periodic):
    position, radius = spheres(300)
    rng = np.random.default_rng(1)
    lower = rng.uniform(0, 1, (40, 3)) * BOX
    upper = lower + rng.uniform(5, 30, (40, 3))
    count, volume = count_in_boxes(position, radius, lower, upper, BOX, periodic=periodic)
    offset = position - lower[:, None]
    if periodic:
        offset %= BOX
    inside = ((offset >= 0) & (offset < (upper - lower)[:, None])).all(axis=2)
    np.testing.assert_array_equal(count, inside.sum(axis=1))
    np.testing.assert_allclose(volume, (inside * radius).sum(axis=1))


def test_sub_boxes_that_tile_the_box_count_each_void_once():
    position, radius = spheres(200)
    lower = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), -1).reshape(-1, 3) * BOX / 4
    count, volume = count_in_boxes(position, radius, lower, lower + BOX / 4, BOX)
    assert count.sum() == 200
    assert volume.sum() == pytest.approx(radius.sum())
