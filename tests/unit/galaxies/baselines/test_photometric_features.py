"""Photometric features of stamps: apertures, radii and moments."""

import numpy as np
import pytest

from cosmodag.galaxies.baselines.photometric_features import (
    APERTURE_RADII,
    _aperture_fluxes,
    _moments,
    _radii,
    photometric_features,
)


def gaussian(width: float, ratio: float = 1.0, side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.exp(-0.5 * (x**2 + (y / ratio) ** 2) / width**2)


def test_apertures_enclose_the_analytic_flux_of_a_gaussian():
    flux = _aperture_fluxes(gaussian(4), APERTURE_RADII)
    expected = 2 * np.pi * 16 * (1 - np.exp(-0.5 * (np.array(APERTURE_RADII) / 4) ** 2))
    assert flux == pytest.approx(expected, rel=0.05)


def test_half_light_radius_of_a_gaussian_is_1_18_standard_deviations():
    for width in (3, 5):
        _, half, _, _ = _radii(gaussian(width)[None])[0]
        assert np.exp(half) == pytest.approx(1.1774 * width, rel=0.05)


def test_moments_measure_the_ellipticity_along_an_axis():
    *_, e1, e2, ellipticity = _moments(gaussian(6, ratio=0.5)[None])[0][6:12]
    assert e1 > 0.2
    assert abs(e2) < 1e-6
    assert ellipticity == pytest.approx(e1)
    assert _moments(gaussian(6)[None])[0][9] == pytest.approx(0, abs=1e-9)


def test_further_channels_of_the_network_are_features():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((3, 32, 32, 3)).astype(np.float32)
    x[..., 2] = np.array([1, 2, 3])[:, None, None]
    features = photometric_features(x, ("g_image", "r_image", "psf"))
    assert np.isfinite(features).all()
    assert features[:, -1].tolist() == [1, 2, 3]
