"""Positions of galaxies on a brick."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.simulation.placement import (
    INJECTION_SEPARATION,
    ISOLATION,
    place_injections,
    place_real_galaxies,
)


def brick(seed, count=48, size=512):
    """Return positions of both classes on one brick."""
    rng = np.random.default_rng(seed)
    real = place_real_galaxies(count, size, rng)
    return real.accepted, place_injections(count, size, rng, real).accepted


def distances(first, second):
    """Return the larger distance in x or y between all pairs of two sets of points."""
    distance = np.abs(first[:, None] - second[None]).max(2)
    return np.where(distance == 0, np.inf, distance)


def test_emission_line_galaxies_do_not_blend():
    for seed in range(10):
        real, injected = brick(seed)
        assert distances(real, real).min() > ISOLATION
        assert distances(injected, real).min() > ISOLATION


def test_injections_are_separated_by_more_than_a_stamp():
    for seed in range(10):
        _, injected = brick(seed)
        assert distances(injected, injected).min() >= INJECTION_SEPARATION - 1e-9


def test_both_classes_have_the_expected_count():
    counts = np.array([[len(points) for points in brick(seed)] for seed in range(100)])
    assert counts.mean(0) == pytest.approx([48, 48], abs=3)


def test_both_classes_have_equally_many_real_neighbours_and_edges():
    rows = []
    for seed in range(200):
        real, injected = brick(seed)
        row = []
        for points in (real, injected):
            distance = distances(points, real)
            edge = np.minimum(points, 511 - points).min(1)
            # Sums, not means: a brick with more real galaxies gives more of the real stamps.
            row.append([(edge < 32).sum(), *((distance < r).sum() for r in (18, 32, 48))])
        rows.append(row)
    difference = np.array(rows)[:, 0] - np.array(rows)[:, 1]
    error = difference.std(0) / np.sqrt(len(rows))
    assert (np.abs(difference.mean(0)) < 4 * error).all()


def test_positions_are_reproducible():
    for first, second in zip(brick(3), brick(3)):
        np.testing.assert_array_equal(first, second)


def test_error_for_a_too_high_density_gives_the_maximum():
    with pytest.raises(InputError, match="give at most 3"):
        brick(1, count=48, size=64)
