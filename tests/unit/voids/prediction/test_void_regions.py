"""Voids as connected regions of maps and cubes."""

import numpy as np
import pytest

from cosmodag.voids.prediction.void_maps import VoidMaps
from cosmodag.voids.prediction.void_regions import (
    CUBE_COLUMNS,
    MAP_COLUMNS,
    find_cube_voids,
    find_map_voids,
)

PIXEL = np.array([4.0, 2.0])
CORNER = np.array([-10.0, 100.0])
VOXEL = np.array([3.0, 4.0, 2.0])


def maps_of(probability, axis=1, periodic=True):
    """Maps along y, so that rows are x and columns z."""
    slabs = len(probability)
    return VoidMaps(
        axis=axis,
        probability=np.asarray(probability, np.float32),
        overdensity=np.zeros_like(probability, np.float32),
        lower=50 + 16.0 * np.arange(slabs),
        upper=66 + 16.0 * np.arange(slabs),
        pixel_size=PIXEL,
        corner=CORNER,
        periodic=periodic,
    )


def blank(slabs=1, rows=8, columns=10):
    return np.full((slabs, rows, columns), 0.1)


def test_a_rectangle_has_its_exact_properties():
    probability = blank(slabs=2)
    probability[1, 2:5, 3:9] = 0.8  # 12 by 12 Mpc/h
    probability[1, 3, 4] = 0.9
    (void,) = find_map_voids([maps_of(probability)], 0.5).to_dict("records")
    assert (void["axis"], void["slab"], void["lower"], void["upper"]) == ("y", 1, 66, 82)
    assert (void["x"], void["y"], void["z"]) == pytest.approx((-10 + 3.5 * 4, 74, 100 + 6 * 2))
    assert void["area"] == pytest.approx(144)
    assert void["effective_radius"] == pytest.approx(np.sqrt(144 / np.pi))
    assert void["ellipticity"] == pytest.approx(0, abs=1e-9)
    assert void["mean_probability"] == pytest.approx(0.8 + 0.1 / 18)
    assert void["maximum_probability"] == pytest.approx(0.9)
    assert not void["at_edge"]


def test_ellipticity_of_a_rectangle_is_that_of_its_sides():
    probability = blank(rows=20, columns=20)
    probability[0, 3:13, 5:15] = 1  # 40 by 20 Mpc/h
    (void,) = find_map_voids([maps_of(probability)], 0.5).to_dict("records")
    assert void["ellipticity"] == pytest.approx(0.5)


def test_a_region_across_the_corner_of_a_periodic_map_is_one():
    probability = blank()
    probability[0][np.ix_([7, 0, 1], [9, 0])] = 0.8
    (void,) = find_map_voids([maps_of(probability)], 0.5).to_dict("records")
    assert void["area"] == pytest.approx(6 * 8)
    assert (void["x"], void["z"]) == pytest.approx((-10 + 0.5 * 4, 100))
    assert not void["at_edge"]
    pieces = find_map_voids([maps_of(probability, periodic=False)], 0.5)
    assert sorted(pieces["area"]) == [8, 8, 16, 16]
    assert pieces["at_edge"].all()


def test_regions_are_moved_with_a_periodic_map():
    random = np.random.default_rng(4)
    probability = blank(rows=30, columns=24)
    for row, column in random.integers(0, (26, 20), (6, 2)):
        probability[0, row : row + 3, column : column + 4] = random.uniform(0.6, 0.9)
    before = find_map_voids([maps_of(probability)], 0.5)
    after = find_map_voids([maps_of(np.roll(probability, (7, 11), (1, 2)))], 0.5)
    moved = before.assign(
        x=(before["x"] - CORNER[0] + 7 * 4) % 120 + CORNER[0],
        z=(before["z"] - CORNER[1] + 11 * 2) % 48 + CORNER[1],
    )
    order = ["area", "x", "z"]
    left, right = (
        table.drop(columns="axis").astype(float).round(6).sort_values(order)
        for table in (moved, after)
    )
    np.testing.assert_allclose(left, right, atol=1e-5)


def test_pixels_that_share_a_corner_are_two_voids_and_the_threshold_is_inclusive():
    probability = blank()
    probability[0, 2, 3] = probability[0, 3, 4] = 0.5
    assert len(find_map_voids([maps_of(probability)], 0.5)) == 2
    assert len(find_map_voids([maps_of(probability)], 0.51)) == 0


def test_voids_are_in_the_order_of_axes_slabs_and_areas():
    probability = blank(slabs=3)
    probability[0, 0, 0] = probability[2, 1, 1] = probability[2, 4:6, 5] = 1
    table = find_map_voids([maps_of(probability), maps_of(blank(), axis=0)], 0.5)
    assert list(table) == list(MAP_COLUMNS)
    assert table[["slab", "area"]].to_numpy().tolist() == [[0, 8], [2, 16], [2, 8]]
    assert list(find_map_voids([maps_of(blank())], 0.5)) == list(MAP_COLUMNS)


