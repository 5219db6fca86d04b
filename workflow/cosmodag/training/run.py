"""One training run, from a dataset folder to a run folder."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from cosmodag.datasets.folder import read_description
from cosmodag.datasets.loader import Loader
from cosmodag.datasets.staging import staged
from cosmodag.datasets.thermal_noise import ThermalNoise
from cosmodag.datasets.transforms import input_scale
from cosmodag.errors import InputError
from cosmodag.files import whole_file, write_json
from cosmodag.provenance import file_hash, value_hash, versions
from cosmodag.training.checkpoint import Checkpoints, pack
from cosmodag.training.completion import complete_model, complete_task
from cosmodag.training.distribution import connected
from cosmodag.training.encoder import build_network, describe_encoder
from cosmodag.training.loop import fit
from cosmodag.training.prediction import (
    choose_device,
    input_transform,
    load_run,
    predict_with,
    run_loader,
)
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.task import Task
from cosmodag.training.tasks import make_task
from cosmodag.training.tracking import write_history


def train_run(
    dataset_folder: str | os.PathLike,
    run_folder: str | os.PathLike,
    *,
    model: Mapping,
    task: Mapping,
    training: Mapping,
    transform: str | None = None,
    augment: str | Sequence[str] | None = None,
    noise: Mapping | None = None,
    encoder: str | os.PathLike | None = None,
    seed: int = 0,
    state_folder: str | os.PathLike | None = None,
    staging: str | os.PathLike | None = None,
    device: str = "auto",
    threads: int | None = None,
    initial: str | os.PathLike | None = None,
) -> dict:
    """Train a network on a dataset and write model.pt, run.json, history.csv and tensorboard/.

    Started by torchrun, srun or mpiexec, all ranks train together and the first one writes.

    Parameters
    ----------
    dataset_folder
        A folder that `split` wrote: shards, index.parquet, dataset.json.
    run_folder
        Where the run is written.
    model
        ``{"name": family, **settings}``; channels, outputs and head follow from dataset and task
        where they are not given.
    task
        ``{"name": "map" | "count" | "regression" | "classification" | "ordinal" | "reconstruction"
        | "matching" | "latent", **settings}``; what follows from the dataset may be left out.
    training
        Settings of `cosmodag.training.settings.TrainingSettings`.
    transform, augment
        As the loader takes them; augmentation applies to the training split alone.
    noise
        Settings of `cosmodag.datasets.thermal_noise.ThermalNoise`; None adds none.
    encoder
        Folder of a run of task reconstruction through whose encoder, frozen, the input is read; it
        is scaled as there, whatever `transform` says.
    seed
        Of the initial weights, the order of examples, augmentation and dropout.
    state_folder
        Where checkpoints are kept until the run is written, in a folder named by a hash of the
        arguments and the dataset; its own name should carry a hash of the code. None keeps none.
    staging
        Folder on a disk of the node, to which the dataset is copied first; None reads it in place.
    device
        ``"auto"``, ``"cpu"`` or ``"cuda"``; each rank of a machine takes a GPU of its own.
    threads
        CPU threads; None takes as many as the process may use.
    initial
        A model.pt to start from, of a network of the same shape.

    Returns
    -------
    dict
        What run.json holds: the completed settings, number of parameters, where pretrained weights
        came from, best epoch and, for maps and ordered classes, the temperature fitted on the
        validation split.

    Raises
    ------
    InputError
        If a setting is unknown or does not fit the dataset.
    Interrupted
        After SIGTERM or SIGUSR1, once a checkpoint is written; exits with code 75.
    """
    dataset_folder, run_folder = Path(dataset_folder), Path(run_folder)
    device = choose_device(device)
    settings = TrainingSettings.from_dict({"seed": seed, **training})
    if task.get("name") == "reconstruction":
        input_scale(transform, read_description(dataset_folder)["statistics"])
    if initial is not None and not Path(initial).is_file():
        raise InputError(f"initial: no file {initial}; give the model.pt of an earlier run")
    dataset = read_description(dataset_folder)
    task = complete_task(task, dataset)
    the_task = make_task(**task)
    weights = None
    if encoder is not None:
        weights, _, described = load_run(encoder)
        encoder = describe_encoder(encoder, described, dataset)
    model = complete_model(model, dataset, the_task, encoder)
    description = {
        "model": model,
        "task": task,
        "training": vars(settings),
        "transform": transform,
        "augment": augment,
        "seed": seed,
        "initial": file_hash(initial) if initial is not None else None,
        "dataset": file_hash(dataset_folder / "dataset.json"),
    }
    # Named only where they are given, so that descriptions of other runs stay as they were.
    description |= {"noise": dict(noise)} if noise is not None else {}
    description |= {"encoder": encoder} if encoder is not None else {}
    if state_folder is not None:
        state_folder = Path(state_folder) / value_hash(description)

    with contextlib.ExitStack() as stack:
        ranks = stack.enter_context(connected(device))
        if device == "cuda":
            device = f"cuda:{ranks.local_rank % torch.cuda.device_count()}"
            torch.cuda.set_device(device)

        nearby = stack.enter_context(
            staged(
                dataset_folder,
                staging,
                name=f"-{value_hash(str(run_folder))}",
                first=ranks.local_rank == 0,
                wait=ranks.wait,
            )
        )

        def loader(split: str) -> Loader:
            return Loader(
                nearby,
                split,
                batch_size=settings.batch_size,
                seed=seed,
                target=the_task.target,
                shuffle=split == "train",
                augment=augment if split == "train" else None,
                rank=ranks.rank,
                world_size=ranks.size,
                transform=input_transform(description),
                noise=noise,
            )

        torch.manual_seed(seed)
        network = build_network(model, encoder)
        if encoder is not None:
            network.encoder.load_state_dict(weights.encoder.state_dict())
        if initial is not None:
            load_initial(network, initial)
        history = fit(
            network,
            the_task,
            loader("train"),
            loader("valid"),
            settings,
            run_folder=run_folder,
            state_folder=state_folder,
            ranks=ranks,
            device=device,
            threads=threads,
        )
        size = ranks.size
        if not ranks.first:
            return description

    description |= outcome(network, the_task, settings, history) | {
        "ranks": size,
        "threads": threads or len(os.sched_getaffinity(0)),
        "device": "cpu" if device == "cpu" else torch.cuda.get_device_name(),
        "versions": versions(("torch", "torchvision", "numpy")),
    }
    if task["name"] == "reconstruction":
        description |= what_was_seen(dataset, transform, noise)
    if the_task.calibrates:
        valid = run_loader(dataset_folder, "valid", description)
        valid = predict_with(network, the_task, valid, settings, device=device, threads=threads)
        description["temperature"] = the_task.fit_temperature(valid["logit"], valid["y"])
    write_history(run_folder / "history.csv", history)
    with whole_file(run_folder / "model.pt") as partial:
        partial.write_bytes(pack(network.cpu().state_dict()))
    write_json(run_folder / "run.json", description)
    Checkpoints(state_folder).clear()
    return description


def outcome(
    network: torch.nn.Module, task: Task, settings: TrainingSettings, history: list[dict]
) -> dict:
    """Return what came of a training: size of the network, best epoch, its scores, seconds."""
    monitored = [row[f"valid_{settings.monitor}"] for row in history]
    rising = task.scores.get(settings.monitor, False)
    best = monitored.index(max(monitored) if rising else min(monitored))
    return {
        "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "pretrained": getattr(network, "pretrained", "none"),
        "best_epoch": history[best]["epoch"],
        "validation": {k: v for k, v in history[best].items() if k.startswith("valid_")},
        "seconds": history[-1]["seconds"],
    }


def what_was_seen(dataset: Mapping, transform: str | None, noise: Mapping | None) -> dict:
    """Return what a run that reads through an encoder must know of the encoder's training.

    Returns
    -------
    dict
        ``seen``, the groups of training and validation; ``statistics``, by which the input is
        scaled.
    """
    statistics = dataset["statistics"]
    if noise is not None:
        statistics = ThermalNoise(dataset["x_channels"], "train", **noise).widened(statistics)
    scaling = {name: statistics[name] for name in ("x_min", "x_max")}
    used = statistics["transforms"].get(transform)
    return {
        "seen": sorted({*dataset["groups"]["train"], *dataset["groups"]["valid"]}),
        "statistics": scaling | {"transforms": {transform: used} if used else {}},
    }


def load_initial(network: torch.nn.Module, path: str | os.PathLike) -> None:
    """Load the weights at `path` into a network of the same shape."""
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except RuntimeError as error:
        raise InputError(f"initial: {path} holds weights of another network") from error
