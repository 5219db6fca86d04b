"""The training loop of all experiments."""

import itertools
import logging
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from cosmodag.datasets.loader import Batch
from cosmodag.training.checkpoint import Checkpoints, pack, unpack
from cosmodag.training.distribution import SINGLE, Ranks, add_gradients
from cosmodag.training.interruption import Interrupted, stop_requests
from cosmodag.training.normalization import normalize_over_ranks
from cosmodag.training.optimization import learning_rate
from cosmodag.training.precision import forward, set_channels_last, to_device
from cosmodag.training.reproducible import reproducible, seed_step
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.state import TrainingState
from cosmodag.training.task import Task
from cosmodag.training.tracking import Tracker, profiler

log = logging.getLogger(__name__)


class BatchSource(Protocol):
    """Source of batches, such as `cosmodag.datasets.loader.Loader`."""

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield this rank's part of each batch of an epoch, from batch `start` on."""
        ...


def fit(
    model: nn.Module,
    task: Task,
    train_loader: BatchSource,
    valid_loader: BatchSource,
    settings: TrainingSettings,
    *,
    run_folder: str | os.PathLike | None = None,
    state_folder: str | os.PathLike | None = None,
    ranks: Ranks = SINGLE,
    device: str = "cpu",
    threads: int | None = None,
) -> list[dict]:
    """Train a network; it has its best weights at the end.

    Parameters
    ----------
    model : torch.nn.Module
        The network, which is moved to `device`.
    task : Task
        Task to train.
    train_loader, valid_loader : BatchSource
        Batches of the training and validation splits.
    settings : TrainingSettings
        Settings of the training.
    run_folder : path-like, optional
        Folder for history.csv, tensorboard/ and trace.json; None writes none.
    state_folder : path-like, optional
        Folder of checkpoints; None keeps none. Training continues from the last one in it, so
        another model, task, dataset or other settings need another folder.
    ranks : Ranks
        This process among those that train together.
    device : str
        ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    threads : int, optional
        CPU threads; None uses all that are available to the process.

    Returns
    -------
    list of dict
        A row per epoch: epoch, step, learning_rate, train_loss, valid_loss, the task's scores as
        ``valid_<score>``, and seconds.

    Raises
    ------
    Interrupted
        After SIGTERM or SIGUSR1, once a checkpoint is written; exits with code 75.
    InputError
        If the task has no score `settings.monitor`, or the loss is no longer finite.
    """
    folder = Path(run_folder) if run_folder is not None and ranks.first else None
    checkpoints = Checkpoints(
        state_folder if ranks.first else None,
        seconds=settings.checkpoint_seconds,
        steps=settings.checkpoint_steps,
        owner=run_folder,
    )
    with reproducible(settings.deterministic, threads), stop_requests() as stop:
        state = start(model, task, settings, checkpoints, ranks, torch.device(device))
        n_batches = len(train_loader)
        done = state.epoch * n_batches + state.batch
        with (
            Tracker(folder, state.history, settings.epochs, n_batches, done) as tracker,
            profiler(folder, settings.profile_steps) as profile,
        ):
            while not state.finished:
                for stopping in train_epoch(state, task, train_loader, ranks, tracker, stop):
                    if profile is not None:
                        profile.step()
                    if stopping or checkpoints.due(state.step):
                        state.check_finite()
                        checkpoints.save(state.to_dict(), state.step)
                    if stopping:
                        raise Interrupted
                scores = validate(state.validated_model, task, valid_loader, settings, ranks)
                state.close_epoch(scores)
                tracker.finish_epoch(state.history)
        if checkpoints.saved_step != state.step:
            checkpoints.save(state.to_dict(), state.step)
    model.load_state_dict(state.best)
    return state.history


def start(
    model: nn.Module,
    task: Task,
    settings: TrainingSettings,
    checkpoints: Checkpoints,
    ranks: Ranks,
    device: torch.device,
) -> TrainingState:
    """Return the state from which all ranks train.

    It is the state of the last checkpoint if there is one, else that of the first rank. Parameters
    are those of `fit`.
    """
    model.to(device)
    if settings.channels_last:
        set_channels_last(model)
    if ranks.size > 1:
        normalize_over_ranks(model)
    state = TrainingState(model, task, settings)
    content = checkpoints.latest()
    if not content and ranks.size > 1:
        content = pack(state.to_dict())
    content = ranks.share(content, device)
    if content:
        state.restore(unpack(content))
    if ranks.first and state.step:
        log.info("training continues in epoch %d at batch %d", state.epoch + 1, state.batch)
    return state


