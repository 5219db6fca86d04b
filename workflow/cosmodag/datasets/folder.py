"""A dataset folder, opened for reading."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.datasets.maps import CubeMaps, Maps, ShardMaps, open_shards
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


def open_maps(
    folder: str | os.PathLike, split: str, description: Mapping, index: pd.DataFrame
) -> Maps:
    """Open the maps of a split of a dataset folder.

    Parameters
    ----------
    folder : path
    split : {"train", "valid", "test"}
    description : mapping
        What `dataset.json` holds.
    index : pandas.DataFrame
        Index of the split.
    """
    if not description.get("cubes"):
        return ShardMaps(
            *(open_shards(folder, split, letter, description) for letter in "xy"),
            description["shard_size"],
        )
    return CubeMaps(
        [CubeReader.from_attributes(source, folder) for source in description["cubes"]], index
    )


def read_split(
    folder: str | os.PathLike, split: str
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Read a whole split into memory, for what is fitted without batches, such as baselines.

    Returns
    -------
    x : numpy.ndarray, shape (N, …, C), float32
    y : numpy.ndarray, shape (N, …, K), float32
    index : pandas.DataFrame, N rows
    """
    index = read_index(folder, split)
    maps = open_maps(folder, split, read_description(folder), index)
    rows = np.arange(len(index))
    return maps.x(rows), maps.y(rows), index
