"""Predictions of trained runs."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import nn

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Batch, Loader, Preprocessing
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError
from cosmodag.json_files import read_json
from cosmodag.training.checkpoint import read_weights
from cosmodag.training.encoder import build_network
from cosmodag.training.precision import forward, set_channels_last, to_device
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.task import Task
from cosmodag.training.tasks import make_task

TRAIN = "train the run again"
"""Cure of a damaged run."""


class OutputInterpreter(Protocol):
    """The part of a task that predictions need."""

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return the predictions that the output stands for, arrays with an entry per example."""
        ...

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the loader's target as it is scored."""
        ...


class OrderedBatches(Protocol):
    """Batches of one epoch, such as `cosmodag.datasets.loader.Loader` yields."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch."""
        ...


def choose_device(device: str) -> str:
    """Return the device to compute on.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"`` for a GPU if there is one.

    Raises
    ------
    InputError
        If the device is unknown, or a GPU is requested but not available.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise InputError(f"device: {device!r} is not known; use auto, cpu, cuda or cuda:1")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device: {device!r} is not available here; use 'cpu' or 'auto'")
    return device


def load_run(run_folder: str | os.PathLike) -> tuple[nn.Module, Task, dict]:
    """Load a trained run.

    Parameters
    ----------
    run_folder : path-like
        Folder with run.json and model.pt.

    Returns
    -------
    model : torch.nn.Module
        The network with its trained weights, on the CPU.
    task : Task
        The task of the run.
    description : dict
        Contents of run.json.

    Raises
    ------
    InputError
        If run.json or model.pt is missing or was altered, or the weights do not fit the network.

    Examples
    --------
    >>> model, task, description = load_run("results/maps")  # doctest: +SKIP
    """
    folder = Path(run_folder)
    for name in ("run.json", "model.pt"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: no {name}; train the run first")
    description = read_json(folder / "run.json", TRAIN, keys=("model", "task", "training"))
    settings = {**description["model"], **_without_pretraining(description["model"])}
    model = build_network(settings, description.get("encoder"))
    try:
        model.load_state_dict(read_weights(folder / "model.pt"))
    except RuntimeError as error:
        raise InputError(
            f"{folder}/model.pt: not the weights of the network in run.json"
        ) from error
    return model, make_task(**description["task"]), description


def check_dataset(
    run_folder: str | os.PathLike, description: Mapping, dataset_folder: str | os.PathLike
) -> None:
    """Refuse a dataset that is not the one that a run was trained on.

    Parameters
    ----------
    run_folder : path-like
        Folder of the run.
    description : mapping
        Contents of its run.json.
    dataset_folder : path-like
        Folder of the dataset.

    Raises
    ------
    InputError
    """
    if Dataset.open(dataset_folder).sha256 != description["dataset"]:
        raise InputError(
            f"{dataset_folder}: not the dataset that {run_folder} was trained on; give that one"
        )


def run_loader(dataset_folder: str | os.PathLike, split: str, description: Mapping) -> Loader:
    """Return the batches of a split, preprocessed as in training but without augmentation.

    Parameters
    ----------
    dataset_folder : path-like
        Dataset that the run was trained on.
    split : {"train", "valid", "test"}
        The split to read, in the order of its shards.
    description : mapping
        Contents of run.json, of which task, transform, noise and batch size are used.
    """
    return Loader(
        Dataset.open(dataset_folder),
        split,
        target=make_task(**description["task"]).target,
        batch_size=description["training"]["batch_size"],
        preprocessing=run_preprocessing(description),
    )


def run_preprocessing(
    description: Mapping, augment: str | Collection[str] | None = None
) -> Preprocessing:
    """Return the preprocessing of a run's input.

    Parameters
    ----------
    description : mapping
        Contents of run.json.
    augment : str or collection of str, optional
        Augmentation; None adds none.
    """
    return Preprocessing(input_transform(description), augment, description.get("noise"))


def input_transform(description: Mapping) -> str | Callable[[np.ndarray], np.ndarray] | None:
    """Return the transform of a run's input: its own by name, or that of its frozen encoder."""
    encoder = description.get("encoder")
    if encoder is None:
        return description["transform"]
    return build_transform(encoder["transform"], encoder["statistics"])


def predict(
    run_folder: str | os.PathLike,
    loader: OrderedBatches,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, np.ndarray]:
    """Predict the examples of a split with a trained run.

    Parameters
    ----------
    run_folder : path-like
        Folder with run.json and model.pt.
    loader : OrderedBatches
        Batches of the split, as `run_loader` returns them.
    device : {"auto", "cpu", "cuda"}
        Device to compute on.
    threads : int, optional
        CPU threads; None uses all that are available to the process.

    Returns
    -------
    dict of numpy.ndarray
        ``index`` (N,), rows of the split, ascending; ``y``, the target as it is scored; and the
        predictions of the task. For maps these are ``logit`` and ``probability`` (N, K, h, w), the
        latter calibrated by the run's temperature; for classes likewise (N, K); for counts ``mean``
        and ``std`` (N, K).
    """
    model, task, description = load_run(run_folder)
    settings = TrainingSettings.from_dict(description["training"])
    predictions = predict_with(model, task, loader, settings, device=device, threads=threads)
    return calibrated(predictions, task, description.get("temperature"))


def calibrated(
    predictions: dict[str, np.ndarray], task: Task, temperature: float | None
) -> dict[str, np.ndarray]:
    """Return predictions with probabilities calibrated by a temperature, if there is one.

    Parameters
    ----------
    predictions : dict of numpy.ndarray
        Predictions of the task, as `predict_with` returns them.
    task : Task
        Task of the run.
    temperature : float, optional
        Temperature that logits are divided by.
    """
    if not ("logit" in predictions and temperature):
        return predictions
    probability = task.probability(predictions["logit"] / np.float32(temperature))
    return {**predictions, "probability": probability}


@torch.no_grad()
def predict_with(
    model: nn.Module,
    task: OutputInterpreter,
    loader: OrderedBatches,
    settings: TrainingSettings,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, np.ndarray]:
    """Predict the examples of a split with a network, without calibration.

    Parameters
    ----------
    model : torch.nn.Module
        The network, which is moved to `device`.
    task : OutputInterpreter
        Task of the network.
    loader : OrderedBatches
        Batches of the split.
    settings : TrainingSettings
        Precision and memory layout.
    device, threads
        As in `predict`.

    Returns
    -------
    dict of numpy.ndarray
        As `predict` returns them.
    """
    torch_device = torch.device(choose_device(device))
    model.to(torch_device).eval()
    if settings.channels_last:
        set_channels_last(model)
    batches: dict[str, list[np.ndarray]] = {}
    with reproducible(settings.deterministic, threads):
        for batch in loader.batches(0):
            x, y = to_device(batch, torch_device, settings)
            predictions = task.predict(forward(model, x, settings))
            predictions |= {"index": batch.rows, "y": task.observed(y)}
            for name, values in predictions.items():
                batches.setdefault(name, []).append(values)
    arrays = {name: np.concatenate(values) for name, values in batches.items()}
    order = np.argsort(arrays["index"], kind="stable")
    return {name: values[order] for name, values in arrays.items()}


def _without_pretraining(model: Mapping) -> dict:
    """Return the setting that keeps a network from loading weights that are replaced anyway."""
    return {"pretrained": None} if "pretrained" in model else {}
