"""Gallery of galaxy images with their predictions."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.galaxies.prediction.gallery import StampImages, draw_gallery
from cosmodag.imaging.colour_images import rgb_from_bands


@pytest.fixture
def table():
    count = 60
    return pd.DataFrame(
        {
            "id": [f"galaxy{number:02d}.fits" for number in range(count)],
            "outside": np.arange(count) == 1,
            "magnitude": np.full(count, 20.0),
            "magnitude_low": np.full(count, 19.75),
            "magnitude_high": np.full(count, 20.25),
            "cluster": np.arange(count) % 3 - 1,
        }
    )


def test_gallery_shows_the_first_images_with_their_predictions(table, tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 16, 16, 4)).astype(np.float32)
    draw_gallery(tmp_path / "all.svg", StampImages(x, ("g", "r", "z")), table, ["magnitude"])
    drawn = (tmp_path / "all.svg").read_text()
    assert drawn.count("<image") == 48
    assert "magnitude 20.00 ± 0.25" in drawn
    assert "in no cluster" in drawn
    assert "cluster 1" in drawn
    assert "the first 48 of 60; framed: outside the training distribution" in drawn
    few = StampImages(x[2:5], ("g", "r", "z"))
    draw_gallery(tmp_path / "few.svg", few, table[2:5], ["magnitude"])
    drawn = (tmp_path / "few.svg").read_text()
    assert drawn.count("<image") == 3
    assert "framed" not in drawn


@pytest.mark.parametrize(("bands", "red"), [("grz", 2), ("RGB", 0)])
def test_reddest_band_is_shown_in_red(bands, red):
    image = np.full((16, 16, 3), 0.1, np.float32)
    image[4:12, 4:12, red] += 5
    shown = rgb_from_bands(image, tuple(bands))
    assert shown.shape == (16, 16, 3)
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert shown[8, 8, 0] > 0.5
    assert shown[8, 8, 1:].max() < 0.1
    assert shown[0].max() < 0.1


def test_single_band_is_shown_in_grey_and_an_empty_image_in_black():
    image = np.zeros((16, 16, 1), np.float32)
    assert (rgb_from_bands(image, ("r",)) == 0).all()
    image[8, 8] = 3
    shown = rgb_from_bands(image, ("r",))
    assert (shown == shown[..., :1]).all()
    assert shown[8, 8, 0] > 0.5
