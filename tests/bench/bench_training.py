"""Training fed by the loader, against the same network fed one tensor that stays in memory.

What the loader costs a step: reading shards, augmentation, transform, hand-over between threads.
"""

import tempfile
from pathlib import Path

import h5py
import numpy as np
import torch

from cosmodag.datasets.loader import Loader
from cosmodag.datasets.shards import write_dataset
from cosmodag.models import registry
from cosmodag.training.distribution import ALONE
from cosmodag.training.loop import train_step
from cosmodag.training.map_task import MapTask
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.state import TrainingState
from tests.bench.harness import compare

SIDE, BATCH, STEPS = 96, 32, 16
NETWORK = {"name": "unet", "width": 32}


def run(results: Path) -> None:
    """Measure an epoch's steps, with one thread and with two."""
    with tempfile.TemporaryDirectory() as folder:
        loader = make_loader(Path(folder))
        for threads in (1, 2):
            with reproducible(threads=threads):
                measure(loader, threads, results)


def measure(loader: Loader, threads: int, results: Path) -> None:
    """Compare the two ways to feed one network."""
    task = MapTask("fraction_matter")
    resident = next(loader.batches(0))

    def train(batches) -> int:
        torch.manual_seed(0)
        model = registry.build(**NETWORK).to(memory_format=torch.channels_last)
        state = TrainingState(model, task, TrainingSettings(batch_size=BATCH))
        examples = 0
        for batch in batches:
            train_step(state, task, [batch], 1e-3, ALONE, stop=False)
            examples += len(batch.x)
        return examples

    compare(
        f"training_step_{threads}",
        {
            "loader": lambda: train(loader.batches(0)),
            "resident tensor": lambda: train([resident] * STEPS),
        },
        ours="loader",
        equal=lambda examples: len(set(examples.values())) == 1,
        goal=0.95,
        work=BATCH * STEPS,
        unit="examples",
        notes={"side": SIDE, "batch": BATCH, "steps": STEPS, "network": NETWORK},
        threads=threads,
        results=results,
    )


def make_loader(folder: Path) -> Loader:
    """Write a dataset whose training split holds STEPS batches, and open it as training does."""
    random = np.random.default_rng(0)
    examples = BATCH * STEPS * 2
    with h5py.File(folder / "examples.h5", "w") as out:
        out.attrs.update(kind="examples", experiment="bench")
        out.attrs["x_channels"], out.attrs["y_channels"] = ["overdensity"], ["fraction_matter"]
        out["x"] = random.normal(size=(examples, SIDE, SIDE, 1)).astype(np.float32)
        out["y"] = random.random((examples, SIDE // 4, SIDE // 4, 1), dtype=np.float32)
        index = out.create_group("index")
        index["id"] = [f"example{i}" for i in range(examples)]
        index["group"] = [f"boxes/r{i % 4:04d}" for i in range(examples)]
    write_dataset([folder / "examples.h5"], folder / "dataset", fractions=(0.5, 0.25, 0.25))
    return Loader(
        folder / "dataset",
        "train",
        batch_size=BATCH,
        seed=0,
        target={"channels": ["fraction_matter"]},
        shuffle=True,
        augment="symmetries",
        transform="log1p",
    )
