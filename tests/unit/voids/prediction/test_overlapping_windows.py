"""Windows that cover a map or a cube, and the weights of their predictions."""

import numpy as np
import pytest

from cosmodag.voids.prediction.overlapping_windows import average_windows, tile


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize(
    ("length", "side"), [(16, 16), (17, 16), (105, 16), (40, 8), (5, 1), (9, 3)]
)
def test_weights_sum_to_one_in_every_pixel(length, side, periodic):
    tiling = tile(length, side, periodic=periodic)
    total = np.bincount(tiling.pixels.ravel(), tiling.weights.ravel(), length)
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    gaps = np.diff(np.append(tiling.starts, length if periodic and length > side else []))
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
def test_a_window_as_long_as_the_axis_is_predicted_once(periodic):
    tiling = tile(8, 8, periodic=periodic)
    assert tiling.starts.tolist() == [0]
    np.testing.assert_array_equal(tiling.weights, np.ones((1, 8)))


@pytest.mark.parametrize("lengths", [(11, 7), (9, 5, 6)])
@pytest.mark.parametrize("periodic", [True, False])
def test_a_constant_network_gives_a_constant_map_or_cube(lengths, periodic):
    tilings = [tile(length, 4, periodic=periodic) for length in lengths]
    window = (4,) * len(lengths)
    found = average_windows(
        tilings, 1, lambda corner: np.zeros(window), lambda x: np.full(x.shape, 0.3), batch=7
    )
    np.testing.assert_allclose(found, np.full(lengths, 0.3), rtol=1e-6)


@pytest.mark.parametrize("lengths", [(10, 7), (6, 9, 5)])
@pytest.mark.parametrize("periodic", [True, False])
def test_each_pixel_is_predicted_from_the_cells_below_it(lengths, periodic):
    """A network that returns the means of its input returns the means of the cells."""
    factor, side, dimensions = 3, 4, len(lengths)
    blocks = [part for length in lengths for part in (length, factor)]
    within = tuple(range(1, 2 * dimensions, 2))
    cells = np.random.default_rng(2).random(blocks)
    means = cells.mean(within)
    margin = side * factor if periodic else 0
    cells = cells.reshape([factor * length for length in lengths])
    padded = np.pad(cells, [(0, margin)] * dimensions, mode="wrap")

    def read(corner):
        return padded[tuple(slice(start, start + side * factor) for start in corner)]

    def predict(windows):
        axes = tuple(1 + axis for axis in within)
        return windows.reshape(-1, *(side, factor) * dimensions).mean(axes)

    tilings = [tile(length, side, periodic=periodic) for length in lengths]
    found = average_windows(tilings, factor, read, predict, batch=5)
    np.testing.assert_allclose(found, means, rtol=1e-6)
