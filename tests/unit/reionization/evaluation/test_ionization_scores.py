"""The structure of ionized regions: cross-coherence and sizes of bubbles."""

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
    """Smooth fields of unit variance and the ionized regions where they are high."""
    white = np.random.default_rng(1).normal(size=(12, SIDE, SIDE))
    field = ndimage.gaussian_filter(white, (0, 3, 3), mode="wrap")
    field /= field.std()
    return field, field > 0.3


def coherence(first, second):
    return scores.coherence(scores.power_sums(first, second, np.zeros(len(first)))[0])


def test_a_map_is_coherent_with_itself_whatever_its_amplitude(bubbles):
    field, _ = bubbles
    np.testing.assert_allclose(coherence(field, 3 * field + 1), 1)
    np.testing.assert_allclose(coherence(field, -field), -1)


def test_independent_maps_are_not_coherent():
    random = np.random.default_rng(0)
    found = coherence(*random.normal(size=(2, 40, SIDE, SIDE)))
    assert np.abs(found).max() < 0.1


def test_coherence_falls_where_noise_is_added():
    random = np.random.default_rng(0)
    signal, noise = random.normal(size=(2, 60, SIDE, SIDE))
    smooth = ndimage.gaussian_filter(noise, (0, 2, 2), mode="wrap")
    smooth *= 2 / smooth.std()
    found = coherence(signal, signal + smooth)  # noise on large scales alone
    assert found[0] < 0.3
    assert found[-1] > 0.95


def test_power_counts_every_mode_once():
    random = np.random.default_rng(0)
    for shape in ((16, 16), (15, 15)):
        field = random.normal(size=(1, *shape))
        found = scores.power_sums(field, field, np.zeros(1))[0, :, 1]
        k = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij"))
        ring = (k / 0.5 * scores.RINGS).astype(int)
        power = np.abs(np.fft.fft2(field[0])) ** 2
        expected = [power[(ring == n) & (k > 0)].sum() for n in range(scores.RINGS)]
        np.testing.assert_allclose(found, expected)


def test_free_paths_through_a_square_bubble_are_known():
    mask = np.zeros((20, 20), bool)
    mask[5:9, 16:] = mask[5:9, :2] = True  # 4 by 6 pixels, over the edge
    count = scores.path_histogram(mask, 20)
    # Along each way of an axis each length of the bubble occurs once a line.
    expected = np.zeros(20)
    expected[:4] += 2 * 6
    expected[:6] += 2 * 4
    np.testing.assert_array_equal(count, expected)


def test_a_path_that_never_ends_counts_the_side():
    count = scores.path_histogram(np.ones((8, 8), bool), 8)
    np.testing.assert_array_equal(count, [0] * 7 + [4 * 64])


def test_the_truth_predicted_has_the_structure_of_the_truth(bubbles):
    _, truth = bubbles
    groups = np.arange(12) % 4
    found = scores.structure_draws(truth.astype(float), truth, groups, threshold=0.5, replicas=50)
    assert found.values["coherence"] == pytest.approx(1)
    assert found.values["bubble_distance"] == 0
    assert found.values["bubble_ratio"] == pytest.approx(1)


def test_smaller_bubbles_are_told(bubbles):
    field, truth = bubbles
    smaller = (field > 0.8).astype(float)
    draws = scores.structure_draws(smaller, truth, np.arange(12), threshold=0.5, replicas=200)
    found = draws.intervals(scores.LIMITS)
    assert found["bubble_ratio"]["high"] < 0.8
    assert found["bubble_distance"]["low"] > 0.1
    assert found["coherence"]["value"] < 0.95


def test_only_ionized_regions_are_scored_by_their_structure(bubbles):
    field, truth = bubbles
    index = pd.DataFrame({"group": [f"universe{n}" for n in range(len(truth))]})
    split = Examples(field[..., None].astype(np.float32), truth, index, ("density",))
    examples = dict.fromkeys(("train", "valid", "test"), split)
    found = {s: {"probability": truth[:, None] * 0.8 + 0.1} for s in ("valid", "test")}
    for kind, structured in ((IonizedMapEvaluation, True), (MapEvaluation, False)):
        evaluation = kind({"name": "map", "channel": "ionized"})
        scored = evaluation.score(Subset(examples, found, {}), replicas=20, seed=0)
        assert ("coherence" in scored.metrics["scores"]) == structured
        assert ("bubbles" in scored.figures) == structured
