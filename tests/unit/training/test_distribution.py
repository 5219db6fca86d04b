"""Ranks: recognized from launchers' variables, and independent of their number in results."""

import contextlib
import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cosmodag.training import distribution
from cosmodag.training.distribution import RankLost, Ranks, connected, first_host, from_environment

TINY = Path(__file__).parents[2] / "faults" / "tiny_training.py"
SETTINGS = ["batch_size=12", "epochs=2", 'model={"dropout": 0}']


def test_torchrun_is_recognized():
    environment = {"TORCHELASTIC_RUN_ID": "x", "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}
    environment |= {"MASTER_ADDR": "host", "MASTER_PORT": "1234"}
    assert from_environment(environment) == (Ranks(3, 4, 1), "host", 1234)


def test_srun_is_recognized_and_its_batch_script_is_not():
    batch = {"SLURM_JOB_ID": "77", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    assert from_environment(batch) is None
    step = batch | {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2", "SLURM_STEP_ID": "1"}
    step["SLURM_STEP_NODELIST"] = "node[007-009]"
    ranks, address, port = from_environment(step)
    assert (ranks, address) == (Ranks(2, 4, 0), "node007")
    assert port == from_environment(step | {"SLURM_PROCID": "3"})[2]
    assert port != from_environment(step | {"SLURM_STEP_ID": "2"})[2]


def test_a_single_process_has_no_ranks():
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
def test_the_first_host_of_a_slurm_list_is_parsed(nodes, host):
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
def test_ranks_normalize_parts_of_a_batch_like_the_whole_batch():
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    command = [*torchrun, "2", Path(__file__).with_name("normalizing_ranks.py")]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
def test_mpiexec_starts_ranks_as_torchrun_does(tiny_dataset, tmp_path):
    mpiexec = Path(sys.executable).with_name("mpiexec")
    if not mpiexec.exists():
        pytest.skip("no mpiexec beside this Python")
    one = train([sys.executable], tiny_dataset, tmp_path)
    two = train([mpiexec, "-n", "2", sys.executable], tiny_dataset, tmp_path)
    for row, expected in zip(two, one, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


def train(launcher, dataset, folder, *settings):
    """Train the tiny network; return the history without its times."""
    folder.mkdir(exist_ok=True)
    run = folder / f"run{len(list(folder.iterdir()))}"
    command = [*launcher, TINY, dataset, run, folder / "state", *(settings or SETTINGS)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert finished.returncode == 0, finished.stderr
    return history_of(run)


def history_of(run):
    """Return the history of a run without its times."""
    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{k: float(v) for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.mark.slow
def test_accumulated_batches_give_the_history_of_more_ranks(tiny_dataset, tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    plain = 'model={"dropout": 0, "norm": "group"}'  # which does not depend on the batch
    few = train([sys.executable], tiny_dataset, tmp_path, "batch_size=6", "accumulate=4", plain)
    many = train([*torchrun, "4"], tiny_dataset, tmp_path, "batch_size=24", "accumulate=1", plain)
    for row, expected in zip(many, few, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_a_dead_rank_ends_all_ranks_and_fewer_ranks_continue(tiny_dataset, tmp_path):
    mpiexec = Path(sys.executable).with_name("mpiexec")
    if not mpiexec.exists():
        pytest.skip("no mpiexec beside this Python")
    long = ["batch_size=12", "epochs=6", 'model={"dropout": 0}']
    state, run = tmp_path / "state", tmp_path / "run"
    command = [TINY, tiny_dataset, run, state, *long]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [mpiexec, "-n", "2", sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    os.kill(processes_that_train(state)[-1], signal.SIGKILL)
    began = time.monotonic()
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert time.monotonic() - began < 30
    assert not (run / "model.pt").exists()
    continued = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300
    )
    assert "training continues in epoch" in continued.stderr, printed
    single = train([sys.executable], tiny_dataset, tmp_path / "single", *long)
    for row, expected in zip(history_of(run), single, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


def test_a_lost_rank_is_logged_in_one_line(caplog, monkeypatch):
    monkeypatch.setattr(distribution, "from_environment", lambda _: (Ranks(1, 2), "host", 1))
    monkeypatch.setattr(distribution.distributed, "init_process_group", lambda *a, **k: None)
    message = "[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1"
    with pytest.raises(RankLost) as ended, connected():
        raise RuntimeError(message)
    assert ended.value.code == 1
    assert "rank 1 of 2: another rank was lost" in caplog.text
    with pytest.raises(RuntimeError, match="shapes"), connected():
        raise RuntimeError("shapes do not fit")


def processes_that_train(state: Path) -> list[int]:
    """Return the processes that train with a state folder, once it has a checkpoint."""
    for _ in range(6000):
        if any(state.rglob("[0-9]*.pt")):
            break
        time.sleep(0.01)
    processes = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().decode().split("\0")
            if Path(words[0]).name.startswith("python") and str(state) in words:
                processes.append(int(path.name))
    assert len(processes) == 2
    return sorted(processes)
