"""Training that is killed or stopped continues to bit-identical weights."""

import csv
import multiprocessing
import os
import random
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.faults import tiny_training

EPOCHS = "epochs=10"
PROCESSES = multiprocessing.get_context("forkserver")
"""Processes that start with what a training imports, which takes longer than the training."""
PROCESSES.set_forkserver_preload([tiny_training.__name__, "torch._dynamo"])

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def start(dataset: Path, folder: Path) -> BaseProcess:
    """Start or continue a training in another process."""
    process = PROCESSES.Process(target=train, args=(dataset, folder))
    process.start()
    return process


def train(dataset: Path, folder: Path) -> None:
    """Train with the log in a file."""
    with open(folder / "log", "w") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    os.chdir(folder)
    tiny_training.train(str(dataset), "run", "state", EPOCHS)


def finish(dataset: Path, folder: Path) -> str:
    """Train to the end; return the log."""
    process = start(dataset, folder)
    process.join(timeout=300)
    log = (folder / "log").read_text()
    assert process.exitcode == 0, log
    return log


def wait_for_checkpoint(folder: Path, process: BaseProcess) -> None:
    """Wait until the process has written a checkpoint."""
    before = set((folder / "state").rglob("*.pt"))
    for _ in range(12_000):
        if set((folder / "state").rglob("[0-9]*.pt")) - before or process.exitcode is not None:
            return
        time.sleep(0.01)
    raise AssertionError("no checkpoint in 120 s")


def results(folder: Path) -> tuple[bytes, list[dict]]:
    """Return the bytes of the weights, and the history without its times."""
    with open(folder / "run" / "history.csv", newline="") as file:
        history = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    return (folder / "run" / "model.pt").read_bytes(), history


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return tiny_training.write_tiny_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def uninterrupted(dataset, tmp_path_factory) -> tuple[bytes, list[dict]]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    finish(dataset, folder)
    return results(folder)


def test_interrupted_training_ends_in_identical_weights(dataset, uninterrupted, tmp_path):
    chance = random.Random(os.environ.get("COSMODAG_TEST_SEED"))
    kills = 0
    while kills < 4:
        process = start(dataset, tmp_path)
        wait_for_checkpoint(tmp_path, process)
        time.sleep(chance.uniform(0, 0.25))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, "training ended before it was killed"
        kills += 1
    assert "training continues in epoch" in finish(dataset, tmp_path)
    assert results(tmp_path) == uninterrupted
    assert not any((tmp_path / "state").rglob("*.pt")), "checkpoints outlived the run"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_ends_training_at_a_checkpoint_with_code_75(
    number, dataset, uninterrupted, tmp_path
):
    process = start(dataset, tmp_path)
    wait_for_checkpoint(tmp_path, process)
    os.kill(process.pid, number)
    process.join(timeout=60)
    assert process.exitcode == 75
    assert not (tmp_path / "run" / "model.pt").exists()
    assert "training continues in epoch" in finish(dataset, tmp_path)
    assert results(tmp_path) == uninterrupted
