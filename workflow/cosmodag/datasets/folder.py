"""A dataset folder, opened for reading."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError


def read_description(folder: str | os.PathLike) -> dict:
    """Read `dataset.json` of a dataset folder."""
    path = Path(folder) / "dataset.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give the folder of a dataset") from None
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error}): split anew") from error


def read_index(folder: str | os.PathLike, split: str | None = None) -> pd.DataFrame:
    """Read the index of a dataset, or of one split, in the order in which examples are stored.

    Parameters
    ----------
    folder : path
    split : {"train", "valid", "test"}, optional

    Returns
    -------
    pandas.DataFrame
        Row i of a split belongs to example i of its shards.
    """
    path = Path(folder) / "index.parquet"
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give the folder of a dataset")
    index = pd.read_parquet(path)
    if split is None:
        return index
    if split not in SPLITS:
        raise InputError(f"split {split!r} is not known: choose from {', '.join(SPLITS)}")
    return index[index["split"] == split].reset_index(drop=True)


def open_shards(folder: str | os.PathLike, split: str, letter: str) -> list[np.ndarray]:
    """Map the shards of a split into memory, without reading them.

    Parameters
    ----------
    folder : path
    split : {"train", "valid", "test"}
    letter : {"x", "y"}

    Returns
    -------
    list of numpy.ndarray
        Read-only maps of the files, float32, in order.

    Raises
    ------
    InputError
        A shard is missing, truncated or no NumPy array of float32.
    """
    description = read_description(folder)
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


def read_split(
    folder: str | os.PathLike, split: str
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Read a whole split into memory, for what is fitted without batches, such as baselines.

    Returns
    -------
    x : numpy.ndarray, shape (N, H, W, C), float32
    y : numpy.ndarray, shape (N, h, w, K), float32
    index : pandas.DataFrame, N rows
    """
    x, y = (np.concatenate(open_shards(folder, split, letter)) for letter in "xy")
    return x, y, read_index(folder, split)
