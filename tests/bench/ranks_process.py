"""Ranks that train some epochs whenever they are told to, each with one thread.

    mpiexec -n RANKS python ranks_process.py DATASET BATCH NORM
    python ranks_process.py DATASET BATCH NORM RANK RANKS

The second form trains on a rank's part of each batch without the others. The first rank reads a
line, trains, and answers with the mean loss, so that what is timed is training, not the start of
Python.
"""

import sys

import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.memory import keep_freed_memory
from cosmodag.models import registry
from cosmodag.training.distribution import connected
from cosmodag.training.loop import train_step
from cosmodag.training.map_task import MapTask
from cosmodag.training.normalization import normalize_over_ranks
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.state import TrainingState

EPOCHS = 2


def main(dataset: str, size: str, norm: str, *part: str) -> None:
    keep_freed_memory()  # as the command does
    task = MapTask("fraction_matter")
    with connected() as ranks, reproducible(threads=1):
        rank, ranks_in_all = map(int, part) if part else (ranks.rank, ranks.size)
        loader = Loader(
            Dataset.open(dataset),
            "train",
            target=task.target,
            batch_size=int(size),
            preprocessing=Preprocessing(transform="log1p"),
            shuffle=True,
            rank=rank,
            world_size=ranks_in_all,
        )
        while told_to_go_on(ranks):
            torch.manual_seed(0)
            model = registry.build(name="unet", width=32, norm=norm)
            model = model.to(memory_format=torch.channels_last)
            if ranks.size > 1:
                normalize_over_ranks(model)
            state = TrainingState(model, task, TrainingSettings(batch_size=int(size)))
            for epoch in range(EPOCHS):
                for batch in loader.batches(epoch):
                    train_step(state, task, [batch], 1e-3, ranks, stop=False)
            if ranks.first:
                print((state.loss / state.examples).item(), flush=True)


def told_to_go_on(ranks) -> bool:
    """Whether the first rank was given another line."""
    told = torch.zeros(1)
    if ranks.first and sys.stdin.readline():
        told += 1
    return bool(ranks.add(told).item())


if __name__ == "__main__":
    main(*sys.argv[1:])
