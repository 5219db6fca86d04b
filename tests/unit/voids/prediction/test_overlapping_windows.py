"""Windows that cover a map, and the weights of their predictions."""

import numpy as np
import pytest

from cosmodag.voids.prediction.overlapping_windows import predict_map, tile


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize(
    ("length", "side"), [(16, 16), (17, 16), (105, 16), (40, 8), (5, 1), (9, 3)]
)
def test_weights_sum_to_one_in_every_pixel(length, side, periodic):
    tiling = tile(length, side, periodic=periodic)
    total = np.bincount(tiling.pixels.ravel(), tiling.weights.ravel(), length)
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    gaps = np.diff(np.append(tiling.starts, length if periodic else []))
    assert (gaps <= max(side // 2, 1)).all()


def test_the_windows_of_an_open_map_touch_its_ends():
    tiling = tile(21, 8, periodic=False)
    assert (tiling.pixels[0, 0], tiling.pixels[-1, -1]) == (0, 20)
    assert (np.diff(tiling.pixels, axis=1) == 1).all()


def test_inside_a_map_weights_fall_to_zero_at_the_edges_of_windows():
    weights = tile(64, 16, periodic=True).weights
    np.testing.assert_allclose(weights, weights[:, ::-1], atol=1e-12)
    assert weights[:, 0].max() < 0.01
    assert (np.diff(weights[:, :8], axis=1) > 0).all()


@pytest.mark.parametrize("periodic", [True, False])
def test_a_constant_network_gives_a_constant_map(periodic):
    tilings = tuple(tile(length, 4, periodic=periodic) for length in (11, 7))
    plane = np.random.default_rng(1).normal(size=(60, 44, 2)).astype(np.float32)
    found = predict_map(plane, tilings, 4, lambda x: np.full((len(x), 4, 4), 0.3))
    np.testing.assert_allclose(found, np.full((11, 7), 0.3), rtol=1e-6)


@pytest.mark.parametrize("periodic", [True, False])
def test_each_pixel_is_predicted_from_the_cells_below_it(periodic):
    """A network that returns the means of its input returns the means of the plane."""
    shape, factor, side = (10, 7), 3, 4
    plane = np.random.default_rng(2).random((shape[0] * factor, shape[1] * factor, 1))
    means = plane.reshape(shape[0], factor, shape[1], factor).mean((1, 3))
    margin = side * factor if periodic else 0
    padded = np.pad(plane, ((0, margin), (0, margin), (0, 0)), mode="wrap")
    tilings = tuple(tile(length, side, periodic=periodic) for length in shape)
    found = predict_map(
        padded, tilings, factor, lambda x: x.reshape(-1, side, factor, side, factor).mean((2, 4))
    )
    np.testing.assert_allclose(found, means, rtol=1e-6)
