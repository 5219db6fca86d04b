"""Slices of a cube are combined as far as the validation split shows that they are independent."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.reionization.prediction.combination import ClassPool, validation_cubes

VALUES = np.array([0.0, 1.0])
N_CUBES, N_SLICES = 2000, 12


def slices(shared: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities of two classes, classes, and cubes, of a Gaussian measurement.

    Each slice measures the class with an error of variance 1, of which a part is common to all
    slices of a cube. Its probability is calibrated for the slice by itself.
    """
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, N_CUBES)
    common = random.normal(0, np.sqrt(shared), (N_CUBES, 1))
    own = random.normal(0, np.sqrt(1 - shared), (N_CUBES, N_SLICES))
    measured = truth[:, None] + common + own
    second = 1 / (1 + np.exp(-(measured - 0.5)))
    probability = np.stack([1 - second, second], -1).reshape(-1, 2)
    cubes = np.arange(N_CUBES).repeat(N_SLICES)
    return probability, truth.repeat(N_SLICES), cubes


def test_independent_slices_add_up():
    pool = ClassPool.fit(*slices(0.0), N_SLICES)
    assert pool.n_independent == pytest.approx(N_SLICES, rel=0.15)


def test_slices_with_a_common_error_count_as_one():
    pool = ClassPool.fit(*slices(1.0), N_SLICES)
    assert pool.n_independent == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("shared", [0.0, 0.3, 1.0])
def test_combined_probabilities_are_calibrated(shared):
    pool = ClassPool.fit(*slices(shared), N_SLICES)
    probability, truth, cubes = slices(shared, seed=1)
    combined = np.concatenate([pool.pool(probability[cubes == n]) for n in range(N_CUBES)])
    expected = combined[:, 1].mean()
    assert truth[::N_SLICES].mean() == pytest.approx(expected, abs=0.05)
    sure = combined.max(1) > 0.8
    right = combined.argmax(1) == truth[::N_SLICES]
    assert right[sure].mean() == pytest.approx(combined.max(1)[sure].mean(), abs=0.04)


def test_a_slice_alone_keeps_its_probability():
    pool = ClassPool.fit(*slices(0.0), 1)
    assert pool.n_independent == 1
    np.testing.assert_array_equal(pool.pool(np.array([[0.3, 0.7]])), [[0.3, 0.7]])


def test_few_cubes_never_make_certain():
    pool = ClassPool(100.0, n_cubes=8)
    combined = pool.pool(np.tile([0.01, 0.99], (50, 1)))
    assert combined[0, 1] == pytest.approx(1 - 0.1 / 2)


def test_cubes_are_told_by_their_labels():
    index = pd.DataFrame(
        {"group": list("aabb"), "redshift": [7, 8, 7, 7], "escape_fraction": [0.1] * 4}
    )
    assert validation_cubes(index).tolist() == [0, 1, 2, 2]
