"""What a controller does before its first job: it checks what jobs need and makes way for them.

Snakemake's own lock outlives a killed controller and has to be removed by hand. This one is held by
the process and dies with it.
"""

import fcntl
import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from cosmodag.dag import slurm, submission
from cosmodag.errors import InputError

_held: list[IO] = []
"""Locks of this process, open as long as it lives."""


def prepare(workflow, config: Mapping) -> None:
    """Check what jobs need, and make way for them. Called once, before the first job.

    Parameters
    ----------
    workflow
        Snakemake's workflow, whose jobs are known.
    config
        The completed configuration.

    Raises
    ------
    InputError
    """
    jobs = list(workflow.dag.needrun_jobs())
    submission.record(jobs)
    for key in ("results", "scratch"):
        if config[key]:
            check_writable(f"config key {key}", config[key])
    settings = workflow.executor_settings
    if workflow.executor_plugin.name == "slurm":
        folder = Path.cwd()
        take_lock(folder / ".snakemake" / "controller.lock")
        slurm.check_cluster(settings)
        slurm.check_jobs(jobs, settings)
        if settings.jobname_prefix:
            for job in slurm.cancel_orphans(settings.jobname_prefix, folder):
                print(f"cancelled job {job}, which an earlier snakemake left behind", flush=True)


def finished_reports(workflow) -> tuple[list[str], list[str]]:
    """Return the runs shown in the reports that were asked for, and the reports.

    Parameters
    ----------
    workflow
        Snakemake's workflow after its last job.

    Returns
    -------
    runs, reports : list of str
        Folders of runs, and absolute paths of reports.
    """
    jobs = [job for job in workflow.dag.jobs if job.rule.name.split("_")[-1] == "report"]
    runs = dict.fromkeys(str(Path(path).parent) for job in jobs for path in job.input.runs)
    return list(runs), [str(Path(job.output[0]).resolve()) for job in jobs]


def check_writable(what: str, folder: str) -> None:
    """Make a folder and write to it.

    Raises
    ------
    InputError
        If that is not possible, with the system's reason.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{what}: {folder} cannot be written to ({error.strerror}): choose another folder, or "
            "make room"
        ) from None


def take_lock(path: Path) -> None:
    """Hold a lock until this process ends, however it does.

    Raises
    ------
    InputError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "a+")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise InputError(
            f"another snakemake works in this folder ({file.read().strip()}): wait until it is "
            "done, or stop it"
        ) from None
    except OSError:
        return  # a file system without locks
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    file.flush()
    _held.append(file)
