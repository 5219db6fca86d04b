"""Scores of the structure of ionized regions: cross-coherence and bubble sizes."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Subset
from cosmodag.evaluation.map_evaluation import MapEvaluation
from cosmodag.reionization.evaluation import ionization_scores as scores
from cosmodag.reionization.evaluation.ionized_maps import IonizedMapEvaluation

SIDE = 48


@pytest.fixture(scope="module")
def bubbles():
    """Smooth fields of unit variance and ionized regions where they are large."""
    white = np.random.default_rng(1).normal(size=(12, SIDE, SIDE))
    field = ndimage.gaussian_filter(white, (0, 3, 3), mode="wrap")
    field /= field.std()
    return field, field > 0.3


def coherence(first, second):
    return scores.coherence(scores.power_sums(first, second, np.zeros(len(first)))[0])


def test_coherence_does_not_depend_on_the_amplitude(bubbles):
    field, _ = bubbles
    np.testing.assert_allclose(coherence(field, 3 * field + 1), 1)
    np.testing.assert_allclose(coherence(field, -field), -1)


def test_independent_maps_are_not_coherent():
    random = np.random.default_rng(0)
    r = coherence(*random.normal(size=(2, 40, SIDE, SIDE)))
    assert np.abs(r).max() < 0.1


def test_noise_lowers_the_coherence_at_its_wavenumbers():
    random = np.random.default_rng(0)
    signal, noise = random.normal(size=(2, 60, SIDE, SIDE))
    smooth = ndimage.gaussian_filter(noise, (0, 2, 2), mode="wrap")
    smooth *= 2 / smooth.std()
    r = coherence(signal, signal + smooth)  # noise on large scales only
    assert r[0] < 0.3
    assert r[-1] > 0.95


def test_power_sums_count_each_mode_once():
    random = np.random.default_rng(0)
    for shape in ((16, 16), (15, 15)):
        field = random.normal(size=(1, *shape))
        sums = scores.power_sums(field, field, np.zeros(1))[0, :, 1]
        k = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij"))
        bins = (k / 0.5 * scores.N_BINS).astype(int)
        power = np.abs(np.fft.fft2(field[0])) ** 2
        expected = [power[(bins == n) & (k > 0)].sum() for n in range(scores.N_BINS)]
        np.testing.assert_allclose(sums, expected)


def test_free_paths_through_a_rectangular_bubble_are_exact():
    mask = np.zeros((20, 20), bool)
    mask[5:9, 16:] = mask[5:9, :2] = True  # 4 by 6 pixels, across the edge
    (count,) = scores.free_path_histogram(mask[np.newaxis], 20)
    # In each direction each length up to that of the bubble occurs once per line.
    expected = np.zeros(20)
    expected[:4] += 2 * 6
    expected[:6] += 2 * 4
    np.testing.assert_array_equal(count, expected)


def test_a_path_without_an_end_has_the_length_of_the_side():
    (count,) = scores.free_path_histogram(np.ones((1, 8, 8), bool), 8)
    np.testing.assert_array_equal(count, [0] * 7 + [4 * 64])


def test_perfect_predictions_have_perfect_scores(bubbles):
    _, truth = bubbles
    groups = np.arange(12) % 4
    draws = scores.structure_draws(truth.astype(float), truth, groups, threshold=0.5, replicas=50)
    assert draws.values["coherence"] == pytest.approx(1)
    assert draws.values["bubble_distance"] == 0
    assert draws.values["bubble_ratio"] == pytest.approx(1)


def test_smaller_bubbles_lower_the_bubble_ratio(bubbles):
    field, truth = bubbles
    smaller = (field > 0.8).astype(float)
    draws = scores.structure_draws(smaller, truth, np.arange(12), threshold=0.5, replicas=200)
    intervals = draws.intervals(scores.LIMITS)
    assert intervals["bubble_ratio"]["high"] < 0.8
    assert intervals["bubble_distance"]["low"] > 0.1
    assert intervals["coherence"]["value"] < 0.95


def test_only_maps_of_ionized_regions_have_scores_of_structure(bubbles):
    field, truth = bubbles
    index = pd.DataFrame({"group": [f"realization{n}" for n in range(len(truth))]})
    split = Examples(field[..., None].astype(np.float32), truth, index, ("density",))
    examples = dict.fromkeys(("train", "valid", "test"), split)
    probability = {"probability": truth[:, None] * 0.8 + 0.1}
    predictions = {"valid": probability, "test": probability}
    for kind, structured in ((IonizedMapEvaluation, True), (MapEvaluation, False)):
        evaluation = kind({"name": "map", "channel": "ionized"})
        scored = evaluation.score(Subset(examples, predictions, {}), replicas=20, seed=0)
        assert ("coherence" in scored.metrics["scores"]) == structured
        assert ("bubbles" in scored.figures) == structured
