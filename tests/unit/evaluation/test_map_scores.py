import numpy as np
import pytest
from sklearn import metrics

from cosmodag.evaluation import map_scores

GROUPS = np.repeat(np.arange(6), 10)


@pytest.fixture(scope="module")
def calibrated():
    random = np.random.default_rng(0)
    probability = random.beta(0.6, 1.2, size=(60, 12, 12))
    return probability, random.random(probability.shape) < probability


def scores_of(probability, mask, threshold=0.5, base_rate=None):
    base_rate = mask.mean() if base_rate is None else base_rate
    drawn = map_scores.map_draws(
        probability, mask, GROUPS, threshold=threshold, base_rate=base_rate, replicas=200
    )
    return drawn.intervals(map_scores.LIMITS)


def test_a_perfect_map_scores_1(calibrated):
    _, mask = calibrated
    found = scores_of(mask.astype(float), mask)
    for name in ("mcc", "f1", "iou", "average_precision", "brier_skill"):
        assert found[name] == pytest.approx({"value": 1.0, "low": 1.0, "high": 1.0})
    assert found["brier"]["value"] == found["expected_calibration_error"]["value"] == 0


@pytest.mark.parametrize("level", [0.0, 0.31, 1.0])
def test_a_constant_map_has_no_correlation_and_no_skill(calibrated, level):
    _, mask = calibrated
    found = scores_of(np.full(mask.shape, level), mask)
    assert found["mcc"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["brier_skill"]["value"] <= 1e-12
    assert found["average_precision"]["value"] == pytest.approx(mask.mean())
    assert found["prediction_std"]["value"] == pytest.approx(0, abs=1e-6)


def test_the_base_rate_everywhere_has_zero_skill(calibrated):
    _, mask = calibrated
    found = scores_of(np.full(mask.shape, mask.mean()), mask)
    assert found["brier_skill"]["value"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.773])
def test_scores_agree_with_scikit_learn(calibrated, threshold):
    probability, mask = calibrated
    found = {k: v["value"] for k, v in scores_of(probability, mask, threshold).items()}
    truth, flat = mask.ravel(), probability.ravel()
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(truth, flat >= threshold))
    assert found["f1"] == pytest.approx(metrics.f1_score(truth, flat >= threshold))
    assert found["iou"] == pytest.approx(metrics.jaccard_score(truth, flat >= threshold))
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(truth, flat))
    assert found["average_precision"] == pytest.approx(
        metrics.average_precision_score(truth, flat), abs=1e-3
    )


def test_ties_are_ranked_as_scikit_learn_ranks_them(calibrated):
    probability, mask = calibrated
    coarse = np.round(probability, 1)
    found = scores_of(coarse, mask)["average_precision"]["value"]
    assert found == pytest.approx(metrics.average_precision_score(mask.ravel(), coarse.ravel()))


def test_calibration_error_is_the_known_offset():
    mask = np.zeros((60, 10, 10), bool)
    mask[:, ::2] = True
    found = scores_of(np.full(mask.shape, 0.7), mask)
    assert found["expected_calibration_error"]["value"] == pytest.approx(0.2)


def test_calibrated_probabilities_have_a_small_calibration_error(calibrated):
    probability, mask = calibrated
    good = scores_of(probability, mask)["expected_calibration_error"]["value"]
    overconfident = np.where(probability > 0.5, 0.99, 0.01)
    bad = scores_of(overconfident, mask)["expected_calibration_error"]["value"]
    assert good < 0.02 < 0.1 < bad


def test_collapsed_predictions_are_seen_as_such(calibrated):
    _, mask = calibrated
    collapsed = np.random.default_rng(1).uniform(0.495, 0.509, mask.shape)
    found = scores_of(collapsed, mask)
    assert found["prediction_p99"]["value"] - found["prediction_p01"]["value"] < 0.015
    assert map_scores.extremes(collapsed)["prediction_min"]["value"] == collapsed.min()


def test_cubes_are_scored_like_squares(calibrated):
    probability, mask = calibrated
    cubes = (each.reshape(60, 4, 6, 6) for each in (probability, mask))
    assert scores_of(*cubes) == scores_of(probability, mask)


def test_the_chosen_threshold_has_the_best_correlation(calibrated):
    probability, mask = calibrated
    chosen = map_scores.choose_threshold(probability, mask)
    best = scores_of(probability, mask, chosen)["mcc"]["value"]
    for other in np.linspace(0.05, 0.95, 19):
        assert scores_of(probability, mask, other)["mcc"]["value"] <= best + 1e-3
    assert map_scores.choose_threshold(np.full(mask.shape, 0.3), mask) == 0.5


def test_the_reliability_curve_of_calibrated_maps_follows_the_diagonal(calibrated):
    probability, mask = calibrated
    curve = map_scores.reliability(probability, mask, GROUPS)
    observed = [each["value"] for each in curve["observed"]]
    np.testing.assert_allclose(observed, curve["predicted"], atol=0.08)
    assert sum(curve["share"]) == pytest.approx(1)


def test_unknown_pixels_do_not_count(calibrated):
    probability, mask = calibrated
    known = np.zeros(mask.shape, bool)
    known[:, :7] = True
    unknown = np.where(known, mask, np.nan)
    ours = scores_of(probability, unknown, base_rate=0.3)
    assert ours == scores_of(probability[:, :7], mask[:, :7], base_rate=0.3)
    assert map_scores.choose_threshold(probability, unknown) == map_scores.choose_threshold(
        probability[:, :7], mask[:, :7]
    )
    curve = map_scores.reliability(probability, unknown, GROUPS)
    assert curve == map_scores.reliability(probability[:, :7], mask[:, :7], GROUPS)
