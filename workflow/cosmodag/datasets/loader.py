"""Batches of a split, made ready ahead of the training step."""

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from cosmodag.datasets.augmentation import build_augmentation
from cosmodag.datasets.folder import open_maps, read_description, read_index
from cosmodag.datasets.order import batch_count, check_ranks, epoch_order, rank_part
from cosmodag.datasets.thermal_noise import ThermalNoise
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError

AHEAD = 2
"""Batches made ready while a step computes."""


class Batch(NamedTuple):
    """Examples for one step.

    Attributes
    ----------
    x : torch.Tensor, shape (b, C, H, W) or (b, C, D, H, W), float32, channels last in memory
    y : torch.Tensor, shape (b, K, h, w) or (b, K, d, h, w) for maps, (b, K) for columns, float32
    index : numpy.ndarray, shape (b,), int64
        Rows of the examples in their split.
    """

    x: torch.Tensor
    y: torch.Tensor
    index: np.ndarray


class Loader:
    """Batches of one split of a dataset folder, maps or cubes.

    Shards are mapped into memory, so that all ranks and loaders of a machine share one copy, and
    cubes are cut out of their grids; one thread does this for the next batches while a step
    computes. Which examples a batch holds depends on seed and epoch alone: ranks share each batch
    out between them, and a batch can be reached without the ones before it.

    Parameters
    ----------
    folder : path
        Dataset folder.
    split : {"train", "valid", "test"}
    batch_size : int
        Examples of all ranks together in a batch.
    seed : int
        Of order and augmentation.
    target : mapping
        `{"channels": [names]}` for maps, `{"columns": [names]}` for numbers of the index, or
        `{"input": [names]}` for channels of the input itself, as the network is given them.
    shuffle : bool
        Whether epochs visit the examples in an order of their own.
    augment : str or collection of str, optional
        See `cosmodag.datasets.augmentation.build_augmentation`.
    rank, world_size : int
        This process among those that share each batch.
    transform : str or callable, optional
        Name known to `cosmodag.datasets.transforms.build_transform`, or a function from input maps
        (b, …, C) to such maps, float32.
    noise : mapping, optional
        Settings of `cosmodag.datasets.thermal_noise.ThermalNoise`, added before the transform: new
        in every epoch of the training split, always the same elsewhere.

    Attributes
    ----------
    index : pandas.DataFrame
        Index of the split; row i belongs to example i.
    description : dict
        What `dataset.json` holds.

    Raises
    ------
    InputError
        An unknown split, channel, column, transform or augmentation, a batch that ranks cannot
        share equally, or a shard that is missing or truncated.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        split: str,
        *,
        batch_size: int,
        seed: int,
        target: Mapping[str, Collection[str]],
        shuffle: bool,
        augment: str | Collection[str] | None = None,
        rank: int = 0,
        world_size: int = 1,
        transform: str | Callable[[np.ndarray], np.ndarray] | None = None,
        noise: Mapping | None = None,
    ):
        check_ranks(batch_size, rank, world_size)
        self.description = read_description(folder)
        self.index = read_index(folder, split)
        self.batch_size, self.seed, self.shuffle = batch_size, seed, shuffle
        self.rank, self.world_size = rank, world_size
        self._maps = open_maps(folder, split, self.description, self.index)
        self._itself = None
        if set(target) == {"input"}:
            self._itself = _numbers(target["input"], self.description["x_channels"], folder)
            self._channels = self._columns = None
        else:
            self._channels, self._columns = _find_target(
                target, self.description, self.index, folder
            )
        self._augment = build_augmentation(augment, seed)
        self._noise, statistics = None, self.description["statistics"]
        if noise is not None:
            channels = self.description["x_channels"]
            self._noise = ThermalNoise(channels, split, seed=seed, **noise)
            statistics = self._noise.widened(statistics)
        self._transform = (
            transform if callable(transform) else build_transform(transform, statistics)
        )

    def __len__(self) -> int:
        """Batches of an epoch, the last of which may be smaller."""
        return batch_count(len(self.index), self.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on.

        Parameters
        ----------
        epoch : int
        start : int
            Batches to pass over, as after an interruption; none of them is read.
        """
        order = epoch_order(len(self.index), seed=self.seed, epoch=epoch, shuffle=self.shuffle)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="loader") as reader:
            pending = deque()
            for number in range(start, len(self)):
                rows = rank_part(order, number, self.batch_size, self.rank, self.world_size)
                pending.append(reader.submit(self.read, rows, epoch))
                if len(pending) > AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    def read(self, rows: np.ndarray, epoch: int = 0) -> Batch:
        """Read some examples, augmented as in an epoch.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (b,)
            Rows of the split.
        epoch : int
        """
        x = self._maps.x(rows)
        mapped = self._columns is None and self._itself is None
        y = self._maps.y(rows) if mapped else None
        if self._channels is not None:
            y = y[..., self._channels]
        if self._augment is not None:
            x, y = self._augment(x, y, epoch, rows)
        if self._noise is not None:
            x = self._noise.add(x, epoch, rows)
        if self._transform is not None:
            x = self._transform(x)
        if self._itself is not None:
            y = x[..., self._itself]
        targets = (
            torch.from_numpy(self._columns[rows])
            if y is None
            else torch.from_numpy(y).movedim(-1, 1)
        )
        return Batch(torch.from_numpy(x).movedim(-1, 1), targets, rows)


def _find_target(
    target: Mapping, description: dict, index: pd.DataFrame, folder: str | os.PathLike
) -> tuple[list[int] | None, np.ndarray | None]:
    """Numbers of the target channels (None for all of them), or values of the target columns."""
    if set(target) == {"channels"}:
        known = description["y_channels"]
        numbers = _numbers(target["channels"], known, folder)
        return (None if numbers == list(range(len(known))) else numbers), None
    if set(target) == {"columns"}:
        numeric = list(index.select_dtypes("number"))
        _check_names(target["columns"], numeric, "column", folder)
        return None, index[list(target["columns"])].to_numpy(np.float32)
    raise InputError(f"target {dict(target)}: give either channels, columns or input")


def _numbers(names: Collection[str], known: list[str], folder: str | os.PathLike) -> list[int]:
    """Numbers of channels by their names."""
    _check_names(names, known, "channel", folder)
    return [known.index(name) for name in names]


def _check_names(
    names: Collection[str], known: Collection[str], what: str, folder: str | os.PathLike
) -> None:
    for name in names:
        if name not in known:
            raise InputError(
                f"{folder}: target {what} {name!r} is not among {', '.join(known)}: choose from "
                "these"
            )
