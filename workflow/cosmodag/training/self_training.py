"""Labels from a network of an earlier run, for the next one to learn from."""

import os
import shutil
from pathlib import Path

import numpy as np

from cosmodag.datasets.folder import read_description, read_index
from cosmodag.datasets.statistics import TrainingStatistics
from cosmodag.errors import InputError
from cosmodag.files import whole_folder, write_json
from cosmodag.provenance import file_hash
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
    """Write a dataset with one more target: what a run learned from, and what it is sure of.

    The new channel ``union_<channel>`` is 1 where the channel that the run was trained on reaches
    the run's threshold, or where the run's calibrated probability reaches `confidence`; 0
    elsewhere. The test split is not predicted: there the new channel is the old label alone, and
    runs on it are to be scored on a truth of its own.

    Parameters
    ----------
    dataset_folder
        The dataset of the run.
    run_folder
        A trained run of task ``map``: the teacher.
    output_folder
        The dataset to write; inputs are linked, not copied, where the disk allows.
    confidence
        Probability from which a prediction counts as a label, in (0, 1].
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Returns
    -------
    dict
        What the new dataset.json holds.

    Raises
    ------
    InputError
        If the run is none of maps, or its dataset is one of cubes that are cut lazily.
    """
    dataset_folder, run_folder = Path(dataset_folder), Path(run_folder)
    _, task, run = load_run(run_folder)
    description = read_description(dataset_folder)
    if run["task"]["name"] != "map" or description.get("cubes"):
        raise InputError(f"{run_folder}: only a run of maps can label a dataset of maps anew")
    channel = task.target["channels"][0]
    probability = {
        split: predict(
            run_folder,
            run_loader(dataset_folder, split, run),
            device=device,
            threads=threads,
        )["probability"][:, 0]
        for split in ("train", "valid")
    }
    index = read_index(dataset_folder)
    with whole_folder(output_folder) as folder:
        shutil.copyfile(dataset_folder / "index.parquet", folder / "index.parquet")
        statistics = TrainingStatistics(description["x_channels"])
        for (split, shard), rows in index.groupby(["split", "shard"], sort=False):
            x_name, y_name = (f"{letter}{split}_{shard}.npy" for letter in "xy")
            _link(dataset_folder / x_name, folder / x_name)
            y = np.load(dataset_folder / y_name, allow_pickle=False)
            label = y[..., description["y_channels"].index(channel)] >= (task.threshold or 0.5)
            if split in probability:
                first = (shard - 1) * description["shard_size"]
                label |= probability[split][first : first + len(rows)] >= confidence
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
        write_json(folder / "dataset.json", description)
    return description


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
