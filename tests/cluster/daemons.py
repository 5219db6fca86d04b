"""Daemons that carry a mark, so that just what was started here is ever ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

MARK = "COSMODAG_TEST_CLUSTER"
"""Variable in the environment of every process of a cluster, holding its folder."""


class Daemons:
    """The daemons of a cluster that lives in a folder.

    Parameters
    ----------
    folder
        Each daemon writes its process id to ``run/<name>.pid`` in it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {**os.environ, MARK: str(folder), "SLURM_CONF": f"{folder}/slurm.conf"}

    def pid(self, name: str) -> int | None:
        """Return a daemon's process id while it runs and is this cluster's."""
        try:
            pid = int((self.folder / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if self.owns(pid) else None

    def owns(self, pid: int) -> bool:
        """Say whether a process carries this cluster's mark."""
        return environment_of(pid).get(MARK) == str(self.folder)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a daemon that puts itself into the background, unless it runs."""
        if self.pid(name):
            return
        (self.folder / "run" / f"{name}.pid").unlink(missing_ok=True)
        with open(self.folder / "log" / f"{name}.out", "a") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment
            )
        if done.returncode or not wait_for(lambda: self.pid(name), 10):
            raise RuntimeError(f"{name} did not start: see {self.folder}/log")

    def stop(self, name: str) -> None:
        """End a daemon, by SIGKILL where it does not listen."""
        pid = self.pid(name)
        if pid is None:
            return
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if wait_for(lambda: not self.owns(pid), patience):
                break
        (self.folder / "run" / f"{name}.pid").unlink(missing_ok=True)

    def processes(self) -> list[int]:
        """Return all processes that carry this cluster's mark."""
        return [pid for pid in all_processes() if self.owns(pid)]


def all_processes() -> list[int]:
    """Return the ids of all processes but this one."""
    return [
        int(path.name) for path in Path("/proc").glob("[0-9]*") if int(path.name) != os.getpid()
    ]


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with; empty where it is gone."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    return dict(part.split("=", 1) for part in content.split("\0") if "=" in part)


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until a condition holds, at most so long; say whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
