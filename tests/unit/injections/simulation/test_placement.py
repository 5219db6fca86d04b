"""Places of galaxies on a brick."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.simulation.placement import ISOLATION, LIGHT, place_injected, place_real


def brick(seed, count=48, size=512):
    """Places of both classes on one brick."""
    rng = np.random.default_rng(seed)
    real = place_real(count, size, rng)
    return real.kept, place_injected(count, size, rng, real).kept


def distances(first, second):
    """Distance in x or y of each of the first points to each of the second, without itself."""
    far = np.abs(first[:, None] - second[None]).max(2)
    return np.where(far == 0, np.inf, far)


def test_galaxies_of_the_class_do_not_blend():
    for seed in range(10):
        real, injected = brick(seed)
        assert distances(real, real).min() > ISOLATION
        assert distances(injected, real).min() > ISOLATION


def test_light_of_other_injections_stays_out_of_a_stamp():
    for seed in range(10):
        _, injected = brick(seed)
        assert distances(injected, injected).min() >= LIGHT - 1e-9


def test_both_classes_are_as_many_as_asked_for():
    numbers = np.array([[len(points) for points in brick(seed)] for seed in range(100)])
    assert numbers.mean(0) == pytest.approx([48, 48], abs=3)


def test_both_classes_have_real_neighbours_and_edges_equally_often():
    rows = []
    for seed in range(200):
        real, injected = brick(seed)
        row = []
        for points in (real, injected):
            away = distances(points, real)
            edge = np.minimum(points, 511 - points).min(1)
            # Sums, not means: a brick with more real galaxies gives more of the real stamps.
            row.append([(edge < 32).sum(), *((away < r).sum() for r in (18, 32, 48))])
        rows.append(row)
    difference = np.array(rows)[:, 0] - np.array(rows)[:, 1]
    error = difference.std(0) / np.sqrt(len(rows))
    assert (np.abs(difference.mean(0)) < 4 * error).all()


def test_the_same_seed_places_the_same_galaxies():
    for first, second in zip(brick(3), brick(3)):
        np.testing.assert_array_equal(first, second)


def test_too_many_are_refused_with_the_most_that_fit():
    with pytest.raises(InputError, match="give at most 3"):
        brick(1, count=48, size=64)
