"""Batches of a split, prepared ahead of the training step."""

import dataclasses
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from cosmodag.datasets.augmentation import build_augmentation
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.folder import open_maps
from cosmodag.datasets.order import batch_count, check_ranks, epoch_order, rank_rows
from cosmodag.datasets.thermal_noise import ThermalNoise, redshifts
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError

PREFETCH = 2
"""Batches that are prepared while a step computes."""


class Batch(NamedTuple):
    """Examples for one step.

    Attributes
    ----------
    x : torch.Tensor, shape (b, C, H, W) or (b, C, D, H, W), float32
        Input, channels last in memory.
    y : torch.Tensor, shape (b, K, h, w), (b, K, d, h, w) or (b, K), float32
        Target maps, cubes or columns.
    rows : numpy.ndarray, shape (b,), int64
        Rows of the examples in their split.
    """

    x: torch.Tensor
    y: torch.Tensor
    rows: np.ndarray


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """What a loader does to the input of each example: augment, add noise, transform.

    Parameters
    ----------
    transform : str or callable, optional
        Name known to `cosmodag.datasets.transforms.build_transform`, or a function from input maps
        (b, …, C) to maps of the same shape, float32.
    augment : str or collection of str, optional
        Names known to `cosmodag.datasets.augmentation.build_augmentation`.
    noise : mapping, optional
        Settings of `cosmodag.datasets.thermal_noise.ThermalNoise`, which is added before the
        transform: new in every epoch of the training split, constant in the other splits.
    """

    transform: str | Callable[[np.ndarray], np.ndarray] | None = None
    augment: str | Collection[str] | None = None
    noise: Mapping | None = None


class Loader:
    """Batches of one split of a dataset, maps or cubes.

    Shards are mapped into memory, so that all ranks and loaders of a machine share one copy. Cubes
    are cut out of their grids. One thread prepares the next batches while a step computes. The
    examples of a batch depend on seed and epoch alone: ranks share each batch, and any batch can be
    read without the batches before it.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    split : {"train", "valid", "test"}
        The split to read.
    target : mapping
        ``{"channels": [names]}`` for target maps, ``{"columns": [names]}`` for columns of the
        index, or ``{"input": [names]}`` for channels of the preprocessed input.
    batch_size : int
        Examples in a batch, over all ranks together.
    preprocessing : Preprocessing
        Transform, augmentation and noise of the input.
    seed : int
        Seed of order, augmentation and noise.
    shuffle : bool
        Whether each epoch visits the examples in a different order.
    rank, world_size : int
        This process among the processes that share each batch.

    Attributes
    ----------
    index : pandas.DataFrame
        Index of the split; row i belongs to example i.

    Raises
    ------
    InputError
        For an unknown split, channel, column, transform or augmentation, a batch that ranks cannot
        share equally, or a shard that is missing or truncated.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        *,
        target: Mapping[str, Collection[str]],
        batch_size: int,
        preprocessing: Preprocessing | None = None,
        seed: int = 0,
        shuffle: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ):
        check_ranks(batch_size, rank, world_size)
        preprocessing = preprocessing or Preprocessing()
        self.dataset = dataset
        self.index = dataset.index(split)
        self.batch_size, self.seed, self.shuffle = batch_size, seed, shuffle
        self.rank, self.world_size = rank, world_size
        self._maps = open_maps(dataset.folder, split, dataset.description, self.index)
        self._target = _find_target(target, dataset, self.index)
        self._augment = build_augmentation(preprocessing.augment, seed)
        statistics = dataset.statistics
        self._noise = None
        if preprocessing.noise is not None:
            self._noise = ThermalNoise(dataset.x_channels, split, seed=seed, **preprocessing.noise)
            statistics = self._noise.noisy_statistics(statistics)
        transform = preprocessing.transform
        self._transform = (
            transform if callable(transform) else build_transform(transform, statistics)
        )

    def __len__(self) -> int:
        """Return the number of batches of an epoch, the last of which may be smaller."""
        return batch_count(len(self.index), self.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch.

        Parameters
        ----------
        epoch : int
            The epoch, from 0.
        start : int
            First batch, as after an interruption; the batches before it are not read.

        Yields
        ------
        Batch
            This rank's part of each batch.
        """
        order = epoch_order(len(self.index), seed=self.seed, epoch=epoch, shuffle=self.shuffle)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="loader") as reader:
            pending: deque[Future[Batch]] = deque()
            for number in range(start, len(self)):
                rows = rank_rows(order, number, self.batch_size, self.rank, self.world_size)
                pending.append(reader.submit(self.read, rows, epoch))
                if len(pending) > PREFETCH:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    def read(self, rows: np.ndarray, epoch: int = 0) -> Batch:
        """Read and preprocess examples.

        Parameters
        ----------
        rows : numpy.ndarray, shape (b,), int
            Rows of the split.
        epoch : int
            Epoch whose augmentation and noise are drawn.

        Returns
        -------
        Batch
            The examples in the order of `rows`.
        """
        target, x, y = self._target, self._maps.x(rows), None
        if target.kind == "channels":
            y = self._maps.y(rows)[..., target.channels]
        if self._augment is not None:
            x, y = self._augment(x, y, epoch, rows)
        if self._noise is not None:
            x = self._noise.add(x, epoch, rows, redshifts(self.index, rows))
        if self._transform is not None:
            x = self._transform(x)
        if target.kind == "input":
            y = x[..., target.channels]
        if y is None:
            targets = torch.from_numpy(target.columns[rows])
        else:
            targets = torch.from_numpy(y).movedim(-1, 1)
        return Batch(torch.from_numpy(x).movedim(-1, 1), targets, rows)


class _Target(NamedTuple):
    """Kind of a target, with its channels or the values of its columns for all examples."""

    kind: str
    channels: list[int] | slice = slice(None)
    columns: np.ndarray = np.empty((0, 0), np.float32)


def _find_target(
    target: Mapping[str, Collection[str]], dataset: Dataset, index: pd.DataFrame
) -> _Target:
    """Look up the channels or columns of a target by their names."""
    if set(target) == {"input"}:
        return _Target("input", _channel_numbers(target["input"], dataset.x_channels, dataset))
    if set(target) == {"channels"}:
        numbers = _channel_numbers(target["channels"], dataset.y_channels, dataset)
        if numbers == list(range(len(dataset.y_channels))):
            return _Target("channels")  # all of them, without a copy
        return _Target("channels", numbers)
    if set(target) == {"columns"}:
        _check_names(target["columns"], list(index.select_dtypes("number")), "column", dataset)
        return _Target("columns", columns=index[list(target["columns"])].to_numpy(np.float32))
    raise InputError(f"target {dict(target)}: give either channels, columns or input")


def _channel_numbers(names: Collection[str], channels: list[str], dataset: Dataset) -> list[int]:
    """Return the positions of channels by their names."""
    _check_names(names, channels, "channel", dataset)
    return [channels.index(name) for name in names]


def _check_names(
    names: Collection[str], known: Collection[str], kind: str, dataset: Dataset
) -> None:
    """Raise an InputError for the first name that the dataset does not have."""
    for name in names:
        if name not in known:
            raise InputError(
                f"{dataset.folder}: target {kind} {name!r} is not among {', '.join(known)}: choose "
                "from these"
            )
