"""Reading the files of a dataset folder."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.checksums import require, require_named
from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.datasets.maps import CubeMaps, Maps, ShardMaps, open_shards
from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.input_files import read_parquet
from cosmodag.json_files import read_json

CURE = "give the folder of a dataset, or split anew"


def read_description(folder: str | os.PathLike) -> dict:
    """Read dataset.json of a dataset folder.

    Parameters
    ----------
    folder : path-like
        The dataset folder.

    Raises
    ------
    InputError
        If the file is missing or was altered.
    """
    keys = ("experiment", "shapes", "statistics", "x_channels", "y_channels")
    return read_json(Path(folder) / "dataset.json", CURE, keys=keys)


def read_index(folder: str | os.PathLike, split: str | None = None) -> pd.DataFrame:
    """Read the index of a dataset, or of one split, in the order in which examples are stored.

    Parameters
    ----------
    folder : path-like
        The dataset folder.
    split : {"train", "valid", "test"}, optional
        The split; None reads the index of all.

    Returns
    -------
    pandas.DataFrame
        Row i of a split belongs to example i of its shards.

    Raises
    ------
    InputError
        If the file is missing or was altered, or the split is unknown.
    """
    path = Path(folder) / "index.parquet"
    require_named(path, Path(folder) / "dataset.json", CURE)
    index = read_parquet(path, cure=CURE, columns=("id", "split"))
    if split is None:
        return index
    if split not in SPLITS:
        raise InputError(f"split {split!r} is not known: choose from {', '.join(SPLITS)}")
    return index[index["split"] == split].reset_index(drop=True)


def open_maps(
    folder: str | os.PathLike, split: str, description: Mapping, index: pd.DataFrame
) -> Maps:
    """Open the input and target maps of a split.

    Parameters
    ----------
    folder : path-like
        The dataset folder.
    split : {"train", "valid", "test"}
        The split.
    description : mapping
        Contents of dataset.json.
    index : pandas.DataFrame
        Index of the split.

    Raises
    ------
    InputError
        If a file is missing or was altered.
    """
    for source in description.get("cubes", []):
        for name, sha256 in source["sha256"].items():
            path = Path(folder) / name
            if require(path, CURE).sha256 != sha256:
                raise InputError(f"{path}: not the file that the dataset was split from; {CURE}")
    if description.get("cubes"):
        readers = [CubeReader.from_attributes(source, folder) for source in description["cubes"]]
        return CubeMaps(readers, index)
    x, y = (open_shards(folder, split, letter, description) for letter in "xy")
    return ShardMaps(x, y, description["shard_size"])


def read_split(
    folder: str | os.PathLike, split: str
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Read a whole split into memory, for methods that are fitted without batches.

    Parameters
    ----------
    folder : path-like
        The dataset folder.
    split : {"train", "valid", "test"}
        The split.

    Returns
    -------
    x : numpy.ndarray, shape (N, …, C), float32
        Input maps.
    y : numpy.ndarray, shape (N, …, K), float32
        Target maps.
    index : pandas.DataFrame, N rows
        Index of the split.

    Examples
    --------
    >>> x, y, index = read_split("dataset", "train")  # doctest: +SKIP
    """
    index = read_index(folder, split)
    maps = open_maps(folder, split, read_description(folder), index)
    rows = np.arange(len(index))
    return maps.x(rows), maps.y(rows), index
