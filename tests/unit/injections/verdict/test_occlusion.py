"""Occlusion maps of a classifier."""

import numpy as np
import pandas as pd

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.injections.verdict import occlusion, two_sample_figures


def make_stamps(count: int = 12, side: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, side, side, 6)).astype(np.float32)


def mean_flux_at(row: int, column: int, half: int = 2):
    """Return a prediction that depends on a few pixels of the first plane only."""
    window = np.s_[:, row - half : row + half, column - half : column + half, 0]
    return lambda x: x[window].mean((1, 2))


def test_occlusion_map_peaks_at_the_relevant_pixels():
    stamp = make_stamps(1)[0]
    stamp[20:24, 8:12, 0] += 10
    relevance = occlusion.occlusion_map(mean_flux_at(22, 10), stamp)
    assert relevance.shape == (15, 15)
    row, column = np.unravel_index(relevance.argmax(), relevance.shape)
    assert (row, column) == (10, 4)  # patches of 4 pixels at steps of 2
    assert relevance.max() > 9
    assert np.abs(relevance[:, 8:]).max() == 0


def test_covered_stamps_of_noise_follow_the_same_distribution():
    """A prediction of the noise changes by chance only."""
    decreases = [
        occlusion.occlusion_map(lambda x: x.std((1, 2, 3)), s).mean() for s in make_stamps(8)
    ]
    assert np.abs(np.mean(decreases)) < 0.01


def test_most_confident_correct_predictions_are_selected():
    score = np.array([0.9, 0.6, 0.1, 0.2, 0.95, 0.8])
    label = np.array([1, 1, 0, 0, 0, 1])
    real, injected = occlusion.most_confident(score, label, 2)
    assert real.tolist() == [2, 3]
    assert injected.tolist() == [0, 5]


def test_class_without_correct_predictions_is_drawn_empty(tmp_path):
    x, label = make_stamps(), np.array([0, 1] * 6)
    test = Examples(x, label, pd.DataFrame({"g": np.linspace(21, 24, 12)}))
    examples = occlusion.occlusion_examples(mean_flux_at(16, 16), test, np.full(12, 0.7))
    assert [len(of_class) for of_class in examples] == [0, occlusion.N_EXAMPLES]
    two_sample_figures.occlusion_maps(tmp_path / "attention.svg", examples)
    assert "none is confident" in (tmp_path / "attention.svg").read_text()
    two_sample_figures.occlusion_maps(tmp_path / "none.svg", [[], []])
    assert (tmp_path / "none.svg").is_file()
