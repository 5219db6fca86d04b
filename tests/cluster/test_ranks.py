"""Training over several nodes, and scans as arrays, on a real Slurm."""

import contextlib
import csv
import json
import os
import signal

import pytest

from tests.cluster.daemons import wait_for
from tests.cluster.training import MODEL, Controller, continued

pytestmark = [pytest.mark.cluster, pytest.mark.events, pytest.mark.slow]

LINE = 'voids_train: ?on("gpu", mem_mb="16000 * attempt", runtime="240 * attempt")'
TWO_NODES = (
    'voids_train: ?on("gpu", gpu=2, tasks_per_gpu=0, mem_mb=8000, runtime=60) | ranks(2, nodes=2)'
)


def history(checkout) -> list[dict[str, float]]:
    """The history of the network but for its clock."""
    with open((checkout.folder / MODEL).with_name("history.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    return [{k: float(v) for k, v in row.items() if k != "seconds"} for row in rows]


def ranks(checkout) -> int:
    return json.loads((checkout.folder / MODEL).with_name("run.json").read_text())["ranks"]


@pytest.fixture(scope="module")
def alone(uninterrupted) -> list[dict[str, float]]:
    """The history of one rank."""
    return history(uninterrupted)


def close(found, expected) -> bool:
    return all(row == pytest.approx(other, rel=1e-5) for row, other in zip(found, expected))


def test_two_nodes_train_as_one(training, cluster, alone):
    training.change("config.yaml", LINE, TWO_NODES)
    controller = Controller(training, cluster)
    controller.finish()
    (job,) = controller.jobs
    assert (job["NumNodes"], job["NumTasks"]) == ("2", "2")
    assert job["TresPerJob"] == "gres:gpu:2"
    assert ranks(training) == 2
    assert close(history(training), alone)


def test_a_dead_rank_ends_the_job_and_fewer_ranks_continue(training, cluster, alone):
    training.change("config.yaml", LINE, TWO_NODES)
    controller = Controller(training, cluster, "--retries", "0")
    job = controller.wait_for_training()
    last = max(training_processes(cluster, job["JobId"]))
    os.kill(last, signal.SIGKILL)
    ended = wait_for(lambda: controller.job["JobState"] != "RUNNING", 60)
    assert ended, "a dead rank is noticed within a minute"
    controller.finish(ok=False)
    training.change("config.yaml", TWO_NODES, LINE)
    Controller(training, cluster).finish()
    assert continued(training)
    assert ranks(training) == 1
    assert close(history(training), alone)


def training_processes(cluster, job: str) -> list[int]:
    """The processes that train in a job's steps."""
    found = []
    for pid in cluster.daemons.processes():
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
            with open(f"/proc/{pid}/environ") as file:
                mine = f"SLURM_JOB_ID={job}\0" in file.read() + "\0"
            if mine and "python" in words[0] and "train" in words:
                found.append(pid)
    return found


def test_a_scan_of_seeds_is_one_array(training, cluster):
    config = training.config
    unet = config["voids"]["runs"]["unet"]
    unet["training"]["epochs"] = 1
    config["voids"]["runs"] = {f"seed{seed}": {**unet, "seed": seed} for seed in (1, 2, 3)}
    training.configure(config, sort=False)
    known = {job["JobId"] for job in cluster.jobs()}
    targets = [f"results/voids/runs/seed{seed}/model.pt" for seed in (1, 2, 3)]
    training.slurm(*targets, extra=("--slurm-array-jobs", "voids_train"))
    tasks = [job for job in cluster.jobs() if job["JobId"] not in known]
    assert len({job["ArrayJobId"] for job in tasks}) == 1
    assert sorted(job["ArrayTaskId"] for job in tasks) == ["1", "2", "3"]
    found = {(training.folder / target).read_bytes() for target in targets}
    assert len(found) == 3, "seeds differ"
