"""From examples files to a dataset folder: split, audited, shuffled, in shards."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from cosmodag.datasets.audit import audit_split
from cosmodag.datasets.examples import Examples, ExamplesFile, open_examples
from cosmodag.datasets.splits import FRACTIONS, SPLITS, assign_splits, stable_hash
from cosmodag.datasets.statistics import TrainingStatistics, column_statistics
from cosmodag.errors import InputError
from cosmodag.files import whole_folder, write_json
from cosmodag.provenance import file_hash

PLACES = ("source", "source_row", "shard", "row")
"""Index columns that tell where an example was found and where it is stored."""

TOLD = 3
"""Leaks that a refusal names."""
SHARD_SIZE = 512
"""Examples a shard, as in the original's files."""


def write_dataset(
    examples_files: Sequence[str | os.PathLike],
    output_folder: str | os.PathLike,
    *,
    test_files: Sequence[str | os.PathLike] = (),
    protocol: str = "group",
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    shard_size: int = SHARD_SIZE,
) -> dict:
    """Split examples, audit the split, and write it as shards with an index and a description.

    One shard is in memory at a time. Within a split examples stand in an order shuffled by a hash
    of their names, so that any shard is a fair sample. Statistics are those of the training split
    alone. Of examples that are only listed, such as cubes, no shards are written.

    Parameters
    ----------
    examples_files : sequence of path
        Examples files of one experiment.
    output_folder : path
        Folder to write; it appears whole or not at all, in the place of an older one.
    test_files : sequence of path
        Examples files that are the test split as they are, such as those of another simulator. What
        would have been tested on without them is left out, so that training and validation are the
        same with them and without.
    protocol : {"group", "random"}
        "group" assigns whole groups and refuses leaks. "random" shuffles single examples, as the
        original did, and records in `dataset.json` what leaks.
    fractions : sequence of float, shape (3,)
        Shares of training, validation and test.
    seed : int
    shard_size : int
        Examples a shard.

    Returns
    -------
    dict
        What `dataset.json` holds.

    Raises
    ------
    InputError
        Files disagree, there are too few groups, the split leaks, or an example is not finite.
    """
    if shard_size < 1:
        raise InputError(f"shard_size is {shard_size}: it must be at least 1")
    with open_examples([*examples_files, *test_files]) as examples:
        elsewhere = (examples.index["source"] >= len(examples_files)).to_numpy()
        index = _split_index(examples.index, elsewhere, protocol, fractions, seed, shard_size)
        leaks = audit_split(index)
        if leaks and protocol == "group":
            told = "; ".join(leaks[:TOLD]) + ("; and more" if len(leaks) > TOLD else "")
            raise InputError(f"the split leaks: {told}: give what is shared one group")
        with whole_folder(output_folder) as folder:
            statistics = TrainingStatistics(examples.files[0].attributes["x_channels"])
            if examples.files[0].cubes is None:
                names = _write_shards(examples, index, folder, statistics)
            else:
                names = []
                _read_cubes(examples, index, statistics)
            index.drop(columns="source_row").to_parquet(folder / "index.parquet", index=False)
            training = index[index["split"] == "train"].drop(columns=list(PLACES))
            members = index.groupby("split")
            description = {
                name: examples.files[0].attributes[name]
                for name in ("experiment", "x_channels", "y_channels")
            } | {
                "protocol": protocol,
                "seed": seed,
                "fractions": list(fractions),
                "shapes": {
                    "x": list(examples.files[0].x_shape),
                    "y": list(examples.files[0].y_shape),
                },
                "shard_size": shard_size,
                "counts": {split: len(members.get_group(split)) for split in SPLITS},
                "groups": {
                    split: sorted(members.get_group(split)["group"].unique()) for split in SPLITS
                },
                "tested_elsewhere": bool(test_files),
                "leaks": leaks,
                "statistics": statistics.summary() | {"columns": column_statistics(training)},
                "index": {"index.parquet": file_hash(folder / "index.parquet")},
                "shards": {name: file_hash(folder / name) for name in names},
                "cubes": [
                    _cube_source(file, output_folder) for file in examples.files if file.cubes
                ],
                "examples": [
                    {"file": Path(file.name).name, "count": len(file.index)} | file.attributes
                    for file in examples.files
                ],
            }
            write_json(folder / "dataset.json", description)
    return description


def _split_index(
    index: pd.DataFrame,
    elsewhere: np.ndarray,
    protocol: str,
    fractions: Sequence[float],
    seed: int,
    shard_size: int,
) -> pd.DataFrame:
    """Index with the columns of `PLACES` and `split`, in the order in which examples are stored.

    The examples from elsewhere, where there are any, are the test split.
    """
    dealt = index[~elsewhere]
    splits = np.full(len(index), "test", dtype="<U5")
    splits[~elsewhere] = assign_splits(
        dealt["id"], dealt["group"], protocol=protocol, fractions=fractions, seed=seed
    )
    index = index.assign(source_row=np.arange(len(index)), split=splits)
    if elsewhere.any():
        index = index[elsewhere | (splits != "test")]
    key = [stable_hash(f"order:{name}", seed) for name in index["id"]]
    number = index["split"].map({split: number for number, split in enumerate(SPLITS)})
    index = index.iloc[np.lexsort((key, number))].reset_index(drop=True)
    place = index.groupby("split").cumcount()
    return index.assign(shard=place // shard_size + 1, row=place % shard_size)


def _write_shards(
    examples: Examples, index: pd.DataFrame, folder: Path, statistics: TrainingStatistics
) -> list[str]:
    """Write x and y of every shard; give the names of the files."""
    names = []
    shards = index.groupby(["split", "shard"], sort=False)["source_row"]
    for (split, shard), rows in tqdm(shards, desc="shards", unit="shard", disable=None):
        x, y = examples.read(rows.to_numpy())
        if split == "train":
            statistics.add(x, y)
        for letter, values in (("x", x), ("y", y)):
            names.append(f"{letter}{split}_{shard}.npy")
            np.save(folder / names[-1], values, allow_pickle=False)
    return names


def _read_cubes(examples: Examples, index: pd.DataFrame, statistics: TrainingStatistics) -> None:
    """Gather the statistics of cubes, which are stored nowhere."""
    training = index.loc[index["split"] == "train", "source_row"].to_numpy()
    for row in tqdm(np.sort(training), desc="cubes", unit="cube", disable=None):
        statistics.add(*examples.read(np.array([row])))


def _cube_source(file: ExamplesFile, output_folder: str | os.PathLike) -> dict:
    """Where the cubes of an examples file come from, seen from the dataset folder."""
    names = ("grid_file", "labels_file")
    paths = [(Path(file.name).parent / file.attributes[name]).resolve() for name in names]
    folder = Path(output_folder).resolve()
    source = {name: os.path.relpath(path, folder) for name, path in zip(names, paths)}
    hashes = {source[name]: file_hash(path) for name, path in zip(names, paths)}
    settings = {name: file.attributes[name] for name in ("labels", "side", "factor")}
    return source | settings | {"sha256": hashes}
