"""Stamps brought to one size, and what padding tells."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.stamp_law import draw_galaxies
from cosmodag.galaxies.simulation.stamp_rendering import observed_stamp
from cosmodag.imaging.padding import border_noise, to_side


def test_larger_stamps_are_cropped_about_the_middle():
    image = np.arange(2 * 9 * 11, dtype=np.float32).reshape(2, 9, 11)
    assert np.array_equal(to_side(image, 5), image[:, 2:7, 3:8])


@pytest.mark.parametrize("side", [7, 8])
def test_smaller_stamps_stand_in_the_middle(side):
    image = np.ones((1, side, side), np.float32)
    padded = to_side(image, 16, padding="zeros")
    assert padded.sum() == side**2
    begin = (16 - side) // 2
    assert padded[0, begin : begin + side, begin : begin + side].all()


def test_padded_noise_is_that_of_the_stamp():
    rng = np.random.default_rng(1)
    scale = np.array([1.0, 5.0])[:, None, None]
    image = (2 + scale * rng.standard_normal((2, 40, 40))).astype(np.float32)
    padded = to_side(image, 128, rng=rng)
    beyond = padded[:, :40].reshape(2, -1)
    assert beyond.std(1) == pytest.approx([1, 5], rel=0.15)
    assert beyond.mean(1) == pytest.approx([2, 2], abs=0.8)


def test_bright_neighbours_at_the_border_do_not_count_as_noise():
    image = np.random.default_rng(1).standard_normal((1, 40, 40)).astype(np.float32)
    image[0, 0, :10] = 1000
    level, noise = border_noise(image)
    assert abs(level[0]) < 0.3
    assert noise[0] == pytest.approx(1, rel=0.2)


def predicted_size(padding: str) -> float:
    """R² of the size of unseen stamps, read off the spread of pixels in square rings."""
    galaxies = draw_galaxies(range(400), seed=1, sides=(32, 64)).to_dict("records")
    y, x = np.mgrid[:64, :64] - 31.5
    ring = np.maximum(np.abs(x), np.abs(y)).astype(int)
    told = []
    for galaxy in galaxies:
        image = observed_stamp(galaxy, seed=1, pixel=0.1).image
        rng = np.random.default_rng(galaxy["number"])
        r = to_side(image, 64, padding=padding, rng=rng)[1] / galaxy["noise"]
        told.append([np.median(np.abs(r[ring == number])) for number in range(16, 32)])
    told, size = np.array(told), np.array([galaxy["side"] for galaxy in galaxies])
    model = HistGradientBoostingRegressor(random_state=1, max_iter=60).fit(told[:300], size[:300])
    return model.score(told[300:], size[300:])


def test_zeros_tell_the_size_of_a_stamp_and_noise_does_not():
    assert predicted_size("zeros") > 0.9
    assert predicted_size("noise") < 0.2


def test_another_padding_is_refused():
    with pytest.raises(InputError, match="padding 'mirror': choose from noise, zeros"):
        to_side(np.zeros((1, 4, 4), np.float32), 8, padding="mirror")
