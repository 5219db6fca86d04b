"""Stamps of bricks and their features."""

import numpy as np
import pytest

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.injections.cutouts import stamps
from cosmodag.injections.cutouts.stamp_features import stamp_features
from tests.checksummed import hdf5_file


@pytest.fixture
def plane() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(70, 90)).astype(np.float32)


@pytest.mark.parametrize("side", [7, 8, 64])
def test_stamps_equal_slices_of_padded_planes(plane, side):
    rng = np.random.default_rng(side)
    bx, by = rng.uniform(-0.5, 89.5, 40), rng.uniform(-0.5, 69.5, 40)
    corner = stamps.stamp_corners(bx, by, side)
    cut = np.full((2, 40, side, side), np.nan, np.float32)
    stamps.cut_plane(plane, corner, cut[0])
    stamps.cut_plane(2 * plane, corner, cut[1])
    last = np.full((40, side, side, 2), np.nan, np.float32)
    stamps.interleave(cut, np.arange(40)[::-1].copy(), last)
    padded = np.pad(plane, side)
    for (row, column), stamp in zip(corner + side, last[::-1]):
        expected = padded[row : row + side, column : column + side]
        assert stamp[..., 0].tobytes() == expected.tobytes()
        assert stamp[..., 1].tobytes() == (2 * expected).tobytes()
    crossing = stamps.crosses_edge(corner, side, plane.shape)
    inside = [(row >= 0) & (column >= 0) & (row + side <= 70) & (column + side <= 90)
              for row, column in corner]  # fmt: skip
    np.testing.assert_array_equal(crossing, ~np.array(inside))


@pytest.mark.parametrize("side", [7, 8])
def test_stamp_is_centred_on_the_nearest_pixel(plane, side):
    cut = np.zeros((1, side, side), np.float32)
    stamps.cut_plane(plane, stamps.stamp_corners(np.array([40.4]), np.array([29.6]), side), cut)
    assert cut[0, side // 2, side // 2] == plane[30, 40]


def test_distances_from_the_edge():
    distances = stamps.edge_distances(np.array([0.0, 40, 89]), np.array([30.0, 1, 69]), (70, 90))
    np.testing.assert_allclose(distances, [0.5, 1.5, 0.5])


def test_study_layout_gives_image_and_inverse_variance(tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 6)).astype(np.float32)
    with hdf5_file(tmp_path / "e.h5", "w") as file:
        names = stamps.channel_names("grz")
        assert names == ["g_image", "g_ivar", "r_image", "r_ivar", "z_image", "z_ivar"]
        shapes = {"x_shape": (4, 4, 6), "y_shape": (1,)}
        channels = {"x_channels": names, "y_channels": ["injected"]}
        create_examples(file, experiment="injections", count=3, **shapes, **channels)[0][:] = x
        columns = {"tractor_id": [7, 7, 9], "label": [0, 1, 1], "brick": ["0591m305"] * 3}
        write_index(file, columns | {"id": list("abc"), "group": ["0591m305"] * 3})
        view = stamps.StudyLayout(file, label=1, brick="0591m305")
        assert list(view) == ["7/img", "7/ivar", "9/img", "9/ivar"]
        np.testing.assert_array_equal(view["9/img"], x[2, ..., ::2])
        np.testing.assert_array_equal(view["7/ivar"], x[1, ..., 1::2])
        with pytest.raises(KeyError):
            view["8/img"]


def test_features_recover_simulated_fluxes_and_centroids():
    side = 32
    y, x = np.mgrid[:side, :side] - side // 2
    source = np.exp(-0.5 * ((x - 0.8) ** 2 + (y + 0.5) ** 2) / 1.5**2)
    neighbour = np.hypot(x - 12, y) < 1.5
    planes = np.zeros((4, 2, side, side), np.float32)
    planes[0, 0] = source + 2 * neighbour
    planes[2, 0] = 3 * source
    planes[1, 0], planes[3, 0] = 4, 9
    planes[3, 0, 0] = 0
    features = stamp_features(planes, "gr")
    assert features["ivar_median_g"][0] == 4
    assert features["ivar_median_r"][0] == 9
    assert features["core_flux_g"][0] == pytest.approx(source.sum(), rel=0.01)
    assert features["core_flux_r"][0] == pytest.approx(3 * source.sum(), rel=0.01)
    assert features["neighbour_flux_g"][0] == pytest.approx(2 * neighbour.sum(), rel=0.01)
    assert features["centroid_x"][0] == pytest.approx(0.8, abs=0.03)
    assert features["centroid_y"][0] == pytest.approx(-0.5, abs=0.03)
    assert features["bad_fraction"][0] == pytest.approx(side / (2 * side**2))
    assert all(np.isfinite(values).all() for values in features.values())
    assert features["bad_fraction"][1] == 1


def test_median_inverse_variances_are_those_of_good_pixels():
    rng = np.random.default_rng(5)
    planes = rng.uniform(-0.3, 1, (2, 20, 9, 9)).astype(np.float32) * 10.0 ** rng.uniform(
        -6, 6, (1, 20, 1, 1)
    ).astype(np.float32)
    planes[1, 3] = 0
    planes[1, 4].ravel()[1:] = 0
    medians = stamp_features(planes, "g")["ivar_median_g"]
    for ivar, median in zip(planes[1], medians):
        good = np.sort(ivar[ivar > 0])
        assert median == (good[len(good) // 2] if len(good) else 0)
