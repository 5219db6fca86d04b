"""Stamps of bricks and what is measured on them."""

import h5py
import numpy as np
import pytest

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.injections.cutouts import stamps
from cosmodag.injections.cutouts.stamp_features import stamp_features


@pytest.fixture
def plane() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(70, 90)).astype(np.float32)


@pytest.mark.parametrize("side", [7, 8, 64])
def test_stamps_equal_slices_to_the_byte_edges_included(plane, side):
    rng = np.random.default_rng(side)
    bx, by = rng.uniform(-0.5, 89.5, 40), rng.uniform(-0.5, 69.5, 40)
    corner = stamps.corners(bx, by, side)
    cut = np.full((2, 40, side, side), np.nan, np.float32)
    stamps.cut_plane(plane, corner, cut[0])
    stamps.cut_plane(2 * plane, corner, cut[1])
    last = np.full((40, side, side, 2), np.nan, np.float32)
    stamps.interleave(cut, np.arange(40)[::-1].copy(), last)
    wide = np.pad(plane, side)
    for (row, column), stamp in zip(corner + side, last[::-1]):
        expected = wide[row : row + side, column : column + side]
        assert stamp[..., 0].tobytes() == expected.tobytes()
        assert stamp[..., 1].tobytes() == (2 * expected).tobytes()
    outside = stamps.reach_outside(corner, side, plane.shape)
    inside = [(row >= 0) & (column >= 0) & (row + side <= 70) & (column + side <= 90)
              for row, column in corner]  # fmt: skip
    np.testing.assert_array_equal(outside, ~np.array(inside))


@pytest.mark.parametrize("side", [7, 8])
def test_the_nearest_pixel_stands_in_the_middle(plane, side):
    cut = np.zeros((1, side, side), np.float32)
    stamps.cut_plane(plane, stamps.corners(np.array([40.4]), np.array([29.6]), side), cut)
    assert cut[0, side // 2, side // 2] == plane[30, 40]


def test_distances_from_the_edge():
    found = stamps.edge_distances(np.array([0.0, 40, 89]), np.array([30.0, 1, 69]), (70, 90))
    np.testing.assert_allclose(found, [0.5, 1.5, 0.5])


def test_the_original_s_keys_show_image_and_inverse_variance(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 6)).astype(np.float32)
    with h5py.File(tmp_path / "e.h5", "w") as file:
        names = stamps.channel_names("grz")
        assert names == ["g_image", "g_ivar", "r_image", "r_ivar", "z_image", "z_ivar"]
        shapes = {"x_shape": (4, 4, 6), "y_shape": (1,)}
        channels = {"x_channels": names, "y_channels": ["injected"]}
        create_examples(file, experiment="injections", count=3, **shapes, **channels)[0][:] = x
        columns = {"tractor_id": [7, 7, 9], "label": [0, 1, 1], "brick": ["0591m305"] * 3}
        write_index(file, columns | {"id": list("abc"), "group": ["0591m305"] * 3})
        view = stamps.OriginalView(file, label=1, brick="0591m305")
        assert list(view) == ["7/img", "7/ivar", "9/img", "9/ivar"]
        np.testing.assert_array_equal(view["9/img"], x[2, ..., ::2])
        np.testing.assert_array_equal(view["7/ivar"], x[1, ..., 1::2])
        with pytest.raises(KeyError):
            view["8/img"]


def test_features_are_what_was_put_in():
    side = 32
    y, x = np.mgrid[:side, :side] - side // 2
    spot = np.exp(-0.5 * ((x - 0.8) ** 2 + (y + 0.5) ** 2) / 1.5**2)
    far = np.hypot(x - 12, y) < 1.5
    planes = np.zeros((4, 2, side, side), np.float32)
    planes[0, 0] = spot + 2 * far
    planes[2, 0] = 3 * spot
    planes[1, 0], planes[3, 0] = 4, 9
    planes[3, 0, 0] = 0
    found = stamp_features(planes, "gr")
    assert found["ivar_median_g"][0] == 4
    assert found["ivar_median_r"][0] == 9
    assert found["core_flux_g"][0] == pytest.approx(spot.sum(), rel=0.01)
    assert found["core_flux_r"][0] == pytest.approx(3 * spot.sum(), rel=0.01)
    assert found["neighbour_flux_g"][0] == pytest.approx(2 * far.sum(), rel=0.01)
    assert found["centroid_x"][0] == pytest.approx(0.8, abs=0.03)
    assert found["centroid_y"][0] == pytest.approx(-0.5, abs=0.03)
    assert found["bad_fraction"][0] == pytest.approx(side / (2 * side**2))
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["bad_fraction"][1] == 1


def test_median_inverse_variances_are_those_of_good_pixels():
    rng = np.random.default_rng(5)
    planes = rng.uniform(-0.3, 1, (2, 20, 9, 9)).astype(np.float32) * 10.0 ** rng.uniform(
        -6, 6, (1, 20, 1, 1)
    ).astype(np.float32)
    planes[1, 3] = 0
    planes[1, 4].ravel()[1:] = 0
    found = stamp_features(planes, "g")["ivar_median_g"]
    for ivar, median in zip(planes[1], found):
        good = np.sort(ivar[ivar > 0])
        assert median == (good[len(good) // 2] if len(good) else 0)
