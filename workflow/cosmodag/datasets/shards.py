"""From examples files to a dataset folder: split, audited, shuffled, in shards."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from cosmodag.checksums import identity
from cosmodag.datasets.audit import audit_split, shared_volumes
from cosmodag.datasets.buffer import LARGEST_SHARE, drop_near, structure_size
from cosmodag.datasets.content import CONTENT, content_hashes, count_copies, shared_content
from cosmodag.datasets.examples import Examples, ExamplesFile, open_examples
from cosmodag.datasets.observation import differences
from cosmodag.datasets.sky import shared_sky
from cosmodag.datasets.sky_regions import with_regions
from cosmodag.datasets.splits import FRACTIONS, SPLITS, assign_splits, stable_hash
from cosmodag.datasets.statistics import TrainingStatistics, column_statistics
from cosmodag.errors import InputError
from cosmodag.files import whole_folder
from cosmodag.json_files import write_json
from cosmodag.output_kinds import DATASET
from cosmodag.provenance import file_hash

log = logging.getLogger(__name__)

LOCATION_COLUMNS = ("source", "source_row", "shard", "row")
"""Index columns of the file and row that an example comes from and is stored in."""

MAX_NAMED = 3
"""Largest number of leaks that an error lists."""
INDEX_FILES = ("index.parquet", "dropped.csv")
"""Tables of a dataset folder; the second exists where examples are left out."""
CUBE_SETTINGS = ("labels", "side", "factor", "fields")
"""Attributes of a list of cubes that a dataset repeats, where they exist."""
SHARD_SIZE = 512
"""Default number of examples per shard."""


def write_dataset(
    examples_files: Sequence[str | os.PathLike],
    output_folder: str | os.PathLike,
    *,
    test_files: Sequence[str | os.PathLike] = (),
    protocol: str = "group",
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    buffer: float | None = None,
    region_width: float | None = None,
    shard_size: int = SHARD_SIZE,
) -> dict:
    """Split examples, audit the split, and write it as shards with an index and a description.

    One shard is in memory at a time. Within a split the order of examples is shuffled by a hash of
    their names, so that any shard is a fair sample. Statistics are those of the training split. No
    shards are written of examples that are only listed, such as cubes.

    Parameters
    ----------
    examples_files : sequence of path-like
        Examples files of one experiment.
    output_folder : path-like
        Folder to write. It appears whole or not at all, and replaces an older one.
    test_files : sequence of path-like
        Examples files that are the test split, such as those of another simulator. The examples
        that would be the test split otherwise are left out, so that training and validation do not
        depend on these files.
    protocol : {"group", "random"}
        ``"group"`` assigns whole groups and refuses leaks. ``"random"`` assigns single examples and
        records the leaks in dataset.json.
    fractions : sequence of float, shape (3,)
        Fractions of training, validation and test.
    seed : int
        Seed of split and order.
    buffer : float, optional
        Smallest distance between examples of different splits, in Mpc/h or arcsec; training and
        validation examples nearer than that are left out and listed in dropped.csv, see
        `cosmodag.datasets.buffer`. By default the extent of the largest structures. A random split
        has none.
    region_width : float, optional
        Width in degrees of the regions of the sky that are the groups; 0 for the groups of the
        examples. By default groups that adjoin on the sky are replaced, see
        `cosmodag.datasets.sky_regions`, unless there are test files. A random split has no regions.
    shard_size : int
        Examples per shard.

    Returns
    -------
    dict
        Contents of dataset.json.

    Raises
    ------
    InputError
        If files disagree, there are too few groups, the split leaks, a buffer leaves too few
        examples, or an example is not finite.

    Examples
    --------
    >>> write_dataset(["cutouts.h5"], "dataset", seed=1)  # doctest: +SKIP
    """
    if shard_size < 1:
        raise InputError(f"shard_size is {shard_size}: it must be at least 1")
    with open_examples([*examples_files, *test_files]) as examples:
        from_test_files = (examples.index["source"] >= len(examples_files)).to_numpy()
        width = _buffer(examples.index, examples, protocol, buffer)
        if protocol != "group" or (test_files and region_width is None):
            region_width = 0.0
        index, region_width = with_regions(examples.index, width, region_width)
        index = index.assign(split=_assign_index(index, from_test_files, protocol, fractions, seed))
        index = _leave_out_replaced(index, from_test_files)
        # Regions share sky at their borders, where the buffer removes it before the audit.
        late = (shared_sky, shared_content) if region_width else ()
        leaks = audit_split(index, checks=(shared_volumes,) if late else None)
        _refuse(leaks, protocol)
        share = LARGEST_SHARE if buffer is None else 1.0
        index, dropped = drop_near(index, width, largest_share=share)
        leaks += audit_split(index, unshared=(), checks=late)
        _refuse(leaks, protocol, "set a larger buffer")
        index = _order_index(index, seed, shard_size)
        with whole_folder(output_folder, DATASET) as folder:
            statistics = TrainingStatistics(examples.files[0].attributes["x_channels"])
            if examples.files[0].cubes is None:
                names, hashes = _write_shards(examples, index, folder, statistics)
            else:
                names, hashes = [], _read_cubes(examples, index, statistics)
            index = _with_content(index, hashes)
            copied = shared_content(index)
            _refuse(copied, protocol)
            leaks += [leak for leak in copied if leak not in leaks]
            if n_copies := count_copies(index):
                log.info("%d examples repeat another one of their set", n_copies)
            index.drop(columns="source_row").to_parquet(folder / "index.parquet", index=False)
            if len(dropped):
                dropped.to_csv(folder / "dropped.csv", index=False)
            tables = [name for name in INDEX_FILES if (folder / name).is_file()]
            training = index[index["split"] == "train"].drop(columns=list(LOCATION_COLUMNS))
            members = index.groupby("split")
            first = examples.files[0]
            description = {
                name: first.attributes[name] for name in ("experiment", "x_channels", "y_channels")
            } | {
                "protocol": protocol,
                "seed": seed,
                "fractions": list(fractions),
                "shapes": {"x": list(first.x_shape), "y": list(first.y_shape)},
                "shard_size": shard_size,
                "counts": {split: len(members.get_group(split)) for split in SPLITS},
                "groups": {
                    split: sorted(members.get_group(split)["group"].unique()) for split in SPLITS
                },
                "tested_elsewhere": bool(test_files),
                "leaks": leaks,
                "buffer": width,
                "dropped": len(dropped),
                **({"region_width": region_width} if region_width else {}),
                "copies": n_copies,
                "statistics": statistics.summary() | {"columns": column_statistics(training)},
                "index": {name: file_hash(folder / name) for name in tables},
                "shards": {name: file_hash(folder / name) for name in names},
                "cubes": [
                    _describe_cubes(file, output_folder) for file in examples.files if file.cubes
                ],
                "examples": [
                    {"file": Path(file.name).name, "count": len(file.index)} | file.attributes
                    for file in examples.files
                ],
            }
            attributes = [file.attributes for file in examples.files]
            n_files = len(examples_files)
            if differing := differences(attributes[:n_files], attributes[n_files:]):
                log.warning("%s", differing)
                description["test_differs"] = differing
            write_json(
                folder / "dataset.json",
                description,
                inputs=[*examples_files, *test_files],
                lists=["shards", "index"],
            )
    return description


def _assign_index(
    index: pd.DataFrame,
    from_test_files: np.ndarray,
    protocol: str,
    fractions: Sequence[float],
    seed: int,
) -> np.ndarray:
    """Return the split of each example; those from test files are the test split."""
    rest = index[~from_test_files]
    splits = np.full(len(index), "test", dtype="<U5")
    splits[~from_test_files] = assign_splits(
        rest["id"], rest["group"], protocol=protocol, fractions=fractions, seed=seed
    )
    return splits


def _leave_out_replaced(index: pd.DataFrame, from_test_files: np.ndarray) -> pd.DataFrame:
    """Number the rows; where there are test files, leave out other examples of the test split."""
    index = index.assign(source_row=np.arange(len(index)))
    if not from_test_files.any():
        return index
    return index[from_test_files | (index["split"] != "test")].reset_index(drop=True)


def _refuse(
    leaks: Sequence[str], protocol: str, cure: str = "give what is shared one group"
) -> None:
    """Raise an error for the leaks of a split by groups."""
    if leaks and protocol == "group":
        named = "; ".join(leaks[:MAX_NAMED]) + ("; and more" if len(leaks) > MAX_NAMED else "")
        raise InputError(f"the split leaks: {named}: {cure}")


def _buffer(index: pd.DataFrame, examples: Examples, protocol: str, buffer: float | None) -> float:
    """Return the distance that is kept between splits, 0 for a random split."""
    if buffer is not None and not buffer >= 0:
        raise InputError(f"buffer is {buffer}: it must be at least 0")
    if protocol != "group":
        return 0.0
    if buffer is not None:
        return float(buffer)
    return structure_size(index, [file.attributes for file in examples.files])


def _with_content(index: pd.DataFrame, hashes: Sequence[str]) -> pd.DataFrame:
    """Return the index with the hashes of the content, those of the sources where recorded."""
    if CONTENT not in index:
        return index.assign(**{CONTENT: hashes})
    return index.assign(**{CONTENT: index[CONTENT].where(index[CONTENT] != "", hashes)})


def _order_index(index: pd.DataFrame, seed: int, shard_size: int) -> pd.DataFrame:
    """Return the index in the order of storage, with the columns `LOCATION_COLUMNS`."""
    key = [stable_hash(f"order:{name}", seed) for name in index["id"]]
    number = index["split"].map({split: number for number, split in enumerate(SPLITS)})
    index = index.iloc[np.lexsort((key, number))].reset_index(drop=True)
    position = index.groupby("split").cumcount()
    return index.assign(shard=position // shard_size + 1, row=position % shard_size)


def _write_shards(
    examples: Examples, index: pd.DataFrame, folder: Path, statistics: TrainingStatistics
) -> tuple[list[str], list[str]]:
    """Write x and y of every shard; return the names of the files and the hashes of the inputs."""
    names, hashes = [], []
    shards = index.groupby(["split", "shard"], sort=False)["source_row"]
    for (split, shard), rows in tqdm(shards, desc="shards", unit="shard", disable=None):
        x, y = examples.read(rows.to_numpy())
        if split == "train":
            statistics.add(x, y)
        hashes += content_hashes(x)
        for letter, values in (("x", x), ("y", y)):
            names.append(f"{letter}{split}_{shard}.npy")
            np.save(folder / names[-1], values, allow_pickle=False)
    return names, hashes


def _read_cubes(
    examples: Examples, index: pd.DataFrame, statistics: TrainingStatistics
) -> list[str]:
    """Compute the statistics of cubes, which are not stored; return the hashes of all cubes."""
    hashes = np.full(len(index), "", dtype=object)
    training = (index["split"] == "train").to_numpy()
    source_row = index["source_row"].to_numpy()
    order = np.argsort(source_row, kind="stable")
    for row in tqdm(order, desc="cubes", unit="cube", disable=None):
        x, y = examples.read(source_row[[row]])
        (hashes[row],) = content_hashes(x)
        if training[row]:
            statistics.add(x, y)
    return list(hashes)


def _describe_cubes(file: ExamplesFile, output_folder: str | os.PathLike) -> dict:
    """Return files, hashes and settings of the cubes of an examples file, for dataset.json."""
    names = ("grid_file", "labels_file")
    paths = [(Path(file.name).parent / file.attributes[name]).resolve() for name in names]
    folder = Path(output_folder).resolve()
    source = {name: os.path.relpath(path, folder) for name, path in zip(names, paths)}
    hashes = {source[name]: identity(path) for name, path in zip(names, paths)}
    settings = {name: file.attributes[name] for name in CUBE_SETTINGS if name in file.attributes}
    return source | settings | {"sha256": hashes}
