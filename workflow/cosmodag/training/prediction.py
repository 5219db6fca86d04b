"""A trained run put to use."""

import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError
from cosmodag.training.encoder import build_network
from cosmodag.training.loop import forward, lay_out_channels_last, to_device
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.task import Task
from cosmodag.training.tasks import make_task


def choose_device(device: str) -> str:
    """Return `device`, or for ``"auto"`` a GPU where there is one and the CPU elsewhere."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device: {device!r} is not available here; use 'cpu' or 'auto'")
    return device


def load_run(run_folder: str | os.PathLike) -> tuple[nn.Module, Task, dict]:
    """Return the network with its trained weights, its task, and the run's description.

    Raises
    ------
    InputError
        If run.json or model.pt is missing, or the weights do not fit the network.
    """
    folder = Path(run_folder)
    for name in ("run.json", "model.pt"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: no {name}; train the run first")
    description = json.loads((folder / "run.json").read_text())
    settings = {**description["model"], **_without_pretraining(description["model"])}
    model = build_network(settings, description.get("encoder"))
    try:
        model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    except RuntimeError as error:
        raise InputError(
            f"{folder}/model.pt: not the weights of the network in run.json"
        ) from error
    return model, make_task(**description["task"]), description


def run_loader(dataset_folder: str | os.PathLike, split: str, description: Mapping) -> Loader:
    """Return a loader of a split as a run reads it, in the order of the shards, not augmented.

    Parameters
    ----------
    dataset_folder
        The dataset that the run was trained on.
    split
        ``"train"``, ``"valid"`` or ``"test"``.
    description
        What the run's run.json holds: its task, transform, noise and batch size count.
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
    """Return how the input of a run is preprocessed, from the contents of its run.json."""
    return Preprocessing(input_transform(description), augment, description.get("noise"))


def input_transform(description: Mapping) -> str | Callable[[np.ndarray], np.ndarray] | None:
    """Return the transform of a run's input: by its name, or the one its encoder was trained on."""
    encoder = description.get("encoder")
    if encoder is None:
        return description["transform"]
    return build_transform(encoder["transform"], encoder["statistics"])


def predict(
    run_folder: str | os.PathLike, loader, *, device: str = "auto", threads: int | None = None
) -> dict[str, np.ndarray]:
    """Predict a split with a trained run.

    Parameters
    ----------
    run_folder
        The run's folder, with run.json and model.pt.
    loader
        The split, as `run_loader` gives it.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``.
    threads
        CPU threads; None takes as many as the process may use.

    Returns
    -------
    dict of array
        ``index`` (N,): rows of the split, ascending; ``y``: the target as it is scored; and what
        the task predicts. Maps: ``logit`` and ``probability`` (N, K, h, w), the probability
        calibrated by the run's temperature; that of classes (N, K). Counts: ``mean`` and ``std``
        (N, K).
    """
    model, task, description = load_run(run_folder)
    settings = TrainingSettings.from_dict(description["training"])
    found = predict_with(model, task, loader, settings, device=device, threads=threads)
    return calibrated(found, task, description)


def calibrated(
    found: dict[str, np.ndarray], task: Task, description: Mapping
) -> dict[str, np.ndarray]:
    """Return predictions with their probabilities by the temperature of the run, if it has one."""
    temperature = description.get("temperature")
    if not ("logit" in found and temperature):
        return found
    return {**found, "probability": task.probability(found["logit"] / np.float32(temperature))}


@torch.no_grad()
def predict_with(
    model: nn.Module,
    task: Task,
    loader,
    settings: TrainingSettings,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, np.ndarray]:
    """Predict a split with a network, as `predict` does, without calibration."""
    device = torch.device(choose_device(device))
    model.to(device).eval()
    if settings.channels_last:
        lay_out_channels_last(model)
    parts: dict[str, list[np.ndarray]] = {}
    with reproducible(settings.deterministic, threads):
        for batch in loader.batches(0):
            x, y = to_device(batch, device, settings)
            found = task.predict(forward(model, x, settings))
            found |= {"index": batch.index, "y": task.observed(y)}
            for name, part in found.items():
                parts.setdefault(name, []).append(part)
    whole = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    order = np.argsort(whole["index"], kind="stable")
    return {name: array[order] for name, array in whole.items()}


def _without_pretraining(model: dict) -> dict:
    """Return the setting that keeps a network from looking for weights it is about to replace."""
    return {"pretrained": None} if "pretrained" in model else {}
