"""Quantities of stamps with known content."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.injections.diagnosis.quantities import CAUSES, cause_of, measure
from cosmodag.injections.diagnosis.stamp_quantities import stamp_quantities

FWHM = 1.4
SIGMA = FWHM / 2.355 / 0.262
DEPTH, GAIN = 400.0, 50.0
BANDS = "gr"


def make_stamps(
    *,
    count: int = 200,
    width: float = 1.2,
    centre: tuple[float, float] = (0.0, 0.0),
    flux: float = 40.0,
    sky: float = 0.0,
    noise: float = 1.0,
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return Gaussian sources with the noise of sky and photons, and their index.

    The width is in units of that of the point-spread function, the noise in units of that which the
    inverse variance states.
    """
    rng = np.random.default_rng(4)
    offset = np.arange(32) - 16
    x, y = offset - centre[0], offset[:, None] - centre[1]
    variance = (width * SIGMA) ** 2
    source = flux * np.exp(-(x**2 + y**2) / (2 * variance)) / (2 * np.pi * variance)
    planes = np.empty((count, 32, 32, 4), np.float32)
    for band in range(2):
        scatter = noise * np.sqrt(1 / DEPTH + source / GAIN)
        planes[..., 2 * band] = source + rng.normal(size=(count, 32, 32)) * scatter + sky
        planes[..., 2 * band + 1] = 1 / (1 / DEPTH + source / GAIN)
    index = pd.DataFrame({"bx": np.full(count, 100.3), "by": np.full(count, 49.8)})
    for band in BANDS:
        index[f"psfsize_{band}"], index[f"flux_{band}"] = FWHM, flux
    return planes, index


def median(name: str, **options) -> float:
    """Return the median of a quantity of stamps."""
    return float(np.nanmedian(stamp_quantities(*make_stamps(**options), BANDS)[name]))


def test_offset_is_centroid_minus_position_in_the_pixel():
    assert median("offset_x", centre=(0.3, -0.2)) == pytest.approx(0, abs=0.02)
    assert median("offset_y", centre=(0.3, -0.2)) == pytest.approx(0, abs=0.02)
    assert median("offset_x", centre=(-0.7, -0.2)) == pytest.approx(-1, abs=0.02)


def test_width_of_a_gaussian_is_recovered():
    assert median("inner_width", width=1.2) == pytest.approx(1.44, abs=0.03)
    assert median("core_width", width=1.2) == pytest.approx(0.25 * 1.44, abs=0.05)


def test_sky_noise_and_depth_are_those_of_the_pixels():
    deviation = DEPTH**-0.5
    assert median("sky_g", sky=0.5 * deviation) == pytest.approx(0.5, abs=0.03)
    assert median("scatter_r") == pytest.approx(0, abs=0.02)
    assert median("scatter_r", noise=1.2) == pytest.approx(np.log(1.2), abs=0.03)
    assert median("depth_g") == pytest.approx(np.log(DEPTH), abs=0.01)
    assert median("correlation_g") == pytest.approx(0, abs=0.01)


def test_sky_level_changes_nothing_else():
    for name in ("offset_x", "inner_width", "ivar_response_g", "aperture_g", "scatter_g"):
        assert median(name, sky=0.02) == pytest.approx(median(name), abs=0.01)


def test_response_of_the_inverse_variance_is_the_photon_noise():
    # variance = sky + flux / gain, so the excess per flux is DEPTH / GAIN in units of the sky.
    assert median("ivar_response_g") == pytest.approx(DEPTH**0.5 / GAIN, rel=0.03)


def test_aperture_compares_the_fluxes_of_stamp_and_catalogue():
    planes, index = make_stamps()
    brighter = stamp_quantities(planes, index.assign(flux_g=44.0), BANDS)["aperture_g"]
    assert np.median(brighter) - median("aperture_g") == pytest.approx(2.5 * np.log10(1.1))


def test_masked_pixels_are_ignored():
    planes, index = make_stamps()
    planes[:, :6] = 0  # image and inverse variance
    masked = stamp_quantities(planes, index, BANDS)
    for name in ("sky_g", "scatter_g", "depth_g", "offset_x", "inner_width"):
        assert np.nanmedian(masked[name]) == pytest.approx(median(name), abs=0.03)
    empty = stamp_quantities(np.zeros_like(planes), index, BANDS)
    assert np.isnan(empty["sky_g"]).all()
    assert np.isnan(empty["inner_width"]).all()


def test_every_quantity_belongs_to_a_cause():
    planes, index = make_stamps(count=6)
    index = index.assign(g=22.0, r=21.0, size=0.5, ellipticity=0.1, bad_fraction=0.0)
    table = measure(lambda rows: planes[rows], index, np.arange(6), BANDS)
    assert len(table) == 6
    assert {cause_of(name) for name in table} == set(CAUSES)
