"""Evaluation of two classes of stamps by a network and by baselines."""

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


def make_objects(
    first: int, n_bricks: int, *, shift: float, seed: int, per_brick: int = 40
) -> Examples:
    """Return stamps whose injected objects are larger by `shift` standard deviations."""
    rng = np.random.default_rng(seed)
    count = n_bricks * per_brick
    label = rng.integers(0, 2, count)
    group = np.repeat([f"{first + number:04d}p000" for number in range(n_bricks)], per_brick)
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
            "size": rng.normal(size=count) + shift * label,
            **{f"flux_{band}": 10 ** (0.4 * (22.5 - g)) for band in "grz"},
            **{f"psfsize_{band}": rng.normal(1.3, 0.1, count) for band in "grz"},
        }
    )
    x = np.abs(rng.normal(size=(count, 16, 16, 6))).astype(np.float32)
    return Examples(x, label.astype(np.float32), index)


def make_splits(shift: float) -> dict[str, Examples]:
    settings = {"train": (0, 12, 1), "valid": (100, 6, 2), "test": (200, 12, 3)}
    return {
        name: make_objects(first, n_bricks, shift=shift, seed=seed)
        for name, (first, n_bricks, seed) in settings.items()
    }


def evaluate(shift: float):
    """Return test split, metrics, predictions and figures of a network that guesses."""
    examples = make_splits(shift)
    evaluation = TwoSampleEvaluation(TASK)
    baselines = evaluation.fit(examples, seed=0, threads=1)
    test = examples["test"]
    score = np.random.default_rng(5).uniform(size=len(test.y))
    predictions = {"test": {"probability": np.stack([1 - score, score], 1)}}
    scored = evaluation.score(Subset(examples, predictions, baselines), replicas=300, seed=0)
    return test, scored.metrics, scored.predictions, scored.figures


@pytest.fixture(scope="module")
def different():
    """An evaluation of classes with different catalogues."""
    return evaluate(1.0)


@pytest.fixture(scope="module")
def equal():
    """An evaluation of classes of one distribution."""
    return evaluate(0.0)


def test_verdict_notes_that_catalogues_already_differ(different):
    _, scored, _, _ = different
    assert scored["baselines"]["logistic"]["auc"]["low"] > 0.6
    assert scored["baselines"]["catalogue_trees"]["auc"]["low"] > 0.6
    assert "The catalogues of the classes already differ" in scored["verdict"]
    best = max(baseline["auc"]["value"] for baseline in scored["baselines"].values())
    assert scored["note"] == f"catalogue baseline alone: AUC {best:.3f}"
    assert scored["outcome"] == two_sample.INCONCLUSIVE  # the network itself guesses


def test_baselines_ignore_ids_runs_and_positions(equal):
    """The index contains ids, runs and pixels that determine the class."""
    _, scored, _, _ = equal
    for name in ("logistic", "catalogue_trees", "index_only", "rate"):
        assert abs(scored["baselines"][name]["auc"]["value"] - 0.5) < 0.08  # three standard errors
    assert "already differ" not in scored["verdict"]
    assert "note" not in scored


def test_majority_baseline_has_an_auc_of_one_half(equal):
    _, scored, _, _ = equal
    assert scored["baselines"]["rate"]["auc"]["value"] == 0.5


def test_metrics_contain_the_two_sample_test(equal):
    _, scored, predictions, _ = equal
    assert scored["headline"] == "auc"
    assert set(scored["scores"]) == {"auc", "accuracy"}
    assert set(scored["comparisons"]) == set(scored["baselines"])
    assert len(scored["two_sample"]["bins"]) == two_sample.N_BINS
    assert scored["two_sample"]["smallest_effect"] > 0.5
    assert predictions["probability"].shape == (480, 2)


def test_figures_are_small_and_reproducible(equal, tmp_path):
    _, _, _, drawings = equal
    assert set(drawings) == {"roc", "magnitudes", "gallery"}
    for name, figure in drawings.items():
        figure.draw(tmp_path / f"{name}.svg")
        figure.draw(tmp_path / "again.svg")
        assert (tmp_path / f"{name}.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
        assert (tmp_path / f"{name}.svg").stat().st_size < 400_000


def test_gallery_labels_every_image(equal, tmp_path):
    _, _, _, drawings = equal
    drawings["gallery"].draw(tmp_path / "gallery.svg")
    text = (tmp_path / "gallery.svg").read_text()
    for label in ("99 %", "1 %", "real, g 2", "injected, g 2", "g ivar", "z ivar"):
        assert label in text
    assert text.count("<image") == 5 * 2 * 7


def test_colours_of_faint_and_bright_pixels_are_valid():
    faint = np.zeros((8, 8, 6), np.float32)
    faint[..., ::2] = 0.01
    faint[2:6, 2:6, 4] = 1.0  # z is red
    image = colour_images.rgb_from_pairs(faint)
    assert image.min() >= 0
    assert image.max() <= 1
    assert image[4, 4, 0] > image[4, 4, 1] + 0.2
    assert colour_images.rgb_from_pairs(faint[..., :2]).shape == (8, 8, 3)


def test_catalogue_without_measurements_is_reported():
    bare = make_splits(0.0)["test"]
    bare = bare._replace(index=bare.index[["id", "group", "label", "ra", "dec"]])
    with pytest.raises(InputError, match="no column of measurements"):
        catalogue_classifiers.with_measurements(bare)
