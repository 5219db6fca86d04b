"""A run from a dataset folder to a run folder, and its predictions."""

import json

import numpy as np
import pytest
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.errors import InputError
from cosmodag.training.prediction import load_run, predict
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings

MAP = {"name": "map", "channel": "fraction_matter"}
COUNT = {"name": "count", "columns": ["count_matter"]}
SMALL = {"name": "unet", "width": 8, "levels": 1}


def train(dataset, run, task=MAP, **changed):
    settings = {"model": SMALL, "training": {"epochs": 1, "batch_size": 8}, "transform": "log1p"}
    run_settings = RunSettings(task=task, **settings | changed)
    return train_run(dataset, run, run_settings, device="cpu", threads=1)


@pytest.fixture(scope="module")
def run(tiny_dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train(tiny_dataset, folder, seed=3)
    return folder


def loader(dataset, split, target, shuffle=False):
    return Loader(
        Dataset.open(dataset),
        split,
        target=target,
        batch_size=8,
        preprocessing=Preprocessing(transform="log1p"),
        shuffle=shuffle,
    )


def test_run_json_records_the_completed_settings(run):
    written = json.loads((run / "run.json").read_text())
    assert written["model"]["channels"] == 1
    assert written["model"]["head"] == "map"
    assert written["parameters"] == sum(p.numel() for p in load_run(run)[0].parameters())
    assert written["training"]["optimizer"] == "adamw"
    assert written["pretrained"] == "none"
    assert 0.05 <= written["temperature"] <= 20
    assert all((run / name).exists() for name in ("history.csv", "model.pt", "tensorboard"))
    assert set(torch.load(run / "model.pt", weights_only=True)) >= {"stem.weight"}


def test_predictions_are_calibrated_and_in_the_order_of_the_split(run, tiny_dataset):
    target = {"channels": ["fraction_matter"]}
    shuffled = predict(run, loader(tiny_dataset, "test", target, shuffle=True), threads=1)
    ordered = predict(run, loader(tiny_dataset, "test", target), threads=1)
    assert np.array_equal(shuffled["index"], np.arange(len(shuffled["y"])))
    np.testing.assert_allclose(shuffled["probability"], ordered["probability"], rtol=1e-5)
    temperature = json.loads((run / "run.json").read_text())["temperature"]
    expected = 1 / (1 + np.exp(-ordered["logit"] / temperature))
    np.testing.assert_allclose(ordered["probability"], expected, rtol=1e-5)
    assert set(np.unique(ordered["y"])) <= {0, 1}


def test_mean_and_deviation_of_counts_are_those_of_the_training_split(tiny_dataset, tmp_path):
    description = train(tiny_dataset, tmp_path, COUNT)
    index = loader(tiny_dataset, "train", {"columns": ["count_matter"]}).index
    assert description["task"]["mean"] == [pytest.approx(index["count_matter"].mean())]
    counts = predict(tmp_path, loader(tiny_dataset, "test", {"columns": ["count_matter"]}))
    assert counts["mean"].shape == counts["std"].shape == counts["y"].shape
    assert "temperature" not in description


def test_weights_depend_on_the_seed_alone(run, tiny_dataset, tmp_path):
    train(tiny_dataset, tmp_path / "same", seed=3)
    train(tiny_dataset, tmp_path / "other", seed=4)
    weights = (run / "model.pt").read_bytes()
    assert (tmp_path / "same" / "model.pt").read_bytes() == weights
    assert (tmp_path / "other" / "model.pt").read_bytes() != weights


def test_a_run_starts_from_initial_weights(run, tiny_dataset, tmp_path):
    still = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-12}
    train(tiny_dataset, tmp_path, initial=run / "model.pt", training=still)
    before, after = load_run(run)[0].state_dict(), load_run(tmp_path)[0].state_dict()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=0, atol=1e-6)
    with pytest.raises(InputError, match="contains weights of another network"):
        train(tiny_dataset, tmp_path, initial=run / "model.pt", model=SMALL | {"width": 16})
    with pytest.raises(InputError, match="initial: no file"):
        train(tiny_dataset, tmp_path, initial=tmp_path / "absent.pt")


def test_mistakes_are_refused_before_training(tiny_dataset, tmp_path):
    with pytest.raises(InputError, match="'cuont_matter' is not known; did you mean 'count_m"):
        train(tiny_dataset, tmp_path, {"name": "count", "columns": ["cuont_matter"]})
    with pytest.raises(InputError, match="did you mean 'epochs'"):
        train(tiny_dataset, tmp_path, training={"epcohs": 3})
    with pytest.raises(InputError, match=r"no run\.json; train the run first"):
        load_run(tmp_path)
    assert not list(tmp_path.iterdir())
