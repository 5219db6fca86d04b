"""Several ranks: found from the environment, and alike in what they compute."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosmodag.training.distribution import Ranks, first_host, from_environment

TINY = Path(__file__).parents[2] / "faults" / "tiny_training.py"
SETTINGS = ["batch_size=12", "epochs=2", 'model={"dropout": 0}']


def test_torchrun_is_recognised():
    environment = {"TORCHELASTIC_RUN_ID": "x", "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}
    environment |= {"MASTER_ADDR": "host", "MASTER_PORT": "1234"}
    assert from_environment(environment) == (Ranks(3, 4, 1), "host", 1234)


def test_srun_is_recognised_and_its_batch_script_is_not():
    batch = {"SLURM_JOB_ID": "77", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    assert from_environment(batch) is None
    step = batch | {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2", "SLURM_STEP_ID": "1"}
    step["SLURM_STEP_NODELIST"] = "node[007-009]"
    ranks, address, port = from_environment(step)
    assert (ranks, address) == (Ranks(2, 4, 0), "node007")
    assert port == from_environment(step | {"SLURM_PROCID": "3"})[2]
    assert port != from_environment(step | {"SLURM_STEP_ID": "2"})[2]


def test_a_process_of_its_own_is_alone():
    assert from_environment({}) is None
    assert from_environment({"SLURM_STEP_NUM_TASKS": "1", "SLURM_JOB_ID": "5"}) is None


@pytest.mark.parametrize(
    ("nodes", "host"),
    [
        ("node1", "node1"),
        ("a[03-07,09],b", "a03"),
        ("x-[2,5]-ib,y", "x-2-ib"),
        ("login.site,n2", "login.site"),
    ],
)
def test_the_first_host_of_a_slurm_list_is_found(nodes, host):
    assert first_host(nodes) == host


@pytest.mark.slow
def test_one_two_and_four_ranks_give_the_same_history(tiny_dataset, tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    histories = [train([*torchrun, str(ranks)], tiny_dataset, tmp_path) for ranks in (1, 2, 4)]
    assert len(histories[0]) == 2
    for history in histories[1:]:
        for row, expected in zip(history, histories[0], strict=True):
            assert row == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_mpiexec_starts_ranks_as_torchrun_does(tiny_dataset, tmp_path):
    mpiexec = Path(sys.executable).with_name("mpiexec")
    if not mpiexec.exists():
        pytest.skip("no mpiexec beside this Python")
    alone = train([sys.executable], tiny_dataset, tmp_path)
    both = train([mpiexec, "-n", "2", sys.executable], tiny_dataset, tmp_path)
    for row, expected in zip(both, alone, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


def train(launcher, dataset, folder):
    """Train the tiny network; return the history but for its clock."""
    run = folder / f"run{len(list(folder.iterdir()))}"
    command = [*launcher, TINY, dataset, run, folder / "state", *SETTINGS]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert finished.returncode == 0, finished.stderr
    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{k: float(v) for k, v in row.items() if k != "seconds"} for row in rows]
