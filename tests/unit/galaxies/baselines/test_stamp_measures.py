"""Apertures and moments of stamps."""

import numpy as np
import pytest

from cosmodag.evaluation.baselines.counts import measured
from cosmodag.galaxies.baselines.stamp_measures import (
    APERTURE_RADII,
    _apertures,
    _moments,
    _radii,
    stamp_measures,
)


def gaussian(width: float, ratio: float = 1.0, side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.exp(-0.5 * (x**2 + (y / ratio) ** 2) / width**2)


def test_an_aperture_holds_its_part_of_a_gaussian():
    found = _apertures(gaussian(4), APERTURE_RADII)
    expected = 2 * np.pi * 16 * (1 - np.exp(-0.5 * (np.array(APERTURE_RADII) / 4) ** 2))
    assert found == pytest.approx(expected, rel=0.05)


def test_half_of_a_gaussian_lies_within_1_18_of_its_widths():
    for width in (3, 5):
        _, half, _, _ = _radii(gaussian(width)[None])[0]
        assert np.exp(half) == pytest.approx(1.1774 * width, rel=0.05)


def test_moments_tell_elongation_along_an_axis_and_no_more():
    *_, e1, e2, elongation = _moments(gaussian(6, ratio=0.5)[None])[0][6:12]
    assert e1 > 0.2
    assert abs(e2) < 1e-6
    assert elongation == pytest.approx(e1)
    assert _moments(gaussian(6)[None])[0][9] == pytest.approx(0, abs=1e-9)


def test_measures_see_what_the_network_is_told():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3, 32, 32, 3)).astype(np.float32)
    x[..., 2] = np.array([1, 2, 3])[:, None, None]
    found = stamp_measures(x, ("g_image", "r_image", "psf"))
    assert np.isfinite(found).all()
    assert found[:, -1].tolist() == [1, 2, 3]


def test_stamps_are_known_by_their_channels():
    assert measured(("g_image", "r_image", "psf")) == "stamp_"
    assert measured(("g_image", "g_ivar")) == ""
    assert measured(("brightness_temperature",)) == "slice_"
