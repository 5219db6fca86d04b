"""Stamps cropped and padded to one size, and what padding reveals."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.galaxy_parameters import ObservingConditions, draw_galaxies
from cosmodag.galaxies.simulation.stamp_rendering import observe
from cosmodag.imaging.padding import border_noise, crop_or_pad


def test_larger_stamps_are_cropped_about_the_centre():
    image = np.arange(2 * 9 * 11, dtype=np.float32).reshape(2, 9, 11)
    assert np.array_equal(crop_or_pad(image, 5), image[:, 2:7, 3:8])


@pytest.mark.parametrize("side", [7, 8])
def test_smaller_stamps_are_padded_about_the_centre(side):
    image = np.ones((1, side, side), np.float32)
    padded = crop_or_pad(image, 16, padding="zeros")
    assert padded.sum() == side**2
    begin = (16 - side) // 2
    assert padded[0, begin : begin + side, begin : begin + side].all()


def test_padded_noise_has_the_background_and_scatter_of_the_stamp():
    rng = np.random.default_rng(1)
    scale = np.array([1.0, 5.0])[:, None, None]
    image = (2 + scale * rng.standard_normal((2, 40, 40))).astype(np.float32)
    padded = crop_or_pad(image, 128, rng=rng)
    filled = padded[:, :40].reshape(2, -1)
    assert filled.std(1) == pytest.approx([1, 5], rel=0.15)
    assert filled.mean(1) == pytest.approx([2, 2], abs=0.8)


def test_bright_neighbours_at_the_border_do_not_bias_the_noise():
    image = np.random.default_rng(1).standard_normal((1, 40, 40)).astype(np.float32)
    image[0, 0, :10] = 1000
    background, noise = border_noise(image)
    assert abs(background[0]) < 0.3
    assert noise[0] == pytest.approx(1, rel=0.2)


def predicted_size(padding: str) -> float:
    """Return R² of the size of test stamps, predicted from the scatter in square rings."""
    conditions = ObservingConditions(sides=(32, 64))
    galaxies = draw_galaxies(range(400), seed=1, conditions=conditions).to_dict("records")
    y, x = np.mgrid[:64, :64] - 31.5
    ring = np.maximum(np.abs(x), np.abs(y)).astype(int)
    scatter = []
    for galaxy in galaxies:
        image = observe(galaxy, seed=1, pixel=0.1).image
        rng = np.random.default_rng(galaxy["number"])
        r = crop_or_pad(image, 64, padding=padding, rng=rng)[1] / galaxy["noise"]
        scatter.append([np.median(np.abs(r[ring == radius])) for radius in range(16, 32)])
    scatter, size = np.array(scatter), np.array([galaxy["side"] for galaxy in galaxies])
    model = HistGradientBoostingRegressor(random_state=1, max_iter=60).fit(
        scatter[:300], size[:300]
    )
    return model.score(scatter[300:], size[300:])


def test_zero_padding_reveals_the_size_of_a_stamp_and_noise_padding_does_not():
    assert predicted_size("zeros") > 0.9
    assert predicted_size("noise") < 0.2


def test_unknown_padding_raises():
    with pytest.raises(InputError, match="padding 'mirror': choose from noise, zeros"):
        crop_or_pad(np.zeros((1, 4, 4), np.float32), 8, padding="mirror")


def test_padding_with_noise_requires_a_generator():
    with pytest.raises(ValueError, match="rng is required"):
        crop_or_pad(np.zeros((1, 8, 8), np.float32), 16)