def train_epoch(
    state: TrainingState,
    task: Task,
    loader: BatchSource,
    ranks: Ranks,
    tracker: Tracker,
    stop: threading.Event,
) -> Iterator[bool]:
    """Train on the rest of an epoch.

    Parameters
    ----------
    state : TrainingState
        State of the training, which is advanced.
    task : Task
        Task to train.
    loader : BatchSource
        Batches of the training split.
    ranks : Ranks
        This process among those that train together.
    tracker : Tracker
        Progress display.
    stop : threading.Event
        Set once this process was asked to stop.

    Yields
    ------
    bool
        After each step, whether any rank was asked to stop.
    """
    state.model.train()
    tracker.start_epoch(state.epoch)
    steps_per_epoch = math.ceil(len(loader) / state.settings.accumulate)
    batches = loader.batches(state.epoch, start=state.batch)
    began = time.monotonic()
    for group in grouped(batches, state.settings.accumulate):
        rate = learning_rate(
            state.settings, state.step, state.settings.epochs * steps_per_epoch, state.monitored
        )
        stopping = train_step(state, task, group, rate, ranks, stop.is_set())
        state.batch += len(group)
        tracker.advance(len(group), ranks.size * sum(len(batch.x) for batch in group))
        state.seconds += time.monotonic() - began
        began = time.monotonic()
        yield stopping


def train_step(
    state: TrainingState, task: Task, group: list[Batch], rate: float, ranks: Ranks, stop: bool
) -> bool:
    """Take one step of the optimizer along the mean gradient over all examples of all ranks.

    Parameters
    ----------
    state : TrainingState
        State of the training, which is advanced.
    task : Task
        Task to train.
    group : list of Batch
        Batches whose gradients are summed.
    rate : float
        Learning rate.
    ranks : Ranks
        This process among those that train together.
    stop : bool
        Whether this rank was asked to stop.

    Returns
    -------
    bool
        Whether any rank was asked to stop.
    """
    settings, parameters = state.settings, list(state.model.parameters())
    device = parameters[0].device
    seed_step(settings.seed, state.step, ranks.rank)
    loss_sum, n_examples = torch.zeros((), device=device), 0
    for batch in group:
        x, y = to_device(batch, device, settings)
        losses = task.loss(forward(state.model, x, settings), y)
        state.scaler.scale(losses.sum()).backward()
        loss_sum += losses.detach().sum()
        n_examples += len(x)
    loss, count, stops = add_gradients(parameters, [loss_sum, n_examples, stop], ranks)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.div_(count)
    state.scaler.unscale_(state.optimizer)
    if settings.clip is not None:
        nn.utils.clip_grad_norm_(parameters, settings.clip)
    for parameter_group in state.optimizer.param_groups:
        parameter_group["lr"] = rate
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.optimizer.zero_grad()
    state.step += 1
    if state.average is not None:
        state.average.update(state.model, state.step)
    state.loss += loss
    state.examples += count
    # Reading a sum over ranks waits for the device; a single rank need not wait.
    return bool(stops.item()) if ranks.size > 1 else stop


@torch.no_grad()
def validate(
    model: nn.Module, task: Task, loader: BatchSource, settings: TrainingSettings, ranks: Ranks
) -> dict[str, float]:
    """Return the mean loss and the task's scores over all examples of all ranks.

    Parameters
    ----------
    model : torch.nn.Module
        The network, on its device.
    task : Task
        Task that defines loss and scores.
    loader : BatchSource
        Batches of the split.
    settings : TrainingSettings
        Precision and memory layout.
    ranks : Ranks
        This process among those that share each batch.
    """
    model.eval()
    device = next(model.parameters()).device
    totals: dict[str, torch.Tensor] = {}
    for batch in loader.batches(0):
        x, y = to_device(batch, device, settings)
        output = forward(model, x, settings)
        loss = task.loss(output, y).double().sum()
        sums = {"loss": loss, "examples": loss.new_tensor(len(x)), **task.sums(output, y)}
        totals = {name: totals.get(name, 0) + value for name, value in sums.items()}
    totals = {name: ranks.add(total) for name, total in totals.items()}
    return {"loss": (totals["loss"] / totals["examples"]).item(), **task.metrics(totals)}


def grouped(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Yield lists of `size` batches, the last of which may be shorter."""
    batches = iter(batches)
    while group := list(itertools.islice(batches, size)):
        yield group
