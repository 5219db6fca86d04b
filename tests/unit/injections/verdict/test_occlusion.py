"""What a classifier looks at."""

import numpy as np
import pandas as pd

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.injections.verdict import occlusion, two_sample_figures


def stamps(count: int = 12, side: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, side, side, 6)).astype(np.float32)


def light_at(row: int, column: int, half: int = 2):
    """An answer that sees nothing but a few pixels of the first plane."""
    seen = np.s_[:, row - half : row + half, column - half : column + half, 0]
    return lambda x: x[seen].mean((1, 2))


def test_the_place_that_an_answer_rests_on_stands_out():
    stamp = stamps(1)[0]
    stamp[20:24, 8:12, 0] += 10
    found = occlusion.occlusion_map(light_at(22, 10), stamp)
    assert found.shape == (15, 15)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert (row, column) == (10, 4)  # patches of 4 pixels at steps of 2
    assert found.max() > 9
    assert np.abs(found[:, 8:]).max() == 0


def test_a_stamp_of_noise_keeps_its_law_under_cover():
    """A cover of noise changes an answer that measures noise by chance alone."""
    drops = [occlusion.occlusion_map(lambda x: x.std((1, 2, 3)), s).mean() for s in stamps(8)]
    assert np.abs(np.mean(drops)) < 0.01


def test_the_surest_right_answers_of_each_class_are_shown():
    score = np.array([0.9, 0.6, 0.1, 0.2, 0.95, 0.8])
    label = np.array([1, 1, 0, 0, 0, 1])
    real, injected = occlusion.most_confident(score, label, 2)
    assert real.tolist() == [2, 3]
    assert injected.tolist() == [0, 5]


def test_a_class_that_the_network_is_never_sure_of_is_drawn_empty(tmp_path):
    x, label = stamps(), np.array([0, 1] * 6)
    test = Examples(x, label, pd.DataFrame({"g": np.linspace(21, 24, 12)}))
    cases = occlusion.confident_cases(light_at(16, 16), test, np.full(12, 0.7))
    assert [len(each) for each in cases] == [0, occlusion.CASES]
    two_sample_figures.attention(tmp_path / "attention.svg", cases)
    assert "none is sure" in (tmp_path / "attention.svg").read_text()
    two_sample_figures.attention(tmp_path / "none.svg", [[], []])
    assert (tmp_path / "none.svg").is_file()
