import numpy as np
import pytest
from sklearn import metrics

from cosmodag.evaluation import count_scores
from cosmodag.evaluation.conformal import intervals


@pytest.fixture(scope="module")
def numbers():
    random = np.random.default_rng(0)
    truth = random.poisson(30, 2000).astype(float)
    groups = np.repeat(np.arange(20), 100)
    return truth, truth + random.normal(0, 3, truth.size), groups


def values(predicted, truth, groups, **more):
    drawn = count_scores.count_draws(predicted, truth, groups, replicas=200, **more)
    return {name: each["value"] for name, each in drawn.intervals(count_scores.LIMITS).items()}


def test_perfect_numbers_score_1(numbers):
    truth, _, groups = numbers
    found = values(truth, truth, groups)
    assert found["r2"] == found["slope"] == pytest.approx(1)
    assert found["correlation"] == pytest.approx(1)
    assert found["rmse"] == found["bias"] == 0


def test_the_mean_scores_nothing(numbers):
    truth, _, groups = numbers
    found = values(np.full(truth.size, truth.mean()), truth, groups)
    assert found["r2"] == pytest.approx(0)
    assert found["correlation"] == found["slope"] == 0


@pytest.mark.parametrize("offset", [0, 1e7])
def test_scores_agree_with_scikit_learn(numbers, offset):
    truth, predicted, groups = numbers
    truth, predicted = truth + offset, predicted + offset
    found = values(predicted, truth, groups)
    assert found["r2"] == pytest.approx(metrics.r2_score(truth, predicted), rel=1e-6)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, predicted))
    assert found["bias"] == pytest.approx((predicted - truth).mean())
    assert found["correlation"] == pytest.approx(np.corrcoef(truth, predicted)[0, 1])


def test_predictions_that_shrink_to_the_mean_show_in_the_slope(numbers):
    truth, _, groups = numbers
    shrunk = truth.mean() + 0.38 * (truth - truth.mean())
    assert values(shrunk, truth, groups)["slope"] == pytest.approx(0.38)


def test_intervals_of_the_right_width_cover_as_they_say(numbers):
    truth, predicted, groups = numbers
    right = intervals(predicted, 3, {"68": 1, "95": 2})
    narrow = intervals(predicted, 1, {"68": 1, "95": 2})
    found = values(predicted, truth, groups, intervals=right)
    assert found["coverage_68"] == pytest.approx(0.683, abs=0.03)
    assert found["coverage_95"] == pytest.approx(0.954, abs=0.02)
    assert values(predicted, truth, groups, intervals=narrow)["coverage_95"] < 0.6
    assert values(predicted, truth, groups)["coverage_68"] is None
