"""Ellipticities, profiles and averages of known shapes."""

import numpy as np
import pytest

from cosmodag.voids.statistics.box_averages import average_over_boxes
from cosmodag.voids.statistics.ellipticity import ellipticity, turn_randomly
from cosmodag.voids.statistics.universal_profile import UniversalProfile, fit_profile


@pytest.fixture
def ball():
    """Points that fill a sphere of radius 1."""
    points = np.random.default_rng(0).uniform(-1, 1, (200_000, 3))
    return points[(points**2).sum(axis=1) < 1]


@pytest.mark.parametrize("axes", [(1, 1, 1), (3, 2, 1), (1, 1, 4)])
def test_the_ellipticity_of_an_ellipsoid(ball, axes):
    a, b, c = sorted(np.square(axes), reverse=True)
    expected = 1 - ((b + c) / (a + b)) ** 0.25
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    offset = (ball * axes) @ rotation
    assert ellipticity(offset, np.ones(len(offset))) == pytest.approx(expected, abs=4e-3)


def test_turned_points_keep_their_distances_and_are_round(ball):
    needle = ball * (0.1, 0.1, 2)
    turned = turn_randomly(needle, np.random.default_rng(2))
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(needle, axis=1))
    assert ellipticity(turned, np.ones(len(turned))) < 0.01
    assert ellipticity(needle, np.ones(len(needle))) > 0.5


def test_a_profile_is_recovered():
    truth = UniversalProfile(-0.8, 0.95, 2.5, 7.0, 1.05)
    distance = np.arange(0.05, 3, 0.1)
    fit = fit_profile(distance, truth.overdensity(distance))
    np.testing.assert_allclose(list(vars(fit).values()), list(vars(truth).values()), rtol=1e-3)


def test_shells_that_are_not_known_are_left_out_of_a_fit():
    distance = np.arange(0.05, 3, 0.1)
    overdensity = UniversalProfile(-0.8, 0.95, 2.5, 7.0, 1.05).overdensity(distance)
    overdensity[20:] = np.nan
    assert fit_profile(distance, overdensity).scale_radius == pytest.approx(0.95, rel=1e-3)
    assert fit_profile(distance, np.full(30, np.nan)) is None


def test_errors_are_those_of_repeated_experiments():
    rng = np.random.default_rng(3)
    weights = rng.uniform(1, 3, (2000, 12, 1))
    values = rng.normal(2.0, 0.5, weights.shape)
    averages = [average_over_boxes(w * v, w) for w, v in zip(weights, values)]
    scatter = np.std([average.value for average in averages])
    assert np.mean([average.error for average in averages]) == pytest.approx(scatter, rel=0.05)


def test_one_box_has_no_error():
    average = average_over_boxes([[3.0, 0.0]], [[2.0, 0.0]])
    np.testing.assert_array_equal(average.value, [1.5, np.nan])
    assert np.isnan(average.error).all()
    assert np.isnan(average.mean(np.array([True, False]))[1])


def test_the_error_of_a_mean_knows_that_bins_scatter_together():
    counts = np.array([[10.0, 20.0], [14.0, 28.0], [12.0, 24.0]])
    average = average_over_boxes(counts, np.ones((3, 2)) * [10, 20])
    value, error = average.mean(np.array([True, True]))
    assert value == pytest.approx(1.2)
    assert error == pytest.approx(average.error[0]) == pytest.approx(average.error[1])
