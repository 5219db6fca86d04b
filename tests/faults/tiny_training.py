"""A training small enough to be killed often, as a separate process.

    python tiny_training.py DATASET RUN STATE [setting=value …]

The network has all that could break a continuation: batch normalization, dropout, moving average.
"""

import json
import logging
import sys
from pathlib import Path

import numpy as np

from cosmodag.datasets.shards import write_dataset
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings

MODEL = {"name": "unet", "width": 8, "levels": 1, "norm": "batch", "dropout": 0.1}
TRAINING = {
    "epochs": 4,
    "batch_size": 4,
    "accumulate": 2,
    "ema_decay": 0.9,
    "checkpoint_seconds": 1e9,
    "checkpoint_steps": 3,
}


def write_tiny_dataset(folder: Path, examples: int = 120) -> Path:
    """Write a dataset of random maps whose target is the sign of their block means."""
    from tests.checksummed import hdf5_file  # a process that trains does not find the tests

    random = np.random.default_rng(1)
    x = random.normal(size=(examples, 16, 16, 1)).astype(np.float32)
    y = x.reshape(examples, 4, 4, 4, 4, 1).mean((2, 4))
    file = folder / "examples.h5"
    folder.mkdir(parents=True, exist_ok=True)
    with hdf5_file(file, "w") as out:
        out.attrs.update(kind="examples", experiment="tiny")
        out.attrs["x_channels"], out.attrs["y_channels"] = ["overdensity"], ["fraction_matter"]
        out["x"], out["y"] = x, (y > 0).astype(np.float32)
        index = out.create_group("index")
        index["id"] = [f"example{i}" for i in range(examples)]
        index["group"] = [f"boxes/r{i % 12:04d}" for i in range(examples)]
        index["count_matter"] = (y[..., 0] > 0).sum((1, 2)).astype(np.int64)
    write_dataset([file], folder / "dataset", shard_size=32)
    return folder / "dataset"


def train(dataset: str, run: str, state: str, *changes: str) -> None:
    """Train with the settings of the training that are changed, as ``setting=value``."""
    logging.basicConfig(level=logging.INFO)
    changed = dict(setting.split("=") for setting in changes)
    settings = RunSettings(
        model=MODEL | json.loads(changed.pop("model", "{}")),
        task={"name": "map", "channel": "fraction_matter"},
        training=TRAINING | {key: json.loads(value) for key, value in changed.items()},
        transform="log1p",
        augment="symmetries",
        seed=3,
    )
    train_run(dataset, run, settings, state_folder=state, device="cpu", threads=1)


if __name__ == "__main__":
    train(*sys.argv[1:])
