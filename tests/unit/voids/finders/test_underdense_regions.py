"""Voids as connected underdense regions, and the smoothing before."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.finders.smoothing import smooth, smooth_each
from cosmodag.voids.finders.underdense_regions import find_underdense_regions, label_regions

BOX = np.array([64.0, 96.0, 80.0])
SHAPE = (32, 48, 40)


def hole_at(centre, radius, periodic=True):
    """Return an overdensity of 0 with a spherical hole of -1."""
    cell = BOX / SHAPE
    axes = [(np.arange(n) + 0.5) * width - c for n, width, c in zip(SHAPE, cell, centre)]
    if periodic:
        axes = [a - side * np.round(a / side) for a, side in zip(axes, BOX)]
    squared = sum(a**2 for a in np.meshgrid(*axes, indexing="ij"))
    return np.where(squared < radius**2, -1.0, 0.0).astype(np.float32)


def test_a_hole_across_the_faces_is_one_void_with_its_centre_and_volume():
    centre = np.array([1.0, 95.0, 40.0])
    mask, voids = find_underdense_regions(hole_at(centre, 16.0), BOX, smoothing=2.0, threshold=-0.5)
    assert len(voids) == 1
    offset = voids.position[0] - centre
    assert np.abs(offset - BOX * np.round(offset / BOX)).max() < 0.2
    assert voids.radius[0] == pytest.approx(16, rel=0.03)
    assert mask.sum() * (BOX / SHAPE).prod() == pytest.approx(voids.volume[0])


def test_opposite_faces_of_an_open_box_are_not_connected():
    hole = hole_at([1.0, 48.0, 40.0], 14.0)
    _, voids = find_underdense_regions(
        hole, BOX, smoothing=2.0, threshold=-0.5, periodic=False, minimum_volume=0.0
    )
    assert len(voids) == 2


def test_regions_below_the_minimum_volume_are_left_out_of_mask_and_catalogue():
    field = np.minimum(hole_at([20.0, 20, 20], 14.0), hole_at([45.0, 70, 60], 8.0))
    settings = {"smoothing": 2.0, "threshold": -0.5}
    _, both = find_underdense_regions(field, BOX, **settings)
    mask, one = find_underdense_regions(field, BOX, minimum_volume=4000.0, **settings)
    assert len(both) == 2
    assert len(one) == 1
    assert mask.sum() * (BOX / SHAPE).prod() == pytest.approx(one.volume[0])


def test_largest_void_comes_first():
    field = np.minimum(hole_at([45.0, 70, 60], 8.0), hole_at([20.0, 20, 20], 14.0))
    _, voids = find_underdense_regions(field, BOX, smoothing=2.0, threshold=-0.5)
    assert voids.volume[0] > voids.volume[1]
    np.testing.assert_allclose(voids.position[0], 20, atol=0.2)


def test_regions_are_connected_through_faces_but_not_corners():
    mask = np.zeros((4, 4, 4), dtype=bool)
    mask[0, 0, 0] = mask[3, 0, 0] = mask[1, 1, 1] = True
    _, count = label_regions(mask, periodic=True)
    _, open_count = label_regions(mask, periodic=False)
    assert (count, open_count) == (2, 3)


@pytest.mark.parametrize("window", ["gaussian", "tophat"])
@pytest.mark.parametrize("periodic", [True, False])
def test_smoothing_conserves_a_constant(window, periodic):
    field = np.full(SHAPE, 0.7, dtype=np.float32)
    smoothed = smooth(field, BOX, 6.0, window=window, periodic=periodic)
    np.testing.assert_allclose(smoothed, 0.7, rtol=1e-4)


def test_smoothing_conserves_the_mean():
    field = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    assert smooth(field, BOX, 5.0).mean() == pytest.approx(field.mean(), abs=1e-5)


def test_tophat_is_the_mean_within_a_sphere():
    field = hole_at([32.0, 48, 40], 20.0)
    smoothed = smooth(field, BOX, 8.0, window="tophat")
    assert smoothed[15, 23, 19] == pytest.approx(-1, abs=0.02)
    assert smoothed[0, 0, 0] == pytest.approx(0, abs=0.02)


def test_gaussian_smoothing_damps_a_wave_by_its_transfer_function():
    x = (np.arange(SHAPE[0]) + 0.5) * BOX[0] / SHAPE[0]
    k = 2 * np.pi * 3 / BOX[0]
    wave = np.broadcast_to(np.cos(k * x)[:, None, None], SHAPE)
    np.testing.assert_allclose(
        smooth(wave, BOX, 4.0), np.exp(-((k * 4) ** 2) / 2) * wave, atol=1e-5
    )


@pytest.mark.parametrize("window", ["gaussian", "tophat"])
def test_several_radii_smooth_as_each_does(window):
    field = np.random.default_rng(1).normal(size=SHAPE)
    radii = [3.0, 9.0]
    for radius, smoothed in zip(radii, smooth_each(field, BOX, radii, window=window)):
        np.testing.assert_array_equal(smoothed, smooth(field, BOX, radius, window=window))


def test_a_threshold_that_is_no_underdensity_is_refused():
    with pytest.raises(InputError, match="threshold"):
        find_underdense_regions(np.zeros(SHAPE), BOX, smoothing=2.0, threshold=0.1)


def test_an_unknown_window_is_refused():
    with pytest.raises(InputError, match="tophat"):
        smooth(np.zeros(SHAPE), BOX, 2.0, window="cube")
