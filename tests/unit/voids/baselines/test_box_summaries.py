"""Summaries of whole boxes: their power spectrum, and the sizes of their voids."""

import numpy as np
import pytest
from scipy.stats import norm

from cosmodag.evaluation.baselines.examples import taken
from cosmodag.gridding.spectra import power_spectrum
from cosmodag.voids.baselines.box_summaries import (
    N_RADII,
    NAMES,
    QUANTILES,
    THRESHOLDS,
    box_summaries,
    one_point_distribution,
    void_sizes,
)
from cosmodag.voids.finders.voxelize import voxelize_spheres
from tests.unit.voids.baselines.boxes import BOX, CELLS, draw_universe, joined, sources_of


@pytest.fixture(scope="module")
def summaries(universes):
    """Splits whose sub-boxes mix two boxes, and their summaries."""
    first, second = universes[:2]
    both = joined(first, second)
    mixed = taken(both, np.random.default_rng(1).permutation(len(both.x)))
    splits = {"train": mixed, "test": second.examples}
    return splits, box_summaries(sources_of(first, second), splits)


def test_every_sub_box_has_the_summaries_of_its_box(summaries):
    splits, found = summaries
    assert found.keys() == set(NAMES)
    for name, by_split in found.items():
        of_test = by_split["test"]
        assert len(of_test) == len(splits["test"].index)
        assert (of_test == of_test[0]).all()
        boxes = splits["train"].index["box"].to_numpy()
        for box in np.unique(boxes):
            assert (by_split["train"][boxes == box] == by_split["train"][boxes == box][0]).all()
        assert (by_split["train"][boxes == "u1"] == of_test[0]).all(), name
        assert not (by_split["train"][boxes == "u0"] == of_test[0]).all()


def test_the_spectrum_is_that_of_the_galaxies(summaries):
    _, found = summaries
    _, galaxies = draw_universe(1)
    overdensity = galaxies / galaxies.mean() - 1
    k, power, _ = power_spectrum(overdensity, BOX, method="cic")
    spectrum = found["spectrum"]["test"][0]
    assert np.isfinite(spectrum).all()
    assert np.log(power[k < 0.7 * np.pi / 2]).min() < spectrum.mean() < np.log(power).max()


def test_planted_voids_are_counted_by_radius_and_threshold():
    centres = np.array([[20.0, 20, 20], [70, 70, 20], [20, 70, 70]])
    radii = np.array([7.0, 13.5, 17.0])
    overdensity = np.full((CELLS,) * 3, 0.1, np.float32)
    overdensity[voxelize_spheres(centres, radii, (CELLS,) * 3, BOX) > 0] = -0.9
    values = void_sizes(overdensity, BOX, periodic=True).reshape(len(THRESHOLDS), N_RADII + 1)
    numbers = (values[:, :-1] / 2) ** 2 - 0.375
    # Edges of 6, 7.5, 9.4, 11.7, 14.6, 18.3 Mpc/h; spheres grow until their mean is the threshold.
    np.testing.assert_allclose(numbers[-1], [1, 0, 0, 1, 1, 0], atol=1e-9)
    np.testing.assert_allclose(numbers.sum(1), 3, atol=1e-9)
    fraction = (4 / 3 * np.pi * radii**3).sum() / BOX.prod()
    assert values[-1, -1] == pytest.approx(fraction, rel=0.15)
    assert (np.diff(values[:, -1]) < 0).all()


def test_the_one_point_distribution_of_white_noise_is_normal():
    noise = np.random.default_rng(1).normal(size=(CELLS,) * 3).astype(np.float32)
    values = one_point_distribution(noise, periodic=True).reshape(-1, 3 + len(QUANTILES))
    # A Gaussian of s cells leaves a variance of (4 π s²)^(-3/2); of 4 cells there are few volumes.
    expected = -0.75 * np.log(4 * np.pi * np.array([1, 4]))
    np.testing.assert_allclose(values[:2, 0], expected, atol=0.06)
    np.testing.assert_allclose(values[:2, 1], 0, atol=0.05)
    np.testing.assert_allclose(values[:2, 2], 3, atol=0.15)
    expected = norm.ppf(QUANTILES) * np.exp(values[0, 0])
    np.testing.assert_allclose(values[0, 3:], expected, atol=0.02)
