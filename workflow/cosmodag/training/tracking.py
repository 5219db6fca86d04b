"""Display and record of a training: progress bar, history, TensorBoard, profile."""

import contextlib
import csv
import logging
import shutil
import sys
import time
from pathlib import Path

import torch
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from cosmodag.files import whole_file

log = logging.getLogger(__name__)

_LOG_INTERVAL = 60.0
"""Seconds between progress messages in the log of a run without a terminal."""


class Tracker:
    """Progress of a training, from its history so far.

    Parameters
    ----------
    folder : pathlib.Path or None
        Run folder, for history.csv and tensorboard/; None writes and displays nothing.
    history : list of dict
        A row per finished epoch. They are written again, because a workflow removes the outputs of
        an interrupted job.
    epochs : int
        Epochs of the training.
    batches : int
        Batches per epoch.
    done : int
        Finished batches over all epochs.
    """

    def __init__(
        self, folder: Path | None, history: list[dict], epochs: int, batches: int, done: int
    ):
        self.folder, self.epochs, self.batches = folder, epochs, batches
        self.opened = self.began = self.logged = time.monotonic()
        self.first = self.done = done
        self.examples = 0
        quiet = folder is None or not sys.stderr.isatty()
        self.bar = tqdm(
            total=epochs * batches,
            initial=done,
            unit="batch",
            disable=quiet,
            dynamic_ncols=True,
            smoothing=0.05,
        )
        self.board: SummaryWriter | None = None
        if folder is not None:
            shutil.rmtree(folder / "tensorboard", ignore_errors=True)
            self.board = SummaryWriter(folder / "tensorboard")
            for row in history:
                _write_scalars(self.board, row)

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        if self.board is not None:
            self.board.close()

    @property
    def examples_per_second(self) -> float:
        """Rate of training since the epoch began or continued."""
        return self.examples / max(time.monotonic() - self.began, 1e-9)

    def start_epoch(self, epoch: int) -> None:
        """Start to measure the rest of an epoch, counted from 0."""
        self.began, self.examples = time.monotonic(), 0
        self.bar.set_description(f"epoch {epoch + 1}/{self.epochs}")

    def advance(self, batches: int, examples: int) -> None:
        """Count finished batches and their examples."""
        self.done += batches
        self.examples += examples
        self.bar.set_postfix_str(f"{self.examples_per_second:.3g} examples/s", refresh=False)
        self.bar.update(batches)
        if self.folder is not None and self.bar.disable:
            self._log_progress()

    def finish_epoch(self, history: list[dict]) -> None:
        """Write the history, whose last row is new."""
        if self.folder is None or self.board is None:
            return
        row = history[-1]
        write_history(self.folder / "history.csv", history)
        _write_scalars(self.board, row)
        scores = (f"{key} {value:.4g}" for key, value in row.items() if "_" in key)
        message = f"epoch {row['epoch']}/{self.epochs}: {', '.join(scores)}"
        log.info("%s, %.3g examples/s", message, self.examples_per_second)

    def _log_progress(self) -> None:
        """Log progress and remaining time, at most once per interval."""
        now = time.monotonic()
        if now - self.logged < _LOG_INTERVAL:
            return
        self.logged = now
        fraction = (self.done - self.first) / (self.epochs * self.batches - self.first)
        remaining = (now - self.opened) * (1 / fraction - 1)
        log.info(
            "%.0f %% of training, %.3g examples/s, %.0f s left",
            100 * self.done / (self.epochs * self.batches),
            self.examples_per_second,
            remaining,
        )


def _write_scalars(board: SummaryWriter, row: dict) -> None:
    """Write a row of the history to TensorBoard."""
    for name, value in row.items():
        if name not in ("epoch", "step"):
            split, _, score = name.partition("_")
            tag = f"{score}/{split}" if split in ("train", "valid") else name
            board.add_scalar(tag, value, row["step"])
    board.flush()


def write_history(path: Path, history: list[dict]) -> None:
    """Write a history as CSV, one row per epoch."""
    with whole_file(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.DictWriter(file, list(history[0]))
        writer.writeheader()
        writer.writerows(history)


def profiler(folder: Path | None, steps: int) -> contextlib.AbstractContextManager:
    """Return a profiler that writes trace.json, for Perfetto or chrome://tracing.

    Parameters
    ----------
    folder : pathlib.Path or None
        Run folder; None records nothing.
    steps : int
        Steps to record, after two that are skipped; 0 records nothing.
    """
    if folder is None or not steps:
        return contextlib.nullcontext()
    return torch.profiler.profile(
        schedule=torch.profiler.schedule(wait=1, warmup=1, active=steps, repeat=1),
        on_trace_ready=lambda profile: profile.export_chrome_trace(str(folder / "trace.json")),
    )
