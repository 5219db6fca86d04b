"""Images and inverse variances are converted to signal-to-noise ratio and relative depth."""

import numpy as np
import pytest

from cosmodag.datasets.noise_model import is_paired, signal_and_depth
from cosmodag.datasets.statistics import TrainingStatistics
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError

CHANNELS = ("g_image", "g_ivar", "r_image", "r_ivar")


@pytest.fixture
def stamps() -> np.ndarray:
    rng = np.random.default_rng(1)
    stamps = np.empty((50, 8, 8, 4), np.float32)
    depth = rng.uniform(20, 60, (50, 1, 1))
    for band in (0, 2):
        stamps[..., band] = rng.normal(size=(50, 8, 8)) / depth
        stamps[..., band + 1] = depth**2
    stamps[:, 0, 0] = 0
    return stamps


def test_noise_has_unit_variance_at_any_depth(stamps):
    output = signal_and_depth(stamps)
    assert output.dtype == np.float32
    signal = np.sinh(output[:, 1:, :, 0]).std(axis=(1, 2))
    assert signal.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(output[:, 1:, :, 1], 0, atol=1e-4)


def test_a_lower_depth_of_one_pixel_is_amplified(stamps):
    stamps[:, 4, 4, 1] *= 0.98**2
    output = signal_and_depth(stamps)
    np.testing.assert_allclose(np.sinh(output[:, 4, 4, 1]), -1, rtol=1e-3)


def test_bad_pixels_have_no_signal(stamps):
    stamps[:, 0, 0, 0] = 1e6
    stamps[3, ..., 1] = 0
    output = signal_and_depth(stamps)
    assert np.isfinite(output).all()
    assert (output[:, 0, 0, ::2] == 0).all()
    assert (output[:, 0, 0, 1] < -4).all()


def test_the_transform_is_scaled_by_the_training_split(stamps):
    statistics = TrainingStatistics(CHANNELS)
    statistics.add(stamps)
    output = build_transform("noise", statistics.summary())(stamps)
    np.testing.assert_allclose(output.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(output.std((0, 1, 2)), 1, atol=1e-4)


def test_other_channels_have_no_noise_transform(stamps):
    assert is_paired(CHANNELS)
    assert not is_paired(("layer_0", "layer_1"))
    statistics = TrainingStatistics(("layer_0", "layer_1", "a", "b"))
    statistics.add(stamps)
    with pytest.raises(InputError, match=r"transform 'noise' takes channels in pairs"):
        build_transform("noise", statistics.summary())
