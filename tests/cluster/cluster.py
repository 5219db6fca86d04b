"""A real Slurm on this machine's loopback: a controller, and a daemon for each virtual node."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.configuration import NODES, write_configuration
from tests.cluster.daemons import Daemons, environment_of, wait_for

CLIENTS = ("sbatch", "srun", "scancel", "scontrol", "sinfo", "squeue", "sacct", "sacctmgr")
FOLDER = "COSMODAG_TEST_CLUSTER_FOLDER"
NAMES = tuple(node.name for node in NODES)


class Cluster:
    """A cluster that lives in a folder, whether it is up or not.

    Parameters
    ----------
    folder
        Of all its files; by default one in the folder of temporary files, or what the variable
        COSMODAG_TEST_CLUSTER_FOLDER names.
    """

    names = ("munged", "slurmctld", *NAMES)
    """Its daemons, in the order of their start."""

    def __init__(self, folder: Path | None = None):
        default = Path(tempfile.gettempdir()) / "cosmodag-test-cluster"
        self.folder = folder or Path(os.environ.get(FOLDER) or default).resolve()
        self.daemons = Daemons(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which commands talk to this cluster."""
        return {**self.daemons.environment, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def up(self) -> None:
        """Start what is not running yet; jobs of an earlier cluster in the folder are forgotten."""
        for part in ("bin", "run", "log", "state", "spool"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        if not self.daemons.pid("slurmctld"):
            self.port = free_ports(len(NODES) + 2) + 1
            write_configuration(self.folder, self.port)
            self._write_clients()
        self._start_munge()
        self.start_controller()
        for name in NAMES:
            self.start_node(name)
        if not wait_for(self._is_ready, 60):
            raise RuntimeError(f"not all nodes came up:\n{self.ask('sinfo', '-N', '-l')}")

    def down(self) -> None:
        """Cancel all jobs, end all daemons, and whatever processes jobs have left."""
        if self.daemons.pid("slurmctld"):
            self.ask("scancel", "--user", str(os.getuid()), check=False)
            wait_for(lambda: not self.ask("squeue", "-h", check=False), 15)
        for name in reversed(self.names):
            self.daemons.stop(name)
        for pid in self.daemons.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.daemons.processes(), 10)
        for part in ("state", "spool", "run"):
            shutil.rmtree(self.folder / part, ignore_errors=True)

    def start_controller(self) -> None:
        """Start slurmctld."""
        self.daemons.start("slurmctld", ["slurmctld"])

    def start_node(self, name: str) -> None:
        """Start the daemon of a node."""
        self.daemons.start(name, ["slurmd", "-N", name])

    def cut_power(self, name: str) -> None:
        """Kill a node's daemon, those who look after its jobs, and the jobs, at one blow."""
        jobs = [pid for pid in self.daemons.processes() if runs_on(pid, name)]
        keepers = {parent_of(pid) for pid in jobs} - set(jobs)
        keepers = {pid for pid in keepers if program_of(pid).startswith("slurmstepd")}
        for pid in filter(None, [self.daemons.pid(name), *keepers, *jobs]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def ask(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands; return what it printed."""
        done = subprocess.run(
            command, env=self.environment, text=True, capture_output=True, timeout=60
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def jobs(self) -> list[dict[str, str]]:
        """Return Slurm's own records of all jobs, oldest first."""
        lines = self.ask("scontrol", "show", "job", "-o").splitlines()
        records = [record(line) for line in lines if line.startswith("JobId=")]
        return sorted(records, key=lambda job: int(job["JobId"]))

    def _is_ready(self) -> bool:
        states = self.ask("sinfo", "-hN", "-o", "%T", check=False).split()
        return len(states) == len(NODES) and set(states) <= {"idle", "mixed", "allocated"}

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(128))
        run, log = self.folder / "run", self.folder / "log"
        words = {"key-file": key, "socket": run / "munge.sock", "pid-file": run / "munged.pid"}
        words |= {"log-file": log / "munged.log", "seed-file": run / "munged.seed"}
        self.daemons.start("munged", ["munged", *(f"--{k}={v}" for k, v in words.items())])

    def _write_clients(self) -> None:
        """Write commands that know this cluster: a job step keeps PATH, but no SLURM_CONF."""
        for name in CLIENTS:
            if program := shutil.which(name, path="/usr/bin"):
                script = self.folder / "bin" / name
                script.write_text(
                    f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {program} "$@"\n'
                )
                script.chmod(0o755)


def record(line: str) -> dict[str, str]:
    """Return one line of ``scontrol show job -o`` as a dictionary."""
    return {key: value.strip() for key, value in re.findall(r"(\S+?)=(.*?)(?= [\w:/]+=|$)", line)}


def free_ports(number: int) -> int:
    """Return the first of so many ports in a row that nobody listens on."""
    for first in range(17000, 20000, number + 1):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for port in range(first, first + number):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise RuntimeError("no free ports between 17000 and 20000")


def runs_on(pid: int, node: str) -> bool:
    """Say whether a process belongs to a job on a node."""
    return environment_of(pid).get("SLURMD_NODENAME") == node


def parent_of(pid: int) -> int:
    """Return the parent of a process; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def program_of(pid: int) -> str:
    """Return what a process calls itself."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
