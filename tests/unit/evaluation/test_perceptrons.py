"""Ensembles of perceptrons find what is not linear, whatever the scale of the features."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.evaluation.baselines import perceptrons
from cosmodag.evaluation.baselines.examples import Examples

QUICK = perceptrons.Trials(widths=(16,), dropouts=(0.0,), epochs=25, patience=5, batch=32)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(perceptrons, "TRIALS", QUICK)
    monkeypatch.setattr(perceptrons, "MEMBERS", 2)


def features(seed: int, count: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 3))


def examples(seed: int, scale=lambda x: x) -> Examples:
    x = features(seed)
    return Examples(scale(x), 5 + x[:, 0] ** 2, pd.DataFrame(index=range(len(x))))


def test_numbers_are_predicted_beyond_linear_regression():
    test = examples(2)
    predicted = perceptrons.numbers(examples(0), examples(1), test)
    assert np.corrcoef(predicted.test, test.y)[0, 1] > 0.9  # linear regression: 0
    assert predicted.spread == pytest.approx(np.std(predicted.test - test.y), rel=0.4)


def test_only_the_ranks_of_features_matter():
    splits = [examples(seed) for seed in range(3)]
    distorted = [examples(seed, scale=lambda x: np.exp(5 * x)) for seed in range(3)]
    one, other = perceptrons.numbers(*splits), perceptrons.numbers(*distorted)
    assert np.corrcoef(one.test, other.test)[0, 1] > 0.97


def test_probabilities_of_classes_sum_to_one_and_follow_the_seed():
    x = [features(seed) for seed in range(3)]
    y = [(np.abs(each[:, 0]) > 0.7).astype(int) for each in x]

    def probabilities(seed: int) -> list[np.ndarray]:
        return perceptrons.class_probabilities(x[0], y[0], x[1], y[1], x[2], n_classes=2, seed=seed)

    _, test = probabilities(0)
    np.testing.assert_allclose(test.sum(1), 1)
    assert np.mean(test.argmax(1) == y[2]) > 0.85
    np.testing.assert_array_equal(probabilities(0)[1], test)
    assert np.abs(probabilities(1)[1] - test).max() > 1e-3
