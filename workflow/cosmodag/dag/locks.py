"""One snakemake per folder, whose jobs do not outlive it.

Snakemake's own lock consists of files that outlive a killed snakemake and must be removed by hand.
The locks of this module belong to processes and end with them, however they end:

- ``controller.lock`` is locked by the snakemake that works in the folder, and names it.
- ``jobs.lock`` is shared by all its jobs on this machine and by their child processes.

A job stops once its snakemake has ended. The next snakemake waits until no process of an earlier
job is left, so two jobs never write the same file.
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from cosmodag.errors import InputError

VARIABLE = "COSMODAG_CONTROLLER"
"""Environment variable by which jobs on this machine know their snakemake: ``<name>:<folder>``."""
CONTROLLER, JOBS = "controller.lock", "jobs.lock"
INTERVAL = 1.0
"""Seconds between two looks of a job at its snakemake."""
GRACE = 60.0
"""Seconds that a job has to stop by itself, such as a training that saves its state."""
PATIENCE = GRACE + 60.0
"""Seconds for which a snakemake waits for the jobs of an earlier one."""

_held: list[IO] = []
"""Locked files of a job, open until its process ends."""
_replaced: set[type] = set()


def replace_lock(
    persistence: Any, shown: Callable[[], contextlib.AbstractContextManager[None]]
) -> None:
    """Let Snakemake lock a folder by `locked_folder` instead of files that outlive it.

    Dry runs, ``--unlock``, ``--nolock`` and the processes of jobs take no lock, as before.

    Parameters
    ----------
    persistence : type
        Snakemake's class that keeps the state of a folder. Its method `lock` is replaced.
    shown : callable
        Returns a context that shows an `InputError` as Snakemake shows its own errors.
    """
    if persistence in _replaced:
        return
    _replaced.add(persistence)
    own = persistence.lock

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            with shown():
                taken = stack.enter_context(locked_folder(Path(self.path)))
            if not taken:  # a file system without such locks
                stack.enter_context(own(self))
            elif self.dag.workflow.local_exec:
                stack.enter_context(_announced(Path(self.path)))
            yield

    persistence.lock = lock


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[bool]:
    """Lock a folder for this process, and wait until no job of an earlier one is left.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the locks.

    Yields
    ------
    bool
        False if the file system has no locks.

    Raises
    ------
    InputError
        If another process holds the lock, or jobs of an earlier one do not end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / CONTROLLER, "a+") as file:
        # Jobs of an earlier snakemake may touch the lock for an instant to see whether it is held.
        taken = _take(file, patience=2.0)
        if taken is False:
            file.seek(0)
            raise InputError(
                f"another snakemake works in this folder ({file.readline().strip()}): wait until "
                "it ends or stop it"
            )
        if taken:
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n{_name()}\n")
            file.flush()
            _wait_for_jobs(folder)
        yield bool(taken)


def follow_controller() -> None:
    """Stop this process once the snakemake that started it has ended; without one, do nothing.

    It gets SIGTERM, after which a training saves its state, and SIGKILL if that does not help.
    Forked children end with their parent.
    """
    name, _, path = os.environ.get(VARIABLE, "").partition(":")
    folder = Path(path)
    # Jobs on other nodes cannot rely on locks; they belong to a scheduler.
    if not name.endswith(f"@{socket.gethostname()}") or not folder.is_dir():
        return
    try:
        file = open(folder / JOBS, "a")  # noqa: SIM115
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError:
        return
    _held.append(file)
    if not _controls(name, folder):
        raise InputError("the snakemake that started this job has ended")
    _watch(lambda: _controls(name, folder), _stop)
    parent = os.getpid()

    def follow_parent() -> None:
        if os.getppid() == parent:
            _watch(lambda: os.getppid() == parent, lambda: os._exit(1))

    os.register_at_fork(after_in_child=follow_parent)


def _name() -> str:
    """Return a name of this process that no other one has or had."""
    return f"{os.getpid()}-{_STARTED}@{socket.gethostname()}"


_STARTED = time.time_ns()


@contextlib.contextmanager
def _announced(folder: Path) -> Iterator[None]:
    """Tell the jobs which process they belong to."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = f"{_name()}:{folder.resolve()}"
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def _take(file: IO, patience: float) -> bool | None:
    """Lock a file for this process alone; None where the file system has no locks."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        except OSError:
            return None
        else:
            return True


def _wait_for_jobs(folder: Path) -> None:
    """Wait until no job of an earlier snakemake is left."""
    with open(folder / JOBS, "a") as file:
        if _take(file, patience=2.0) is not False:
            return
        print("waiting for the jobs of an earlier snakemake to stop", file=sys.stderr, flush=True)
        if _take(file, patience=PATIENCE) is False:
            raise InputError(
                f"jobs of an earlier snakemake do not end: stop the processes that hold "
                f"{folder / JOBS}, which `fuser -v` or `lsof` lists"
            )


def _controls(name: str, folder: Path) -> bool:
    """Return whether the snakemake of a name still holds the lock of its folder."""
    try:
        with open(folder / CONTROLLER) as file:
            if name not in file.read().splitlines():
                return False
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False
    except OSError:
        return True  # nothing is known


def _watch(holds: Callable[[], bool], stop: Callable[[], None]) -> None:
    """Call a function, in a thread, once a condition no longer holds."""

    def run() -> None:
        while holds():
            time.sleep(INTERVAL)
        stop()

    threading.Thread(target=run, name="controller", daemon=True).start()


def _stop() -> NoReturn:
    """End this process."""
    print(
        "the snakemake that started this job has ended: the job stops", file=sys.stderr, flush=True
    )
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit(1)
