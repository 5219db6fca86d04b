"""Self-training: labels from a trained run, for the next run to train on."""

import copy
import os
import shutil
from pathlib import Path

import numpy as np

from cosmodag.checksums import identity, require_named
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.statistics import TrainingStatistics
from cosmodag.errors import InputError
from cosmodag.files import whole_folder
from cosmodag.json_files import write_json
from cosmodag.output_kinds import DATASET
from cosmodag.provenance import file_hash
from cosmodag.training.map_task import MapTask
from cosmodag.training.prediction import load_run, predict, run_loader


def relabel(
    dataset_folder: str | os.PathLike,
    run_folder: str | os.PathLike,
    output_folder: str | os.PathLike,
    *,
    confidence: float = 0.9,
    device: str = "auto",
    threads: int | None = None,
) -> dict:
    """Write a dataset with a run's confident predictions added to its labels.

    The new target channel ``union_<channel>`` is 1 where the channel that the run was trained on
    reaches the run's threshold, or where the run's calibrated probability reaches `confidence`, and
    0 elsewhere. The test split is not predicted: its new channel contains the original labels only,
    and runs on it need an independent truth.

    Parameters
    ----------
    dataset_folder : path-like
        Dataset of the run.
    run_folder : path-like
        A trained run of task ``map``, the teacher.
    output_folder : path-like
        Dataset to write; inputs are linked, not copied, where the disk allows.
    confidence : float
        Probability from which a prediction is a label, in (0, 1].
    device, threads
        As in `cosmodag.training.prediction.predict`.

    Returns
    -------
    dict
        Contents of the new dataset.json.

    Raises
    ------
    InputError
        If the run has another task, or its dataset cuts cubes when they are read.
    """
    run_folder, dataset = Path(run_folder), Dataset.open(dataset_folder)
    _, task, run = load_run(run_folder)
    if not isinstance(task, MapTask) or dataset.is_lazy:
        raise InputError(f"{run_folder}: only a run of maps can label a dataset of maps anew")
    channel, threshold = task.target["channels"][0], task.threshold or 0.5
    confident = {
        split: predict(
            run_folder, run_loader(dataset_folder, split, run), device=device, threads=threads
        )["probability"][:, 0]
        >= confidence
        for split in ("train", "valid")
    }
    description = copy.deepcopy(dict(dataset.description))
    shards = dataset.index().groupby(["split", "shard"], sort=False)
    with whole_folder(output_folder, DATASET) as folder:
        for name in description["index"]:
            require_named(dataset.folder / name, dataset.folder / "dataset.json", "split anew")
            shutil.copyfile(dataset.folder / name, folder / name)
        statistics = TrainingStatistics(dataset.x_channels)
        for (split, shard), rows in shards:
            x_name, y_name = (f"{letter}{split}_{shard}.npy" for letter in "xy")
            _link(dataset.folder / x_name, folder / x_name)
            for name in (x_name, y_name):
                require_named(dataset.folder / name, dataset.folder / "dataset.json", "split anew")
            y = np.load(dataset.folder / y_name, allow_pickle=False)
            label = y[..., dataset.y_channels.index(channel)] >= threshold
            if split in confident:
                first = (shard - 1) * description["shard_size"]
                label |= confident[split][first : first + len(rows)]
            y = np.concatenate([y, label[..., None].astype(np.float32)], axis=-1)
            np.save(folder / y_name, y, allow_pickle=False)
            description["shards"][y_name] = file_hash(folder / y_name)
            if split == "train":
                statistics.add(np.load(folder / x_name, mmap_mode="r", allow_pickle=False), y)
        description["y_channels"].append(f"union_{channel}")
        description["shapes"]["y"][-1] += 1
        description["statistics"] |= statistics.summary()
        description["teacher"] = {
            "run": run_folder.name,
            "model": file_hash(run_folder / "model.pt"),
            "confidence": confidence,
        }
        # The baselines of a dataset belong to all that are labelled anew from it.
        description.setdefault("original", identity(dataset.folder / "dataset.json"))
        write_json(
            folder / "dataset.json",
            description,
            inputs=[dataset.folder / "dataset.json", run_folder / "run.json"],
            lists=["shards", "index"],
        )
    return description


def _link(source: Path, target: Path) -> None:
    """Link a file, or copy it where the disk has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
