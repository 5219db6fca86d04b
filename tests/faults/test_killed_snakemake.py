"""A snakemake that is killed leaves no lock and no job; the same command goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import Checkout, copy_checkout

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DATASET = "results/voids/datasets/slabs"
MODEL = "results/voids/runs/unet/model.pt"
PATIENCE = 300


def start(checkout: Checkout, target: str) -> subprocess.Popen:
    """Start snakemake in the background."""
    words = ("--cores", "2", "--configfile", "tiny.yaml", "--", target)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with open(checkout.folder / "printed.txt", "a") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *words],
            cwd=checkout.folder,
            env={**os.environ, "PATH": path},
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def commands_in(folder: Path) -> list[int]:
    """Processes of commands of a checkout."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"cosmodag" in words and (process / "cwd").resolve() == folder.resolve():
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def finished(repository, tmp_path_factory) -> Checkout:
    """A checkout in which nothing was interrupted."""
    checkout = copy_checkout(tmp_path_factory.mktemp("finished"), repository)
    voids = checkout.config["voids"]
    unet = voids["runs"]["unet"]
    unet["training"] = {"epochs": 8, "batch_size": 16, "checkpoint_steps": 3}
    voids["runs"], voids["datasets"] = {"unet": unet}, {"slabs": voids["datasets"]["slabs"]}
    checkout.configure({"voids": voids})
    checkout.run(MODEL)
    return checkout


@pytest.fixture
def trial(finished, tmp_path) -> Checkout:
    """A copy of it without the trained run."""
    folder = tmp_path / "checkout"
    shutil.copytree(finished.folder, folder, symlinks=True)
    shutil.rmtree(folder / "results" / "voids" / "runs")
    return Checkout(folder)


def test_training_goes_on_after_snakemake_was_killed(finished, trial):
    state = trial.folder / "results" / ".state"
    for _ in range(2):
        known = set(state.rglob("[0-9]*.pt"))
        process = start(trial, MODEL)
        wait_for(lambda k=known: set(state.rglob("[0-9]*.pt")) - k)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert "unlock" not in trial.run(MODEL)
    assert (
        "training continues in epoch"
        in (trial.folder / "results/logs/voids/train_unet.log").read_text()
    )
    assert (trial.folder / MODEL).read_bytes() == (finished.folder / MODEL).read_bytes()
    assert not commands_in(trial.folder)
    assert list(state.iterdir()) == []


@pytest.mark.attack
def test_cutting_goes_on_after_snakemake_was_killed(finished, trial):
    for part in ("cutouts", "datasets"):
        shutil.rmtree(trial.folder / "results" / "voids" / part)
    process = start(trial, DATASET)
    cutouts = trial.folder / "results" / "voids" / "cutouts" / "slabs"
    wait_for(lambda: any(cutouts.glob(".*.h5")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    trial.run(DATASET)
    assert not list(cutouts.glob(".*")), "partial files are cleared"
    for shard in sorted((finished.folder / DATASET).glob("*.npy")):
        assert (trial.folder / DATASET / shard.name).read_bytes() == shard.read_bytes()


@pytest.mark.attack
def test_a_folder_has_one_snakemake_at_a_time(trial):
    process = start(trial, MODEL)
    wait_for(lambda: bool(commands_in(trial.folder)))
    words = ("--cores", "1", "--configfile", "tiny.yaml", "--", DATASET, MODEL)
    printed = trial.snakemake("--forcerun", "voids_split", *words, ok=False)
    message = f"another snakemake works in this folder (process {process.pid} on "
    assert message in printed
    assert "Traceback" not in printed
    trial.snakemake("-n", "--configfile", "tiny.yaml", "--", DATASET)
    process.send_signal(signal.SIGTERM)
    process.wait()


def test_results_that_cannot_fit_are_refused_before_the_first_job(trial, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        trial.configure({**trial.config, "results": str(disk / "results")})
        words = ("--cores", "2", "--configfile", "tiny.yaml", "--", f"{disk}/{DATASET}")
        printed = trial.snakemake(*words, ok=False)
        assert f"config key results: {disk}/results has 4 MB of free space" in printed
        assert "Traceback" not in printed
        assert not list((disk / "results").rglob("*.h5"))
    finally:
        subprocess.run(["umount", disk], check=True)
