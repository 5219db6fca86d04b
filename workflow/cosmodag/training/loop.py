"""The training loop of all experiments."""

import itertools
import logging
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import nn

from cosmodag.training.checkpoint import Checkpoints, pack, unpack
from cosmodag.training.distribution import ALONE, Ranks, add_gradients
from cosmodag.training.interruption import Interrupted, stop_requests
from cosmodag.training.normalization import over_all_ranks
from cosmodag.training.optimization import learning_rate
from cosmodag.training.reproducible import reproducible, seed_step
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.state import TrainingState
from cosmodag.training.task import Task
from cosmodag.training.tracking import Tracker, profiler

log = logging.getLogger(__name__)

HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def fit(
    model: nn.Module,
    task: Task,
    train_loader,
    valid_loader,
    settings: TrainingSettings,
    *,
    run_folder: str | os.PathLike | None = None,
    state_folder: str | os.PathLike | None = None,
    ranks: Ranks = ALONE,
    device: str = "cpu",
    threads: int | None = None,
) -> list[dict]:
    """Train a network and leave it with its best weights.

    Parameters
    ----------
    model
        The network; it is moved to `device`.
    task
        What it is to learn.
    train_loader, valid_loader
        Loaders as in `cosmodag.datasets.loader`: ``len(loader)`` batches an epoch, and
        ``loader.batches(epoch, start)`` yields this rank's part of each batch, with x and y.
    settings
        How to train.
    run_folder
        Where history.csv, tensorboard/ and trace.json are written; None writes none.
    state_folder
        Where checkpoints are kept; None keeps none. Training continues from the last one found
        there, so the folder must be another when model, task, data or settings are.
    ranks
        This process among those that train together.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
    threads
        CPU threads; None takes as many as the process may use.

    Returns
    -------
    list of dict
        A row for each epoch: epoch, step, learning_rate, train_loss, valid_loss and the task's
        scores as ``valid_<score>``, examples_per_second, seconds.

    Raises
    ------
    Interrupted
        After SIGTERM or SIGUSR1, once a checkpoint is written; exits with code 75.
    InputError
        If `settings.monitor` is unknown to the task, or the loss becomes infinite.
    """
    folder = Path(run_folder) if run_folder is not None and ranks.first else None
    checkpoints = Checkpoints(
        state_folder if ranks.first else None,
        seconds=settings.checkpoint_seconds,
        steps=settings.checkpoint_steps,
    )
    with reproducible(settings.deterministic, threads), stop_requests() as stop:
        state = start(model, task, settings, checkpoints, ranks, torch.device(device))
        batches = len(train_loader)
        done = state.epoch * batches + state.batch
        with (
            Tracker(folder, state.history, settings.epochs, batches, done) as tracker,
            profiler(folder, settings.profile_steps) as profile,
        ):
            while not state.finished:
                for asked_to_stop in train_epoch(state, task, train_loader, ranks, tracker, stop):
                    if profile is not None:
                        profile.step()
                    if asked_to_stop or checkpoints.due(state.step):
                        state.check_finite()
                        checkpoints.save(state.to_dict(), state.step)
                    if asked_to_stop:
                        raise Interrupted
                state.close_epoch(validate(state.kept, task, valid_loader, settings, ranks))
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
    """Return the state from which all ranks train: the last checkpoint's, or the first rank's."""
    model.to(device)
    if settings.channels_last:
        lay_out_channels_last(model)
    if ranks.size > 1:
        over_all_ranks(model)
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
    state: TrainingState, task: Task, loader, ranks: Ranks, tracker: Tracker, stop: threading.Event
) -> Iterator[bool]:
    """Train on the rest of an epoch, yielding after each step whether a rank was asked to stop."""
    state.model.train()
    tracker.start_epoch(state.epoch)
    steps_an_epoch = math.ceil(len(loader) / state.settings.accumulate)
    batches = loader.batches(state.epoch, start=state.batch)
    began = time.monotonic()
    for group in grouped(batches, state.settings.accumulate):
        rate = learning_rate(
            state.settings, state.step, state.settings.epochs * steps_an_epoch, state.monitored
        )
        asked_to_stop = train_step(state, task, group, rate, ranks, stop.is_set())
        state.batch += len(group)
        tracker.advance(len(group), ranks.size * sum(len(batch.x) for batch in group))
        state.seconds += time.monotonic() - began
        began = time.monotonic()
        yield asked_to_stop


def train_step(
    state: TrainingState, task: Task, group: list, rate: float, ranks: Ranks, stop: bool
) -> bool:
    """Take one step of the optimizer along the mean gradient over all examples of all ranks.

    Parameters
    ----------
    group
        The batches whose gradients are added up.
    rate
        Learning rate.
    stop
        Whether this rank was asked to stop.

    Returns
    -------
    bool
        Whether any rank was asked to stop.
    """
    settings, parameters = state.settings, list(state.model.parameters())
    device = parameters[0].device
    seed_step(settings.seed, state.step, ranks.rank)
    loss, count = torch.zeros((), device=device), 0
    for batch in group:
        x, y = to_device(batch, device, settings)
        losses = task.loss(forward(state.model, x, settings), y)
        state.scaler.scale(losses.sum()).backward()
        loss += losses.detach().sum()
        count += len(x)
    loss, count, stops = add_gradients(parameters, [loss, count, stop], ranks)
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
    # Reading a sum of several ranks waits for the device; a single rank knows without.
    return bool(stops.item()) if ranks.size > 1 else stop


@torch.no_grad()
def validate(
    model: nn.Module, task: Task, loader, settings: TrainingSettings, ranks: Ranks
) -> dict[str, float]:
    """Return the mean loss and the task's scores over all examples of all ranks."""
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


def forward(model: nn.Module, x: torch.Tensor, settings: TrainingSettings) -> torch.Tensor:
    """Return the model's output in float32, computed in the precision that `settings` names."""
    half = HALF.get(settings.precision)
    with torch.autocast(x.device.type, half, enabled=half is not None):
        return model(x).float()


def to_device(
    batch, device: torch.device, settings: TrainingSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return x and y of a batch on the device, x with channels last if so set."""
    x = batch.x.to(device, non_blocking=True)
    if settings.channels_last and x.ndim in CHANNELS_LAST:
        x = x.contiguous(memory_format=CHANNELS_LAST[x.ndim])
    return x, batch.y.to(device, non_blocking=True)


def lay_out_channels_last(model: nn.Module) -> None:
    """Lay out the filters of `model` with channels last in memory."""
    for parameter in model.parameters():
        if parameter.ndim in CHANNELS_LAST:
            parameter.data = parameter.data.contiguous(memory_format=CHANNELS_LAST[parameter.ndim])


def grouped(batches: Iterable, size: int) -> Iterator[list]:
    """Yield lists of `size` batches; the last may be shorter."""
    batches = iter(batches)
    while group := list(itertools.islice(batches, size)):
        yield group
