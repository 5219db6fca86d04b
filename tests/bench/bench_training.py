"""Training fed by the loader, against the same network fed one tensor that stays in memory.

What the loader costs a step: reading shards, augmentation, transform, hand-over between threads. A
U-Net of void maps; the original classifier of stamps, which trained on 45.5 images a second on a
Xeon Phi of 68 cores; the classifier of 21-cm slices under noise drawn anew; the auto-encoder of
galaxies, and the network that reads their parameters.
"""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.datasets.shards import write_dataset
from cosmodag.hdf5 import create_file
from cosmodag.injections.cutouts.stamps import channel_names
from cosmodag.memory import keep_freed_memory
from cosmodag.models import registry
from cosmodag.training.classification_task import ClassificationTask
from cosmodag.training.distribution import SINGLE
from cosmodag.training.latent_task import LatentTask
from cosmodag.training.loop import train_step
from cosmodag.training.map_task import MapTask
from cosmodag.training.reproducible import reproducible
from cosmodag.training.scalar_tasks import CountTask
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.state import TrainingState
from cosmodag.training.task import Task
from tests.bench.harness import compare

STEPS = 16
ORIGINAL = 45.5
"""Stamps a second of the original on 68 cores."""


class Case(NamedTuple):
    """A network and what it is fed."""

    name: str
    network: dict[str, Any]
    task: Task
    batch: int
    x_channels: list[str]
    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...]
    augment: str
    transform: str
    noise: dict[str, float] | None = None


CASES = (
    Case(
        "training_step",
        {"name": "unet", "width": 32},
        MapTask("fraction_matter"),
        32,
        ["overdensity"],
        (96, 96, 1),
        (24, 24, 1),
        "symmetries",
        "log1p",
    ),
    Case(
        "training_stamps",
        {"name": "lenet", "channels": 6, "outputs": 2, "head": "scalars", "side": 64},
        ClassificationTask("label", 2),
        64,
        channel_names("grz"),
        (64, 64, 6),
        (1,),
        "centred_symmetries",
        "noise",
    ),
    Case(
        "training_slices",
        {"name": "slicenet", "channels": 1, "outputs": 2, "head": "scalars", "side": 64},
        ClassificationTask("label", 2),
        64,
        ["brightness_temperature"],
        (64, 64, 1),
        (1,),
        "periodic",
        "standardise",
        {"rms": 3.0, "beam": 2.0},
    ),
    Case(
        "training_latents",
        {
            "name": "vae",
            "channels": 3,
            "outputs": 3,
            "head": "gaussian",
            "side": 64,
            "latent_dim": 8,
            "widths": [16, 32, 64, 128],
        },
        LatentTask(["g", "r", "z"], 64, latent_dim=8),
        64,
        ["g", "r", "z"],
        (64, 64, 3),
        (1,),
        "symmetries",
        "arcsinh",
    ),
    Case(
        "training_galaxies",
        {
            "name": "galaxynet",
            "channels": 5,
            "conditions": 2,
            "outputs": 2,
            "head": "scalars",
            "side": 64,
            "width": 12,
        },
        CountTask(["label"], mean=[0.3], std=[0.5]),
        64,
        ["g", "r", "z", "psf", "noise"],
        (64, 64, 5),
        (1,),
        "symmetries",
        "none",
    ),
)


def run(results: Path) -> None:
    """Measure an epoch's steps of each network, with one thread and with two."""
    keep_freed_memory()  # as the command does; the resident tensor's training gains by it as well
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            loader = make_loader(case, Path(folder))
            for threads in (1, 2):
                with reproducible(threads=threads):
                    record = measure(case, loader, threads, results)
                if case.name == "training_stamps":
                    rate = record["work"] / record["ours"]
                    print(f"  {rate:.0f} stamps/s, {rate / ORIGINAL:.1f} × the original's 45.5")


def measure(case: Case, loader: Loader, threads: int, results: Path) -> dict[str, Any]:
    """Compare the two ways to feed one network."""
    resident = next(loader.batches(0))

    def train(batches) -> int:
        torch.manual_seed(0)
        model = registry.build(**case.network).to(memory_format=torch.channels_last)
        state = TrainingState(model, case.task, TrainingSettings(batch_size=case.batch))
        examples = 0
        for batch in batches:
            train_step(state, case.task, [batch], 1e-3, SINGLE, stop=False)
            examples += len(batch.x)
        return examples

    return compare(
        f"{case.name}_{threads}",
        {
            "loader": lambda: train(loader.batches(0)),
            "resident tensor": lambda: train([resident] * STEPS),
        },
        ours="loader",
        equal=lambda examples: len(set(examples.values())) == 1,
        goal=0.95,
        work=case.batch * STEPS,
        unit="examples",
        notes={"batch": case.batch, "steps": STEPS, "network": case.network},
        threads=threads,
        results=results,
    )


def make_loader(case: Case, folder: Path) -> Loader:
    """Write a dataset whose training split holds STEPS batches, and open it as training does."""
    random = np.random.default_rng(0)
    examples = case.batch * STEPS * 2
    with create_file(folder / "examples.h5", "examples") as out:
        out.attrs["experiment"] = "bench"
        out.attrs["x_channels"], out.attrs["y_channels"] = case.x_channels, ["fraction_matter"]
        out["x"] = random.exponential(size=(examples, *case.x_shape)).astype(np.float32)
        out["y"] = random.random((examples, *case.y_shape), dtype=np.float32)
        index = out.create_group("index")
        index["id"] = [f"example{i}" for i in range(examples)]
        index["group"] = [f"boxes/r{i % 4:04d}" for i in range(examples)]
        index["label"] = np.arange(examples) % 3 % 2
    write_dataset([folder / "examples.h5"], folder / "dataset", fractions=(0.5, 0.25, 0.25))
    return Loader(
        Dataset.open(folder / "dataset"),
        "train",
        target=case.task.target,
        batch_size=case.batch,
        preprocessing=Preprocessing(case.transform, case.augment, case.noise),
        shuffle=True,
    )
