"""Tiny data and networks for the tests of training."""

import dataclasses

import numpy as np
import torch


@dataclasses.dataclass
class Batch:
    x: torch.Tensor
    y: torch.Tensor
    index: np.ndarray


class TensorLoader:
    """Batches of tensors in memory, by the interface of the dataset's loader."""

    def __init__(self, x, y, *, batch_size=4, seed=0, shuffle=True, rank=0, world_size=1):
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.shuffle, self.rank, self.world_size = shuffle, rank, world_size

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def batches(self, epoch, start=0):
        order = np.arange(len(self.x))
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(order)
        for number in range(start, len(self)):
            whole = order[number * self.batch_size : (number + 1) * self.batch_size]
            index = whole[self.rank :: self.world_size]
            yield Batch(self.x[index], self.y[index], index)
