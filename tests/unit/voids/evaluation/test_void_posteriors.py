"""Posteriors of the cosmology of boxes, from training to the files of an evaluation."""

import json

import numpy as np
import pytest

from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import LeftOut
from cosmodag.evaluation.baselines.fitting import read_baselines
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.evaluation.prepare_baselines import prepare_baselines
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from cosmodag.voids.baselines.box_summaries import NAMES
from tests.unit.voids.baselines.boxes import draw_universe, sources_of, spheres, write_box

RANGES = {"omega_m": [0.2, 0.4], "sigma8": [0.65, 1.0]}
TASK = {"name": "posterior", "columns": list(RANGES), "ranges": RANGES}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Folder of a dataset of boxes with a cosmology each, and the files of the boxes."""
    folder = tmp_path_factory.mktemp("cosmologies")
    random = np.random.default_rng(4)
    boxes = []
    for number in range(14):
        cosmology = {name: [random.uniform(*limits)] for name, limits in RANGES.items()}
        matter, _ = draw_universe(number)
        galaxies = random.poisson(0.2 * matter ** (4 * cosmology["sigma8"][0] - 2))
        voids = spheres(np.array([[20.0, 20.0, 20.0]]), 10.0)
        boxes.append(
            write_box(
                *(folder, f"b{number}", galaxies.astype(np.float32), voids),
                definition={"minimum_radius": 8.0},
                **cosmology,
            )
        )
    examples = [folder / f"b{number}.h5" for number in range(14)]
    write_dataset(examples, folder / "dataset", fractions=(0.5, 0.2, 0.3))
    return folder / "dataset", sources_of(*boxes)


@pytest.fixture(scope="module")
def run(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    model = {"name": "unet", "width": 8, "levels": 1}
    settings = RunSettings(task=TASK, model=model, training={"epochs": 1, "batch_size": 32})
    train_run(dataset[0], folder, settings, device="cpu", threads=1)
    return folder


@pytest.fixture(scope="module")
def baselines(dataset, tmp_path_factory):
    path = tmp_path_factory.mktemp("baselines") / "posterior.h5"
    prepare_baselines(dataset[0], path, task=TASK, sources=dataset[1], threads=1)
    return path


def test_baselines_infer_from_spectrum_and_voids_of_the_box(baselines):
    fitted = read_baselines(baselines)
    likelihoods = {f"{name}_likelihood" for name in NAMES}
    assert fitted.keys() == {"prior", *NAMES, *likelihoods}
    for name in NAMES:
        assert np.isfinite(fitted[name].test).all()
    few = fitted["spectrum_likelihood"]  # several examples of a box are no independent ones
    assert isinstance(few, LeftOut)
    assert few.reason == "7 independent training examples are too few for 10 features"


def test_a_run_is_scored_beside_the_baselines(dataset, run, baselines):
    metrics = evaluate(dataset[0], run, baselines=baselines, replicas=100)
    assert metrics["headline"] == "information_gain"
    assert metrics["baselines"]["prior"]["information_gain"]["value"] == pytest.approx(0, abs=1e-6)
    assert {"omega_m.r2", "sigma8.coverage_68", "credible_68"} <= metrics["scores"].keys()
    assert metrics["calibration"]["network"]["uniformity"].keys() == {*RANGES, "tarp", "local"}
    written = json.loads((run / "metrics.json").read_text())
    assert set(written["figures"]) >= {"posteriors", "calibration", "numbers_sigma8", "learning"}
    assert written["position_probe"]["targets"].keys() == set(RANGES)


def test_without_the_boxes_the_prior_is_the_only_baseline(dataset, run):
    metrics = evaluate(dataset[0], run, replicas=100)
    assert metrics["baselines"].keys() == {"prior"}
    assert any("were not given" in note for note in metrics["notes"])


def test_a_range_that_the_training_set_exceeds_is_refused(dataset, tmp_path):
    task = TASK | {"ranges": {"omega_m": [0.25, 0.4]}}
    settings = RunSettings(task=task, model={"name": "unet", "width": 8, "levels": 1}, training={})
    with pytest.raises(InputError, match=r"task.ranges.omega_m: \[0.25, 0.4\], but the training"):
        train_run(dataset[0], tmp_path, settings, device="cpu", threads=1)
