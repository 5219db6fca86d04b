"""Morphology of images for which the definitions give analytic values."""

import numpy as np
import pytest
from scipy.optimize import brentq

from cosmodag.galaxies.baselines.morphology import (
    NAMES,
    galaxy_pixels,
    measure_image,
    morphology,
    reference_band,
)
from cosmodag.galaxies.baselines.morphology_statistics import (
    concentration,
    gini,
    least_asymmetry,
    m20,
    petrosian_radius,
)

CENTRE = np.array([50.0, 50.0])


def disc(scale: float, side: int = 101, offset=(0.0, 0.0)) -> np.ndarray:
    """A face-on exponential disc of unit flux."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.exp(-np.hypot(y - offset[0], x - offset[1]) / scale) / (2 * np.pi * scale**2)


def test_petrosian_radius_and_concentration_of_a_disc_are_analytic():
    def inside(r):  # of a disc of scale 1
        return 1 - np.exp(-r) * (1 + r)

    petrosian = brentq(lambda r: np.exp(-r) - 0.2 * 2 * inside(r) / r**2, 0.5, 9)
    total = inside(1.5 * petrosian)
    r20, r80 = (brentq(lambda r, p=p: inside(r) - p * total, 1e-3, 9) for p in (0.2, 0.8))
    image = disc(6)
    assert petrosian_radius(image, CENTRE) == pytest.approx(6 * petrosian, rel=0.01)
    assert concentration(image, CENTRE, 6 * petrosian) == pytest.approx(
        5 * np.log10(r80 / r20), abs=0.01
    )


def test_asymmetry_of_a_clump_is_twice_its_fraction_of_the_flux():
    image = disc(5)
    assert least_asymmetry(image, CENTRE, 30, 0)[1] == pytest.approx(0, abs=1e-12)
    image[60, 58] += 0.1
    total = image[np.hypot(*np.mgrid[-50:51, -50:51]) <= 30].sum()
    centre, asymmetry = least_asymmetry(image, CENTRE, 30, 0)
    assert tuple(centre) == (50, 50)
    assert asymmetry == pytest.approx(2 * 0.1 / total, rel=1e-6)


@pytest.mark.parametrize("offset", [(2.0, -1.0), (0.5, 1.5)])
def test_centre_of_least_asymmetry_is_the_centre_of_the_disc(offset):
    centre, asymmetry = least_asymmetry(disc(5, offset=offset), CENTRE, 25, 0)
    assert tuple(centre) == (50 + offset[0], 50 + offset[1])
    assert asymmetry == pytest.approx(0, abs=1e-9)


def test_noise_does_not_bias_the_asymmetry():
    random, asymmetries = np.random.default_rng(0), []
    for _ in range(20):
        noisy = disc(5) + 2e-4 * random.normal(size=(101, 101))
        asymmetries.append(least_asymmetry(noisy, CENTRE, 25, 2e-4)[1])
    raw = least_asymmetry(noisy, CENTRE, 25, 0)[1]
    assert abs(np.mean(asymmetries)) < 0.15 * raw


def test_gini_is_0_for_equal_pixels_and_1_for_a_single_bright_pixel():
    assert gini(np.full(50, 3.0)) == pytest.approx(0)
    assert gini(np.eye(50)[0]) == pytest.approx(1)
    # Of 1, …, n the coefficient is 1/3 of (n + 1)/(n - 1) · (n - 1)/n, see eq. 6 by hand.
    assert gini(np.arange(1, 4.0)) == pytest.approx((-2 * 1 + 0 * 2 + 2 * 3) / (2 * 3 * 2))


def test_m20_is_the_moment_of_the_brightest_fifth():
    image = np.zeros((21, 21))
    places, flux = np.array([2, 3, 4, 5, 10, 16, 17, 18]), np.r_[0.15, np.full(7, 0.1)]
    image[10, places] = flux
    moment = flux * (places - (flux * places).sum() / flux.sum()) ** 2
    # A fifth of 0.85: the brightest alone has less, with any other it would have more.
    assert m20(image, image > 0) == pytest.approx(np.log10(moment[0] / moment.sum()))


def test_neighbours_are_outside_the_segmentation_mask():
    image = disc(4)
    image[80:84, 80:84] += 0.01
    mask = galaxy_pixels(image, CENTRE, 9)
    assert mask[50, 50]
    assert not mask[75:, 75:].any()


def test_spheroids_have_higher_concentration_and_gini_and_lower_m20_than_discs():
    y, x = np.mgrid[:101, :101] - 50.0
    radius = np.hypot(x, y) + 0.3
    spheroid = np.exp(-7.67 * ((radius / 8) ** 0.25 - 1))
    values = dict(zip(NAMES, np.array([measure_image(disc(5)), measure_image(spheroid)]).T))
    assert values["concentration"][1] > values["concentration"][0] + 0.5
    assert values["gini"][1] > values["gini"][0] + 0.05
    assert values["m20"][1] < values["m20"][0]


def test_morphology_is_nan_where_it_cannot_be_measured():
    random = np.random.default_rng(1)
    stamps = np.stack(
        [
            1e3 * disc(4, 64) + 0.02 * random.normal(size=(64, 64)),
            np.zeros((64, 64)),
            random.normal(size=(64, 64)),
        ]
    )[..., None]
    values = morphology(stamps, ["r_image"])
    assert values.shape == (3, 4)
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1]).all()
    assert petrosian_radius(disc(60, 64), np.array([31.5, 31.5])) is None
    assert morphology(stamps[:0], ["r_image"]).shape == (0, 4)


def test_reference_band_is_r_or_else_the_middle_band():
    assert reference_band(["psf", "z_image", "r_image", "g_image"]) == 2
    assert reference_band(["R_image", "G_image", "B_image"]) == 0
    assert reference_band(["u_image", "i_image", "y_image", "psf"]) == 1
    assert reference_band(["g", "i", "z"]) == 1
