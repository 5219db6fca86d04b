"""Locks end with their process; jobs end with their snakemake, and the next one waits for them."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from cosmodag.dag import locks
from cosmodag.errors import InputError

CONTROLLER = """
import os, pathlib, subprocess, sys
from cosmodag.dag import locks
with locks.locked_folder(pathlib.Path(sys.argv[1])), locks._announced(pathlib.Path(sys.argv[1])):
    words = [sys.executable, "-c", sys.argv[2]] if sys.argv[2:] else ["cat"]
    job = subprocess.Popen(words, stdin=subprocess.PIPE)
    print(job.pid, flush=True)
    sys.stdin.read()
"""
JOB = """
import multiprocessing, os, sys, time
from cosmodag.dag import locks
locks.follow_controller()
if os.fork() == 0:
    time.sleep(1e5)
print("works", flush=True)
time.sleep(1e5)
"""


@pytest.fixture
def start(tmp_path):
    """Start a process that locks a folder, with a job where its code is given."""
    started = []

    def start(*code: str) -> subprocess.Popen:
        words = [sys.executable, "-c", CONTROLLER, tmp_path / "deep", *code]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = subprocess.Popen(words, text=True, **pipes)
        started.append(process)
        lines = [process.stdout.readline() for _ in range(1 + len(code))]
        process.job = int(next(line for line in lines if line.strip().isdigit()))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_lock_ends_with_its_process(tmp_path, start):
    owner = start()
    message = rf"another snakemake works in this folder \(process {owner.pid} on "
    with pytest.raises(InputError, match=message), locks.locked_folder(tmp_path / "deep"):
        pass
    owner.kill()
    owner.wait()
    with locks.locked_folder(tmp_path / "deep") as taken:
        assert taken


def test_a_job_and_its_children_end_with_their_snakemake(tmp_path, start):
    owner = start(JOB)
    children = subprocess.run(["pgrep", "-P", str(owner.job)], capture_output=True, text=True)
    processes = [owner.job, *map(int, children.stdout.split())]
    assert len(processes) == 2
    time.sleep(2 * locks.INTERVAL)
    assert all(map(alive, processes)), "they work on while it works"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with locks.locked_folder(tmp_path / "deep"):
        assert not any(map(alive, processes)), "the next one waits for them"


def test_a_job_that_starts_after_its_snakemake_ended_stops_at_once(tmp_path):
    environment = {**os.environ, locks.VARIABLE: f"1-1@{socket.gethostname()}:{tmp_path}"}
    with locks.locked_folder(tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "cosmodag", "config", "--schema"],
            env=environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "Error: the snakemake that started this job has ended\n"
    assert not done.stdout


def test_jobs_that_do_not_end_are_named(tmp_path, start, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    hold = f"import fcntl, time; f = open({str(tmp_path / 'deep' / 'jobs.lock')!r}, 'a'); "
    owner = start(hold + "fcntl.flock(f, fcntl.LOCK_SH); print('', flush=True); time.sleep(1e5)")
    owner.kill()
    owner.wait()
    with pytest.raises(InputError, match=r"do not end: .*jobs\.lock"):  # noqa: SIM117
        with locks.locked_folder(tmp_path / "deep"):
            pass
    os.kill(owner.job, signal.SIGKILL)
