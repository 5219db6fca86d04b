"""What clusters do to jobs, for real, three times each: the same weights come out, to the bit.

Each test trains one network, does its worst to the job, runs the same command again where snakemake
itself ended, and compares with a training that nothing happened to.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import Checkout
from tests.cluster.conftest import QUICK, SlurmCheckout, slurm_checkout
from tests.cluster.daemons import wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.events, pytest.mark.slow]

MODEL = "results/voids/runs/unet/model.pt"
LOG = "results/logs/voids/train_unet.log"
EPOCHS = 12
PATIENCE = 900
"""Seconds after which something that should have happened will not happen any more."""


@pytest.fixture(scope="module")
def prepared(repository, tmp_path_factory) -> SlurmCheckout:
    """A checkout in which a network is ready to be trained for half a minute or more."""
    checkout = slurm_checkout(tmp_path_factory.mktemp("prepared") / "checkout", repository)
    config = checkout.config
    del (
        config["injections"],
        config["voids"]["runs"]["student"],
        config["voids"]["datasets"]["taught"],
    )
    config["voids"]["runs"]["unet"]["training"] = {
        "epochs": EPOCHS,
        "batch_size": 16,
        "checkpoint_seconds": 1,
    }
    checkout.configure(config, sort=False)
    checkout.run("results/voids/datasets/slabs")
    return checkout


@pytest.fixture(scope="module")
def uninterrupted(prepared, tmp_path_factory) -> bytes:
    """The weights of a training that nothing happens to."""
    checkout = copied(prepared, tmp_path_factory.mktemp("uninterrupted") / "checkout")
    checkout.slurm(MODEL)
    return weights(checkout)


@pytest.fixture
def training(prepared, tmp_path):
    """A copy of the prepared checkout."""
    return copied(prepared, tmp_path / "checkout")


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


def continued(checkout: Checkout) -> bool:
    """Whether the last job took up a checkpoint."""
    return "training continues in epoch" in (checkout.folder / LOG).read_text()


def test_a_time_limit_is_announced_and_training_goes_on(training, cluster, tmp_path):
    config = training.config
    config["voids"]["runs"]["unet"]["training"]["epochs"] = 4 * EPOCHS
    training.configure(config, sort=False)
    unlimited = copied(training, tmp_path / "unlimited")
    unlimited.slurm(MODEL)
    line = 'voids_train: ?on("gpu", mem_mb="16000 * attempt", runtime="240 * attempt")'
    training.change("config.yaml", line, 'voids_train: ?on("gpu", mem_mb=16000, runtime=1)')
    training.change("config.yaml", "retries: 3", "retries: 20")
    training.change("partitions.yaml", "warning: 30", "warning: 10")  # Slurm looks each 30 s
    controller = Controller(training, cluster)
    controller.finish()
    states = [job["JobState"] for job in controller.jobs]
    assert len(states) > 3
    assert states[-1] == "COMPLETED"
    # A job that was warned ends by itself; one that was warned before it listened is ended.
    assert set(states[:-1]) <= {"FAILED", "TIMEOUT"}
    assert states.count("FAILED") >= 2
    assert continued(training)
    assert weights(training) == weights(unlimited)


def test_cancelled_jobs_are_submitted_again(training, cluster, uninterrupted):
    controller = Controller(training, cluster)
    for _ in range(3):
        job = controller.wait_for_training()
        cluster.ask("scancel", job["JobId"])
        assert wait_for(lambda j=job: controller.job["JobId"] != j["JobId"], PATIENCE)
    controller.finish()
    states = [job["JobState"] for job in controller.jobs]
    assert states == ["CANCELLED"] * 3 + ["COMPLETED"]
    assert continued(training)
    assert weights(training) == uninterrupted


def test_a_node_that_fails_is_replaced(training, cluster, uninterrupted):
    controller = Controller(training, cluster)
    for number in range(1, 4):
        job = controller.wait_for_training()
        cluster.cut_power(job["NodeList"])
        assert wait_for(lambda n=number: int(controller.job["Restarts"]) == n, PATIENCE)
        cluster.start_node(job["NodeList"])
    controller.finish()
    (job,) = controller.jobs
    assert (job["Restarts"], job["JobState"]) == ("3", "COMPLETED")
    assert continued(training)
    assert weights(training) == uninterrupted


def test_a_job_that_wants_more_memory_gets_more(training, cluster, uninterrupted):
    line = 'voids_train: ?on("gpu", mem_mb="16000 * attempt", runtime="240 * attempt")'
    small = 'voids_train: ?on("gpu", mem_mb="150 * attempt ** 2", runtime="240 * attempt")'
    training.change("config.yaml", line, small)
    training.change("config.yaml", "retries: 3", "retries: 8")
    controller = Controller(training, cluster)
    controller.finish()
    states = [job["JobState"] for job in controller.jobs]
    assert states[-1] == "COMPLETED"
    assert states.count("OUT_OF_MEMORY") + states.count("CANCELLED") + states.count("FAILED") >= 3
    assert weights(training) == uninterrupted


def test_a_killed_controller_leaves_nothing_in_the_way(training, cluster, uninterrupted):
    orphans = []
    for _ in range(3):
        controller = Controller(training, cluster)
        orphans.append(controller.wait_for_training()["JobId"])
        controller.process.send_signal(signal.SIGKILL)
        controller.process.wait()
        assert cluster.ask("squeue", "-h", "-j", orphans[-1]), "the job goes on by itself"
    printed = Controller(training, cluster).finish()
    assert [f"cancelled job {job}," in printed for job in orphans] == [True] * 3
    assert continued(training)
    assert weights(training) == uninterrupted


def test_two_controllers_do_not_work_in_one_folder(training, cluster):
    first = Controller(training, cluster)
    first.wait_for_training()
    second = Controller(training, cluster)
    assert "another snakemake works in this folder (process " in second.finish(ok=False)
    first.process.send_signal(signal.SIGINT)
    first.finish(ok=False)
    assert not cluster.ask("squeue", "-h"), "an interrupted controller takes its jobs along"


def test_a_full_scratch_folder_stops_and_room_helps(training, cluster, uninterrupted, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", scratch], check=True)
    try:
        training.configure({**training.config, "scratch": str(scratch)}, sort=False)
        for _ in range(3):
            controller = Controller(training, cluster, "--retries", "0")
            assert wait_for(lambda: list(scratch.rglob("[0-9]*.pt")), PATIENCE)
            fill(scratch / "others")
            controller.finish(ok=False)
            assert "No space left on device" in (training.folder / LOG).read_text()
            printed = Controller(training, cluster).finish(ok=False)
            assert f"config key scratch: {scratch} cannot be written to" in printed
            (scratch / "others").unlink()
        Controller(training, cluster).finish()
        assert continued(training)
        assert weights(training) == uninterrupted
    finally:
        subprocess.run(["umount", scratch], check=True)


def test_a_job_does_not_run_other_code_than_was_submitted(training, cluster, uninterrupted):
    module = training.folder / "workflow" / "cosmodag" / "training" / "loop.py"
    code = module.read_text()
    for number in range(3):
        cluster.ask("scontrol", "update", "partition=gpu", "state=DOWN")
        controller = Controller(training, cluster, "--retries", "0")
        assert wait_for(lambda c=controller: c.job and c.job["JobState"] == "PENDING", PATIENCE)
        module.write_text(f"{code}\n\nCHANGED = {number}\n")
        cluster.ask("scontrol", "update", "partition=gpu", "state=UP")
        controller.finish(ok=False)
        (job,) = controller.jobs
        refused = Path(job["StdOut"]).read_text()
        assert "its code or settings changed between submission and start" in refused
        assert not (training.folder / MODEL).exists()
        module.write_text(code)
    Controller(training, cluster).finish()
    assert weights(training) == uninterrupted


def fill(path: Path) -> None:
    """Write until there is no room left."""
    with open(path, "wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return
