"""Ranks that train an epoch whenever they are told to, each with one thread.

    mpiexec -n RANKS python ranks_process.py DATASET

The first rank reads a line for each epoch and answers with the epoch's mean loss, so that what is
timed is training, not the start of Python.
"""

import sys

import torch

from cosmodag.datasets.loader import Loader
from cosmodag.models import registry
from cosmodag.training.distribution import connected
from cosmodag.training.loop import train_step
from cosmodag.training.map_task import MapTask
from cosmodag.training.normalization import over_all_ranks
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.state import TrainingState

BATCH = 32


def main(dataset: str) -> None:
    task = MapTask("fraction_matter")
    with connected() as ranks, reproducible(threads=1):
        loader = Loader(
            dataset,
            "train",
            batch_size=BATCH,
            seed=0,
            target=task.target,
            shuffle=True,
            rank=ranks.rank,
            world_size=ranks.size,
            transform="log1p",
        )
        while told_to_go_on(ranks):
            torch.manual_seed(0)
            model = registry.build(name="unet", width=32, norm="batch")
            model = model.to(memory_format=torch.channels_last)
            if ranks.size > 1:
                over_all_ranks(model)
            state = TrainingState(model, task, TrainingSettings(batch_size=BATCH))
            for batch in loader.batches(0):
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
    main(sys.argv[1])
