"""What clusters do to jobs, for real, three times each: the same weights come out, to the bit.

Each test trains one network, does its worst to the job, runs the same command again where snakemake
itself ended, and compares with a training that nothing happened to.
"""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.cluster.daemons import wait_for
from tests.cluster.training import (
    LOG,
    MODEL,
    PATIENCE,
    Controller,
    continued,
    copied,
    seconds_an_epoch,
    weights,
)

pytestmark = [pytest.mark.cluster, pytest.mark.events, pytest.mark.slow]


def test_a_time_limit_is_announced_and_training_goes_on(training, cluster, tmp_path):
    trial = copied(training, tmp_path / "trial")
    trial.slurm(MODEL)
    config = training.config
    # Several of the one minute that the limit grants, however quick this machine is.
    config["voids"]["runs"]["unet"]["training"]["epochs"] = round(240 / seconds_an_epoch(trial))
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
    assert weights(training) == weights(uninterrupted)


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
    assert weights(training) == weights(uninterrupted)


def test_a_job_that_wants_more_memory_gets_more(training, cluster, uninterrupted):
    line = 'voids_train: ?on("gpu", mem_mb="16000 * attempt", runtime="240 * attempt")'
    small = 'voids_train: ?on("gpu", mem_mb="150 * attempt", runtime="240 * attempt")'
    training.change("config.yaml", line, small)
    training.change("config.yaml", "retries: 3", "retries: 9")
    controller = Controller(training, cluster)
    controller.finish()
    states = [job["JobState"] for job in controller.jobs]
    assert states[-1] == "COMPLETED"
    assert states.count("OUT_OF_MEMORY") + states.count("CANCELLED") + states.count("FAILED") >= 3
    assert weights(training) == weights(uninterrupted)


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
    assert weights(training) == weights(uninterrupted)


def test_two_controllers_do_not_work_in_one_folder(training, cluster):
    config = training.config
    config["voids"]["runs"]["unet"]["training"]["epochs"] = 1000  # until it is interrupted
    training.configure(config, sort=False)
    first = Controller(training, cluster)
    first.wait_for_training()
    second = Controller(training, cluster)
    assert "another snakemake works in this folder (process " in second.finish(ok=False)
    first.process.send_signal(signal.SIGINT)
    first.finish(ok=False)
    # Slurm lists a cancelled job as completing until its processes have ended.
    gone = wait_for(lambda: not cluster.ask("squeue", "-h"), 60)
    assert gone, "an interrupted controller takes its jobs along"


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
            assert "no space left" in (training.folder / LOG).read_text()
            printed = Controller(training, cluster).finish(ok=False)
            assert f"config key scratch: {scratch} cannot be written to" in printed
            (scratch / "others").unlink()
        Controller(training, cluster).finish()
        assert continued(training)
        assert weights(training) == weights(uninterrupted)
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
    assert weights(training) == weights(uninterrupted)


def fill(path: Path) -> None:
    """Write until there is no room left."""
    with open(path, "wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return
