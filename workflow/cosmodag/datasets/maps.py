"""Input and target maps of the examples of a split, in shards or cut out of grids."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from cosmodag.checksums import require_named
from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.errors import InputError


class Maps(Protocol):
    """Source of the maps of a split."""

    def x(self, rows: np.ndarray) -> np.ndarray:
        """Return the input maps of rows of the split, (b, …, C), float32."""
        ...

    def y(self, rows: np.ndarray) -> np.ndarray:
        """Return the target maps of rows of the split, (b, …, K), float32."""
        ...


class ShardMaps:
    """Maps in shards, which are mapped into memory and verified when they are first read.

    Parameters
    ----------
    x, y : list of numpy.ndarray
        Shards of a split, as `open_shards` returns them.
    shard_size : int
        Examples per shard.
    """

    def __init__(self, x: list[np.ndarray], y: list[np.ndarray], shard_size: int):
        self._x, self._y, self.shard_size = x, y, shard_size
        self._verified: set[Path] = set()

    def x(self, rows: np.ndarray) -> np.ndarray:
        """Return the input maps of rows of the split, (b, …, C), float32."""
        return self._gather(self._x, rows)

    def y(self, rows: np.ndarray) -> np.ndarray:
        """Return the target maps of rows of the split, (b, …, K), float32."""
        return self._gather(self._y, rows)

    def _gather(self, shards: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        """Copy rows out of the shards, which are verified first."""
        numbers, places = divmod(rows, self.shard_size)
        self._verify({Path(shards[number].filename) for number in np.unique(numbers)})
        examples = np.empty((len(rows), *shards[0].shape[1:]), dtype=np.float32)
        for number, (shard, row) in enumerate(zip(numbers, places)):
            examples[number] = shards[shard][row]
        return examples

    def _verify(self, paths: set[Path]) -> None:
        """Compare shards that are read for the first time with their hashes in dataset.json."""
        new = sorted(paths - self._verified)
        if new:
            with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                list(pool.map(_verify_shard, new))
            self._verified.update(new)


class CubeMaps:
    """Cubes that are cut out of grids and masks when they are read.

    Parameters
    ----------
    sources : list of CubeReader
        One reader per pair of grid and labels files.
    index : pandas.DataFrame
        Index of the split with the columns `box`, `corner_x`, `corner_y`, `corner_z` (cells) and
        `source`, the number of the reader.
    """

    def __init__(self, sources: list[CubeReader], index: pd.DataFrame):
        self.sources = sources
        self._box, self._source = index["box"].to_numpy(), index["source"].to_numpy()
        self._corner = index[["corner_x", "corner_y", "corner_z"]].to_numpy()

    def x(self, rows: np.ndarray) -> np.ndarray:
        """Return the inputs of cubes, (b, side, side, side, C), float32."""
        cubes = np.empty((len(rows), *self.sources[0].x_shape), dtype=np.float32)
        for number, row in enumerate(rows):
            reader = self.sources[self._source[row]]
            cubes[number] = reader.inputs(self._box[row], self._corner[row])
        return cubes

    def y(self, rows: np.ndarray) -> np.ndarray:
        """Return the fraction of each voxel in masks, (b, voxels, voxels, voxels, K), float32."""
        cubes = np.empty((len(rows), *self.sources[0].y_shape), dtype=np.float32)
        for number, row in enumerate(rows):
            reader = self.sources[self._source[row]]
            cubes[number] = reader.fractions(self._box[row], self._corner[row])
        return cubes


def _verify_shard(path: Path) -> None:
    require_named(path, path.with_name("dataset.json"), "split anew")


def open_shards(
    folder: str | os.PathLike, split: str, letter: str, description: Mapping
) -> list[np.ndarray]:
    """Map the shards of a split into memory, without reading them.

    Parameters
    ----------
    folder : path-like
        The dataset folder.
    split : {"train", "valid", "test"}
        The split.
    letter : {"x", "y"}
        Input or target.
    description : mapping
        Contents of dataset.json.

    Returns
    -------
    list of numpy.ndarray, float32
        Read-only maps of the files, in order.

    Raises
    ------
    InputError
        If a shard is missing, truncated, or not a NumPy array of float32.
    """
    n_examples, shard_size = description["counts"][split], description["shard_size"]
    shape = tuple(description["shapes"][letter])
    shards = []
    for number in range(-(-n_examples // shard_size)):
        path = Path(folder) / f"{letter}{split}_{number + 1}.npy"
        expected = (min(shard_size, n_examples - number * shard_size), *shape)
        try:
            shard = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # A damaged header is parsed as Python, and may raise anything.
            raise InputError(f"{path}: not a readable shard ({error}): split anew") from error
        if shard.shape != expected or shard.dtype != np.float32:
            raise InputError(
                f"{path}: contains {shard.dtype} {shard.shape}, but dataset.json states float32 "
                f"{expected}: split anew"
            )
        shards.append(shard)
    return shards
