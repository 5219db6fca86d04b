"""One network to be trained on the cluster, by a controller in the background."""

import copy
import csv
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.checkout import Checkout
from tests.cluster.conftest import QUICK, SlurmCheckout, slurm_checkout
from tests.cluster.daemons import wait_for

MODEL = "results/voids/runs/unet/model.pt"
LOG = "results/logs/voids/train_unet.log"
EPOCHS = 12
PATIENCE = 1800
"""Seconds after which something that should have happened will not happen any more."""


def prepare(folder: Path, repository: Path) -> SlurmCheckout:
    """Make a checkout in which a network is ready to be trained for half a minute or more."""
    checkout = slurm_checkout(folder, repository)
    voids = copy.deepcopy(checkout.config["voids"])
    unet = voids["runs"]["unet"]
    unet["training"] = {"epochs": EPOCHS, "batch_size": 16, "checkpoint_seconds": 1}
    voids["runs"] = {"unet": unet}
    voids["datasets"] = {"slabs": voids["datasets"]["slabs"]}
    checkout.configure({"voids": voids}, sort=False)
    checkout.run("results/voids/datasets/slabs")
    return checkout


def copied(checkout: Checkout, folder: Path) -> SlurmCheckout:
    shutil.copytree(checkout.folder, folder, symlinks=True)
    return SlurmCheckout(folder)


class Controller:
    """Snakemake in the background, told to train the network."""

    def __init__(self, checkout: SlurmCheckout, cluster, *extra: str):
        self.checkout, self.cluster = checkout, cluster
        self.known = {job["JobId"] for job in cluster.jobs()}
        self.output = checkout.folder / "printed.txt"
        words = ("--profile", "slurm", *QUICK, *extra, "--configfile", "tiny.yaml", "--", MODEL)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        with open(self.output, "a") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", *words],
                cwd=checkout.folder,
                env={**os.environ, "PATH": path},
                stdout=out,
                stderr=subprocess.STDOUT,
                # A shell lets its background jobs, which the tests may be, ignore this signal.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    @property
    def jobs(self) -> list[dict[str, str]]:
        """Slurm's records of this controller's jobs."""
        records = self.cluster.jobs()
        return [j for j in records if j["JobId"] not in self.known and j.get("Comment") != "-"]

    @property
    def job(self) -> dict[str, str] | None:
        """The record of the last one."""
        return self.jobs[-1] if self.jobs else None

    def checkpoints(self) -> set[Path]:
        return set((self.checkout.folder / "results" / ".state").rglob("[0-9]*.pt"))

    def wait_for_training(self) -> dict[str, str]:
        """Wait until a running job has written a checkpoint of its own; return its record."""
        known = self.checkpoints()

        def trains() -> bool:
            assert self.process.poll() is None, self.output.read_text()
            running = self.job is not None and self.job["JobState"] == "RUNNING"
            return running and bool(self.checkpoints() - known)

        assert wait_for(trains, PATIENCE), self.output.read_text()
        return self.job

    def finish(self, ok: bool = True) -> str:
        """Wait for snakemake's end; return what it printed."""
        code = self.process.wait(timeout=PATIENCE)
        printed = self.output.read_text()
        assert (code == 0) == ok, printed
        return printed


def weights(checkout: Checkout) -> bytes:
    return (checkout.folder / MODEL).read_bytes()


def seconds_an_epoch(checkout: Checkout) -> float:
    """How long an epoch of the training took, after the first."""
    with open((checkout.folder / MODEL).with_name("history.csv"), newline="") as file:
        ends = [float(row["seconds"]) for row in csv.DictReader(file)]
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def continued(checkout: Checkout) -> bool:
    """Whether the last job took up a checkpoint."""
    return "training continues in epoch" in (checkout.folder / LOG).read_text()
