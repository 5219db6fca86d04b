"""Two classes of stamps told apart by simple methods and by a network, scored alike."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Subset
from cosmodag.imaging import colour_images
from cosmodag.injections.baselines import catalogue_classifiers
from cosmodag.injections.verdict import two_sample
from cosmodag.injections.verdict.two_sample_evaluation import TwoSampleEvaluation

TASK = {"name": "classification", "column": "label", "classes": 2}


def objects(first: int, bricks: int, *, step: float, seed: int, each: int = 40) -> Examples:
    """Stamps whose injected objects are larger by `step` standard deviations in the catalogue."""
    rng = np.random.default_rng(seed)
    count = bricks * each
    label = rng.integers(0, 2, count)
    group = np.repeat([f"{first + number:04d}p000" for number in range(bricks)], each)
    g = rng.uniform(21, 24, count)
    index = pd.DataFrame(
        {
            "id": [f"{name}/{number}" for number, name in enumerate(group)],
            "group": group,
            "brick": group,
            "run": np.where(label, "rs0", ""),
            "label": label,
            "tractor_id": np.arange(count) + 1000 * label,
            "ra": rng.uniform(0, 1, count) + first,
            "dec": rng.uniform(0, 1, count),
            "bx": rng.uniform(0, 100, count) + 100 * label,
            "g": g,
            "r": g - 0.5,
            "z": g - 1.0,
            "size": rng.normal(size=count) + step * label,
            **{f"flux_{band}": 10 ** (0.4 * (22.5 - g)) for band in "grz"},
            **{f"psfsize_{band}": rng.normal(1.3, 0.1, count) for band in "grz"},
        }
    )
    x = np.abs(rng.normal(size=(count, 16, 16, 6))).astype(np.float32)
    return Examples(x, label.astype(np.float32), index)


def splits(step: float) -> dict[str, Examples]:
    parts = {"train": (0, 12, 1), "valid": (100, 6, 2), "test": (200, 12, 3)}
    return {
        name: objects(first, bricks, step=step, seed=seed)
        for name, (first, bricks, seed) in parts.items()
    }


def evaluated(step: float, network: np.ndarray | None = None):
    examples = splits(step)
    evaluation = TwoSampleEvaluation(TASK)
    fitted = evaluation.fit(examples, seed=0, threads=1)
    test = examples["test"]
    score = np.random.default_rng(5).uniform(size=len(test.y)) if network is None else network
    found = {"test": {"probability": np.stack([1 - score, score], 1)}}
    scored = evaluation.score(Subset(examples, found, fitted), replicas=300, seed=0)
    return test, scored.metrics, scored.predictions, scored.figures


@pytest.fixture(scope="module")
def apart():
    return evaluated(1.0)


@pytest.fixture(scope="module")
def alike():
    return evaluated(0.0)


def test_verdict_notes_that_catalogues_already_differ(apart):
    _, scored, _, _ = apart
    assert scored["baselines"]["logistic"]["auc"]["low"] > 0.6
    assert scored["baselines"]["catalogue_trees"]["auc"]["low"] > 0.6
    assert "The catalogues of the classes already differ" in scored["verdict"]
    best = max(each["auc"]["value"] for each in scored["baselines"].values())
    assert scored["note"] == f"catalogue baseline alone: AUC {best:.3f}"
    assert scored["outcome"] == two_sample.TOO_SMALL  # the network itself guesses


def test_names_places_and_runs_are_no_measurements(alike):
    """Ids, runs and pixels that give the class away are in the index, and nobody reads them."""
    _, scored, _, _ = alike
    for name in ("logistic", "catalogue_trees", "index_only", "rate"):
        assert abs(scored["baselines"][name]["auc"]["value"] - 0.5) < 0.08  # three of its errors
    assert "already differ" not in scored["verdict"]
    assert "note" not in scored


def test_chance_scores_half(alike):
    _, scored, _, _ = alike
    assert scored["baselines"]["rate"]["auc"]["value"] == 0.5


def test_metrics_hold_the_test_beside_the_scores(alike):
    _, scored, kept, _ = alike
    assert scored["headline"] == "auc"
    assert set(scored["scores"]) == {"auc", "accuracy"}
    assert set(scored["comparisons"]) == set(scored["baselines"])
    assert len(scored["two_sample"]["bins"]) == two_sample.BINS
    assert scored["two_sample"]["smallest_effect"] > 0.5
    assert kept["probability"].shape == (480, 2)


def test_every_figure_is_drawn_small_and_the_same_each_time(alike, tmp_path):
    _, _, _, drawings = alike
    assert set(drawings) == {"roc", "magnitudes", "gallery"}
    for name, figure in drawings.items():
        figure.draw(tmp_path / f"{name}.svg")
        figure.draw(tmp_path / "again.svg")
        assert (tmp_path / f"{name}.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
        assert (tmp_path / f"{name}.svg").stat().st_size < 400_000


def test_a_gallery_says_what_each_picture_is(alike, tmp_path):
    _, _, _, drawings = alike
    drawings["gallery"].draw(tmp_path / "gallery.svg")
    text = (tmp_path / "gallery.svg").read_text()
    for words in ("99 %", "1 %", "real, g 2", "injected, g 2", "g ivar", "z ivar"):
        assert words in text
    assert text.count("<image") == 5 * 2 * 7


def test_colours_are_those_of_light_whatever_its_brightness():
    faint = np.zeros((8, 8, 6), np.float32)
    faint[..., ::2] = 0.01
    faint[2:6, 2:6, 4] = 1.0  # z is red
    image = colour_images.rgb_from_pairs(faint)
    assert image.min() >= 0
    assert image.max() <= 1
    assert image[4, 4, 0] > image[4, 4, 1] + 0.2
    assert colour_images.rgb_from_pairs(faint[..., :2]).shape == (8, 8, 3)


def test_a_catalogue_without_measurements_is_named():
    bare = splits(0.0)["test"]
    bare = bare._replace(index=bare.index[["id", "group", "label", "ra", "dec"]])
    with pytest.raises(InputError, match="no column among flux_"):
        catalogue_classifiers.described(bare)
