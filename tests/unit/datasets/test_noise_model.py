"""Images told as signal and noise."""

import numpy as np
import pytest

from cosmodag.datasets.noise_model import is_paired, noise_model
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


def test_noise_has_one_scale_whatever_the_depth(stamps):
    told = noise_model(stamps)
    assert told.dtype == np.float32
    signal = np.sinh(told[:, 1:, :, 0]).std(axis=(1, 2))
    assert signal.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(told[:, 1:, :, 1], 0, atol=1e-4)


def test_a_dip_of_the_depth_stands_out(stamps):
    stamps[:, 4, 4, 1] *= 0.98**2
    told = noise_model(stamps)
    np.testing.assert_allclose(np.sinh(told[:, 4, 4, 1]), -1, rtol=1e-3)


def test_bad_pixels_give_no_signal(stamps):
    stamps[:, 0, 0, 0] = 1e6
    stamps[3, ..., 1] = 0
    told = noise_model(stamps)
    assert np.isfinite(told).all()
    assert (told[:, 0, 0, ::2] == 0).all()
    assert (told[:, 0, 0, 1] < -4).all()


def test_the_transform_is_scaled_by_the_training_split(stamps):
    statistics = TrainingStatistics(CHANNELS)
    statistics.add(stamps)
    told = build_transform("noise", statistics.summary())(stamps)
    np.testing.assert_allclose(told.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(told.std((0, 1, 2)), 1, atol=1e-4)


def test_other_channels_have_no_noise_model(stamps):
    assert is_paired(CHANNELS)
    assert not is_paired(("layer_0", "layer_1"))
    statistics = TrainingStatistics(("layer_0", "layer_1", "a", "b"))
    statistics.add(stamps)
    with pytest.raises(InputError, match=r"transform 'noise' takes channels in pairs"):
        build_transform("noise", statistics.summary())
