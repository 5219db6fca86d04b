"""Self-training: confident predictions join the labels."""

import numpy as np
import pytest

from cosmodag.datasets.folder import read_split
from cosmodag.errors import InputError
from cosmodag.training.prediction import predict, run_loader
from cosmodag.training.run import train_run
from cosmodag.training.self_training import relabel
from cosmodag.training.settings import RunSettings

UNET = {"name": "unet", "width": 8, "levels": 1}


def train(dataset, folder, task):
    settings = RunSettings(UNET, task, {"epochs": 1, "batch_size": 8}, transform="log1p")
    return train_run(dataset, folder, settings, threads=1)


def test_confident_predictions_join_the_label_except_on_the_test_split(tiny_dataset, tmp_path):
    run = train(tiny_dataset, tmp_path / "run", {"name": "map", "channel": "fraction_matter"})
    probability = {
        split: predict(tmp_path / "run", run_loader(tiny_dataset, split, run), threads=1)
        for split in ("train", "valid")
    }
    confidence = float(np.median(probability["train"]["probability"]))
    output = tmp_path / "relabelled"
    description = relabel(
        tiny_dataset, tmp_path / "run", output, confidence=confidence, device="cpu", threads=1
    )
    channels = description["y_channels"]
    assert channels[-1] == "union_fraction_matter"
    for split in ("train", "valid", "test"):
        _, y, _ = read_split(output, split)
        label = y[..., channels.index("fraction_matter")] >= 0.5
        if split in probability:
            confident = probability[split]["probability"][:, 0] >= confidence
            assert (confident & ~label).any()
            label |= confident
        np.testing.assert_array_equal(y[..., -1], label)


def test_a_run_of_counts_cannot_label_maps(tiny_dataset, tmp_path):
    train(tiny_dataset, tmp_path / "run", {"name": "count", "columns": ["count_matter"]})
    with pytest.raises(InputError, match="only a run of maps"):
        relabel(tiny_dataset, tmp_path / "run", tmp_path / "out")
    assert not (tmp_path / "out").exists()
