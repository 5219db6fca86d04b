"""Statistics that react to sky, correlated noise and neighbours, and not to the galaxy."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cosmodag.galaxies.prediction.stamp_statistics import stamp_statistics

CHANNELS = ("g_image", "r_image", "z_image", "psf")
COUNT, SIDE = 40, 64
SKY, CORRELATION, ASYMMETRY = range(3)


def stamps(*, sky: float = 0.0, correlation: float = 0.0, neighbour: float = 0.0) -> np.ndarray:
    """Return exponential discs of different brightness and size with noise of 1 per pixel."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    noise = random.normal(size=(COUNT, SIDE, SIDE, 3))
    if correlation:
        noise = gaussian_filter(noise, (0, correlation, correlation, 0), mode="wrap")
        noise /= noise.std()
    images = np.zeros((COUNT, SIDE, SIDE))
    for image in images:
        flux, scale = 10 ** random.uniform(2.5, 3.5), random.uniform(2, 4)
        dx, dy = random.uniform(-0.5, 0.5, 2)
        for factor, shift in ((1, 0), (neighbour, 14)):
            radius = np.hypot(x - dx - shift, (y - dy) / 0.7)
            image += factor * flux / scale**2 / 5 * np.exp(-radius / scale)
    image = images[..., None] + noise + sky
    return np.concatenate([image, np.full((COUNT, SIDE, SIDE, 1), 3.0)], -1).astype(np.float32)


def measured(x: np.ndarray, side: int = SIDE) -> np.ndarray:
    return stamp_statistics(x, CHANNELS, np.full(len(x), side))


@pytest.mark.parametrize(
    ("change", "column", "sign"),
    [
        ({"sky": 0.5}, SKY, 1),
        ({"sky": -0.5}, SKY, -1),
        ({"correlation": 0.8}, CORRELATION, -1),
        ({"neighbour": 0.5}, ASYMMETRY, 1),
    ],
    ids=["bright sky", "dark sky", "correlated noise", "neighbour"],
)
def test_change_of_an_image_moves_its_statistic_out_of_the_range_of_others(change, column, sign):
    usual, changed = measured(stamps())[:, column], measured(stamps(**change))[:, column]
    assert np.mean(sign * changed > (sign * usual).max()) > 0.9


def test_statistics_do_not_depend_on_the_unit_of_flux():
    x = stamps(sky=0.3)
    assert measured(x * np.float32(7)) == pytest.approx(measured(x), rel=1e-3, abs=1e-3)


def test_padding_is_not_measured():
    x = stamps()
    inner = x.copy()
    inner[:, :8] = inner[:, -8:] = 1000
    inner[:, :, :8] = inner[:, :, -8:] = 1000
    assert np.array_equal(measured(inner, 48), measured(x, 48))


def test_images_without_scatter_have_finite_statistics():
    assert np.isfinite(measured(np.ones((2, SIDE, SIDE, 4), np.float32))).all()
    for side in (3, 12):
        assert np.isfinite(measured(np.ones((2, side, side, 4), np.float32), side)).all()
