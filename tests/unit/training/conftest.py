"""Tiny data and networks for the tests of training."""

import contextlib
import runpy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from cosmodag.datasets.loader import Loader
from cosmodag.training.map_task import MapTask

TINY = Path(__file__).parents[2] / "faults" / "tiny_training.py"


class Batch(NamedTuple):
    """Examples for one step."""

    x: torch.Tensor
    y: torch.Tensor
    rows: np.ndarray


class TensorLoader:
    """Batches of tensors in memory, with the interface of the dataset's loader."""

    def __init__(self, x, y, *, batch_size=4, shuffle=True):
        self.x, self.y, self.batch_size, self.shuffle = x, y, batch_size, shuffle

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def batches(self, epoch, start=0):
        order = np.arange(len(self.x))
        if self.shuffle:
            order = np.random.default_rng([1, epoch]).permutation(order)
        for number in range(start, len(self)):
            rows = order[number * self.batch_size : (number + 1) * self.batch_size]
            yield Batch(self.x[rows], self.y[rows], rows)


class Tiny(nn.Module):
    """A network with 17 parameters from maps of 8×8 to logits of 2×2."""

    def __init__(self):
        super().__init__()
        self.output_layer = nn.Conv2d(1, 1, 4, stride=4)

    def forward(self, x):
        return self.output_layer(x)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Tiny()


@pytest.fixture
def task():
    return MapTask("fraction")


@pytest.fixture
def loader():
    """Return maps whose target is whether the mean of a block is positive."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(24, 1, 8, 8, generator=generator)
    y = (nn.functional.avg_pool2d(x, 4) > 0).float()
    return TensorLoader(x, y)


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory):
    """Return a dataset folder of random maps."""
    return runpy.run_path(str(TINY))["write_tiny_dataset"](tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def interrupted_at(monkeypatch):
    """Return a context manager that interrupts training when it reads a given batch."""

    @contextlib.contextmanager
    def interrupted(batch):
        read, calls = Loader.read, []

        def broken(loader, rows, epoch=0):
            calls.append(epoch)
            if len(calls) == batch:
                raise KeyboardInterrupt
            return read(loader, rows, epoch)

        with monkeypatch.context() as patch:
            patch.setattr(Loader, "read", broken)
            with pytest.raises(KeyboardInterrupt):
                yield

    return interrupted
