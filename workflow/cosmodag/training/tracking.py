"""What one sees of a training: a progress bar, a history, TensorBoard, a profile."""

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

_SILENCE = 60.0
"""Seconds after which a run without a terminal says in the log where it is."""


class Tracker:
    """Follows a training from the history that it has so far.

    Parameters
    ----------
    folder
        The run's folder, into which history.csv and tensorboard/ are written; None writes nothing
        and shows nothing.
    history
        A row for each epoch that is already finished. They are written again, because a workflow
        removes the outputs of a job that was interrupted.
    epochs, batches
        Epochs of the training, and batches in each.
    done
        Batches that are finished already, over all epochs.
    """

    def __init__(
        self, folder: Path | None, history: list[dict], epochs: int, batches: int, done: int
    ):
        self.folder, self.epochs, self.batches = folder, epochs, batches
        self.opened = self.began = self.spoken = time.monotonic()
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
        self.board = None
        if folder is not None:
            shutil.rmtree(folder / "tensorboard", ignore_errors=True)
            self.board = SummaryWriter(folder / "tensorboard")
            for row in history:
                self._to_board(row)

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
        if self.board is not None:
            self.board.close()

    @property
    def examples_per_second(self) -> float:
        """Rate of training since the epoch began or was taken up again."""
        return self.examples / max(time.monotonic() - self.began, 1e-9)

    def start_epoch(self, epoch: int) -> None:
        """Begin to measure the rest of an epoch, counted from 0."""
        self.began, self.examples = time.monotonic(), 0
        self.bar.set_description(f"epoch {epoch + 1}/{self.epochs}")

    def advance(self, batches: int, examples: int) -> None:
        """Count finished batches and the examples in them."""
        self.done += batches
        self.examples += examples
        self.bar.set_postfix_str(f"{self.examples_per_second:.3g} examples/s", refresh=False)
        self.bar.update(batches)
        if self.folder is not None and self.bar.disable:
            self._speak()

    def finish_epoch(self, history: list[dict]) -> None:
        """Write the history, whose last row is new."""
        if self.folder is None:
            return
        row = history[-1]
        write_history(self.folder / "history.csv", history)
        self._to_board(row)
        scores = (f"{key} {value:.4g}" for key, value in row.items() if "_" in key)
        message = f"epoch {row['epoch']}/{self.epochs}: {', '.join(scores)}"
        log.info("%s, %.3g examples/s", message, self.examples_per_second)

    def _speak(self) -> None:
        now = time.monotonic()
        if now - self.spoken < _SILENCE:
            return
        self.spoken = now
        part = (self.done - self.first) / (self.epochs * self.batches - self.first)
        left = (now - self.opened) * (1 / part - 1)
        log.info(
            "%.0f %% of training, %.3g examples/s, %.0f s left",
            100 * self.done / (self.epochs * self.batches),
            self.examples_per_second,
            left,
        )

    def _to_board(self, row: dict) -> None:
        for name, value in row.items():
            if name not in ("epoch", "step"):
                part, _, score = name.partition("_")
                tag = f"{score}/{part}" if part in ("train", "valid") else name
                self.board.add_scalar(tag, value, row["step"])
        self.board.flush()


def write_history(path: Path, history: list[dict]) -> None:
    """Write a row for each epoch as CSV."""
    with whole_file(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.DictWriter(file, list(history[0]))
        writer.writeheader()
        writer.writerows(history)


def profiler(folder: Path | None, steps: int) -> contextlib.AbstractContextManager:
    """Return a profiler that records `steps` steps after two, into trace.json of `folder`.

    The trace opens in Perfetto or chrome://tracing. None or no steps records nothing.
    """
    if folder is None or not steps:
        return contextlib.nullcontext()
    return torch.profiler.profile(
        schedule=torch.profiler.schedule(wait=1, warmup=1, active=steps, repeat=1),
        on_trace_ready=lambda profile: profile.export_chrome_trace(str(folder / "trace.json")),
    )