def cube_of(probability, periodic=True):
    """A cube with its lower corner at (50, -10, 100) Mpc/h."""
    lower = 50 + VOXEL[0] * np.arange(len(probability))
    return VoidMaps(
        axis=0,
        probability=np.asarray(probability, np.float32),
        overdensity=np.zeros_like(probability, np.float32),
        lower=lower,
        upper=lower + VOXEL[0],
        pixel_size=VOXEL[1:],
        corner=CORNER,
        periodic=periodic,
    )


def test_a_cuboid_has_its_exact_properties():
    probability = np.full((12, 10, 14), 0.1)
    probability[2:6, 3:6, 4:10] = 0.8  # 12 Mpc/h along each axis
    probability[3, 4, 5] = 0.9
    table = find_cube_voids(cube_of(probability), 0.5)
    assert list(table) == list(CUBE_COLUMNS)
    (void,) = table.to_dict("records")
    centre = (50 + 4 * 3, -10 + 4.5 * 4, 100 + 7 * 2)
    assert (void["x"], void["y"], void["z"]) == pytest.approx(centre)
    assert void["volume"] == pytest.approx(12**3)
    assert void["effective_radius"] == pytest.approx(12 * (3 / (4 * np.pi)) ** (1 / 3))
    assert void["ellipticity"] == pytest.approx(0, abs=1e-6)
    assert void["mean_probability"] == pytest.approx(0.8 + 0.1 / 72)
    assert void["maximum_probability"] == pytest.approx(0.9)
    assert not void["at_edge"]


def test_ellipticity_of_a_cuboid_is_that_of_its_moments_of_inertia():
    probability = np.zeros((20, 20, 20))
    probability[4:12, 5:8, 3:15] = 1  # 24 by 12 by 24 Mpc/h
    (void,) = find_cube_voids(cube_of(probability), 0.5).to_dict("records")
    assert void["ellipticity"] == pytest.approx(1 - ((12**2 + 24**2) / (2 * 24**2)) ** 0.25)


def test_a_region_across_the_corner_of_a_periodic_cube_is_one():
    probability = np.zeros((8, 6, 10))
    probability[np.ix_([7, 0], [5, 0, 1], [9, 0])] = 0.8
    (void,) = find_cube_voids(cube_of(probability), 0.5).to_dict("records")
    sides = VOXEL * probability.shape
    offset = np.array([void["x"] - 50, void["y"] + 10 - 2, void["z"] - 100])
    np.testing.assert_allclose(offset - sides * np.round(offset / sides), 0, atol=1e-6)
    assert void["volume"] == pytest.approx(12 * VOXEL.prod())
    assert not void["at_edge"]
    pieces = find_cube_voids(cube_of(probability, periodic=False), 0.5)
    assert len(pieces) == 8
    assert pieces["at_edge"].all()


def two_bumps(length):
    """Probability of two voids that touch, along one periodic axis."""
    place = np.arange(length)
    return np.maximum(np.exp(-((place - 5) ** 2) / 18), 0.9 * np.exp(-((place - 14) ** 2) / 18))


def test_voids_that_touch_are_divided_at_the_ridge():
    probability = np.zeros((8, 8, 24)) + two_bumps(24)
    probability[[0, -1]] = probability[:, [0, -1]] = 0
    cube = cube_of(probability)
    assert len(find_cube_voids(cube, 0.2)) == 1
    voids = find_cube_voids(cube, 0.2, divide=2.0)
    assert voids["z"].tolist() == pytest.approx([100 + 2 * 5.5, 100 + 2 * 14.5], abs=2)
    assert voids["volume"].sum() == pytest.approx(find_cube_voids(cube, 0.2)["volume"].sum())
    slab = maps_of(probability[4:5])
    assert len(find_map_voids([slab], 0.2)) == 1
    divided = find_map_voids([slab], 0.2, divide=2.0)
    assert divided["z"].tolist() == pytest.approx([100 + 2 * 5.5, 100 + 2 * 14.5], abs=2)


def test_voids_of_a_cube_are_in_the_order_of_volumes_and_may_be_none():
    probability = np.zeros((8, 8, 8))
    probability[1, 1, 1] = probability[4, 4, 4:7] = 1
    assert find_cube_voids(cube_of(probability), 0.5)["volume"].tolist() == [72, 24]
    empty = find_cube_voids(cube_of(np.zeros((4, 4, 4))), 0.5)
    assert (len(empty), list(empty)) == (0, list(CUBE_COLUMNS))
