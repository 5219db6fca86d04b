"""One training run, from a dataset folder to a run folder."""

import os
from pathlib import Path

import torch
from torch import nn

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.staging import staged
from cosmodag.datasets.thermal_noise import ThermalNoise
from cosmodag.files import whole_file
from cosmodag.json_files import write_json
from cosmodag.provenance import value_hash, versions
from cosmodag.training.checkpoint import Checkpoints, pack
from cosmodag.training.distribution import connected, rank_device
from cosmodag.training.fitted_layers import fit_layers
from cosmodag.training.loop import fit
from cosmodag.training.plan import RunPlan
from cosmodag.training.prediction import choose_device, predict_with, run_loader
from cosmodag.training.reconstruction_task import ReconstructionTask
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import RunSettings
from cosmodag.training.tracking import write_history


def train_run(
    dataset_folder: str | os.PathLike,
    run_folder: str | os.PathLike,
    settings: RunSettings,
    *,
    state_folder: str | os.PathLike | None = None,
    staging: str | os.PathLike | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> dict:
    """Train a network on a dataset and write model.pt, run.json, history.csv and tensorboard/.

    Started by torchrun, srun or mpiexec, all ranks train together and the first one writes.

    Parameters
    ----------
    dataset_folder : path-like
        Folder written by ``cosmodag split``: shards, index.parquet, dataset.json.
    run_folder : path-like
        Folder to write the run to.
    settings : RunSettings
        What to train and how.
    state_folder : path-like, optional
        Folder of checkpoints, which are kept until the run is written, in a sub-folder named by a
        hash of settings and dataset. Its own name should contain a hash of the code. None keeps no
        checkpoints.
    staging : path-like, optional
        Folder on a disk of the node, to which the dataset is copied first. None reads it in place.
    device : {"auto", "cpu", "cuda"}
        Device to train on; each rank of a node takes its own GPU.
    threads : int, optional
        CPU threads; None uses all that are available to the process.

    Returns
    -------
    dict
        Contents of run.json: completed settings, number of parameters, source of pretrained
        weights, best epoch and, for calibrated tasks, the temperature fitted on the validation
        split.

    Raises
    ------
    InputError
        If a setting is unknown or does not fit the dataset.
    Interrupted
        After SIGTERM or SIGUSR1, once a checkpoint is written; exits with code 75.

    Examples
    --------
    >>> from cosmodag.training.settings import RunSettings
    >>> settings = RunSettings(
    ...     model={"name": "unet"},
    ...     task={"name": "map", "channel": "fraction_matter"},
    ...     training={"epochs": 5},
    ... )
    >>> train_run("dataset", "run", settings)  # doctest: +SKIP
    """
    run_folder, device = Path(run_folder), choose_device(device)
    plan = RunPlan.complete(settings, Dataset.open(dataset_folder))
    if state_folder is not None:
        state_folder = Path(state_folder) / value_hash(plan.description)
    with connected(device) as ranks:
        device = rank_device(device, ranks)
        copy_name = f"-{value_hash(str(run_folder))}"
        first = ranks.local_rank == 0
        with staged(plan.dataset, staging, name=copy_name, first=first, wait=ranks.wait) as dataset:
            network = plan.build_network()
            train_loader = plan.loader("train", dataset, ranks)
            if settings.initial is None:
                with reproducible(plan.training.deterministic, threads):
                    fit_layers(network, train_loader)
            history = fit(
                network,
                plan.task,
                train_loader,
                plan.loader("valid", dataset, ranks),
                plan.training,
                run_folder=run_folder,
                state_folder=state_folder,
                ranks=ranks,
                device=device,
                threads=threads,
            )
    if not ranks.first:
        return plan.description
    description = plan.description | summarize_training(plan, network, history)
    description |= describe_environment(ranks.size, device, threads)
    description |= describe_encoder_training(plan)
    description |= fit_calibration(plan, network, device=device, threads=threads)
    write_history(run_folder / "history.csv", history)
    with whole_file(run_folder / "model.pt") as partial:
        partial.write_bytes(pack(network.cpu().state_dict()))
    write_json(
        run_folder / "run.json",
        description,
        inputs=plan.inputs,
        files=[run_folder / "model.pt", run_folder / "history.csv"],
    )
    Checkpoints(state_folder).clear()
    return description


def summarize_training(plan: RunPlan, network: nn.Module, history: list[dict]) -> dict:
    """Return size of the network, source of its weights, best epoch with its scores, and time."""
    monitor = f"valid_{plan.training.monitor}"
    higher_is_better = plan.task.scores.get(plan.training.monitor, False)
    best = (max if higher_is_better else min)(history, key=lambda row: row[monitor])
    return {
        "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "pretrained": getattr(network, "pretrained", "none"),
        "best_epoch": best["epoch"],
        "validation": {key: value for key, value in best.items() if key.startswith("valid_")},
        "seconds": history[-1]["seconds"],
    }


def describe_environment(n_ranks: int, device: str, threads: int | None) -> dict:
    """Return the hardware that a run was trained on, and the versions of its libraries."""
    return {
        "ranks": n_ranks,
        "threads": threads or len(os.sched_getaffinity(0)),
        "device": "cpu" if device == "cpu" else torch.cuda.get_device_name(),
        "versions": versions(("torch", "torchvision", "numpy")),
    }


def describe_encoder_training(plan: RunPlan) -> dict:
    """Return what later runs check before they use the encoder of this run; empty without one.

    Returns
    -------
    dict
        ``seen``, the groups of the training and validation splits; ``statistics``, by which the
        input is scaled.
    """
    if not isinstance(plan.task, ReconstructionTask):
        return {}
    statistics, transform = plan.dataset.statistics, plan.settings.transform
    if plan.settings.noise is not None:
        noise = ThermalNoise(plan.dataset.x_channels, "train", **plan.settings.noise)
        statistics = noise.noisy_statistics(statistics)
    scaling = {name: statistics[name] for name in ("x_min", "x_max")}
    moments = statistics["transforms"].get(transform)
    groups = plan.dataset.groups
    return {
        "seen": sorted({*groups["train"], *groups["valid"]}),
        "statistics": scaling | {"transforms": {transform: moments} if moments else {}},
    }


def fit_calibration(plan: RunPlan, network: nn.Module, *, device: str, threads: int | None) -> dict:
    """Return the temperature that calibrates a network on validation; empty for other tasks."""
    if not plan.task.calibrates:
        return {}
    loader = run_loader(plan.dataset.folder, "valid", plan.description)
    predictions = predict_with(
        network, plan.task, loader, plan.training, device=device, threads=threads
    )
    return {"temperature": plan.task.fit_temperature(predictions["logit"], predictions["y"])}
