"""Input and target maps of the examples of a split, wherever they are kept."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.errors import InputError


class Maps(Protocol):
    """Where a split's maps come from.

    Methods
    -------
    x(rows), y(rows)
        Maps of some rows of the split, shape (b, …, channels), float32.
    """

    def x(self, rows: np.ndarray) -> np.ndarray: ...

    def y(self, rows: np.ndarray) -> np.ndarray: ...


class ShardMaps:
    """Maps that lie in shards, which are mapped into memory rather than read.

    Parameters
    ----------
    x, y : list of numpy.ndarray
        Shards of a split, as `open_shards` gives them.
    shard_size : int
    """

    def __init__(self, x: list[np.ndarray], y: list[np.ndarray], shard_size: int):
        self._x, self._y, self.shard_size = x, y, shard_size

    def x(self, rows: np.ndarray) -> np.ndarray:
        """Input maps of some rows."""
        return self._gather(self._x, rows)

    def y(self, rows: np.ndarray) -> np.ndarray:
        """Target maps of some rows."""
        return self._gather(self._y, rows)

    def _gather(self, shards: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        examples = np.empty((len(rows), *shards[0].shape[1:]), dtype=np.float32)
        for place, (shard, row) in enumerate(zip(*divmod(rows, self.shard_size))):
            examples[place] = shards[shard][row]
        return examples


class CubeMaps:
    """Cubes that are cut out of grids and masks when they are read.

    Parameters
    ----------
    sources : list of CubeReader
        One for each pair of grid and labels files.
    index : pandas.DataFrame
        Columns `box`, `corner_x`, `corner_y`, `corner_z` (cells) and `source`, the number of the
        reader.
    """

    def __init__(self, sources: list[CubeReader], index: pd.DataFrame):
        self.sources = sources
        self._box, self._source = index["box"].to_numpy(), index["source"].to_numpy()
        self._corner = index[["corner_x", "corner_y", "corner_z"]].to_numpy()

    def x(self, rows: np.ndarray) -> np.ndarray:
        """Galaxy overdensity of some cubes."""
        cubes = np.empty((len(rows), *self.sources[0].x_shape), dtype=np.float32)
        for place, row in enumerate(rows):
            reader = self.sources[self._source[row]]
            cubes[place] = reader.overdensity(self._box[row], self._corner[row])
        return cubes

    def y(self, rows: np.ndarray) -> np.ndarray:
        """Fraction of each voxel inside voids for some cubes."""
        cubes = np.empty((len(rows), *self.sources[0].y_shape), dtype=np.float32)
        for place, row in enumerate(rows):
            reader = self.sources[self._source[row]]
            cubes[place] = reader.fractions(self._box[row], self._corner[row])
        return cubes


def open_shards(
    folder: str | os.PathLike, split: str, letter: str, description: Mapping
) -> list[np.ndarray]:
    """Map the shards of a split into memory, without reading them.

    Parameters
    ----------
    folder : path
    split : {"train", "valid", "test"}
    letter : {"x", "y"}
    description : mapping
        What `dataset.json` holds.

    Returns
    -------
    list of numpy.ndarray
        Read-only maps of the files, float32, in order.

    Raises
    ------
    InputError
        A shard is missing, truncated or no NumPy array of float32.
    """
    count, size = description["counts"][split], description["shard_size"]
    shape = tuple(description["shapes"][letter])
    shards = []
    for number in range(-(-count // size)):
        path = Path(folder) / f"{letter}{split}_{number + 1}.npy"
        held = min(size, count - number * size)
        try:
            shard = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a readable shard ({error}): split anew") from error
        if shard.shape != (held, *shape) or shard.dtype != np.float32:
            raise InputError(
                f"{path}: holds {shard.dtype} {shard.shape} where dataset.json promises float32 "
                f"{(held, *shape)}: split anew"
            )
        shards.append(shard)
    return shards
