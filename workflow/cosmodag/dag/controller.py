"""Checks and preparations of the controlling snakemake process before its first job.

Snakemake's own lock outlives a killed controller and must be removed by hand. The lock of this
module belongs to the process and ends with it.
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

_locks: list[IO] = []
"""Locked files, open until this process ends."""


def prepare(workflow, config: Mapping) -> None:
    """Check folders and the cluster, and cancel orphaned jobs; called once, before the first job.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Workflow with a complete DAG of jobs.
    config : mapping
        The completed configuration.

    Raises
    ------
    InputError
        If a folder is not writable, another controller works in this folder, or Slurm refuses the
        jobs.
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
    """Return the requested reports and the runs that they show.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        Workflow after its last job.

    Returns
    -------
    runs, reports : list of str
        Folders of runs, and absolute paths of reports.
    """
    jobs = [job for job in workflow.dag.jobs if job.rule.name.split("_")[-1] == "report"]
    runs = dict.fromkeys(str(Path(path).parent) for job in jobs for path in job.input.runs)
    return list(runs), [str(Path(job.output[0]).resolve()) for job in jobs]


def check_writable(name: str, folder: str) -> None:
    """Create a folder and write a temporary file to it.

    Parameters
    ----------
    name : str
        What the folder is, for the message of an error.
    folder : str
        Path of the folder.

    Raises
    ------
    InputError
        If that fails, with the system's reason.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{name}: {folder} cannot be written to ({error.strerror}): choose another folder or "
            "free some space"
        ) from None


def take_lock(path: Path) -> None:
    """Lock a file until this process ends, normally or not.

    Parameters
    ----------
    path : pathlib.Path
        File to create and lock.

    Raises
    ------
    InputError
        If another process has locked it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "a+")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise InputError(
            f"another snakemake works in this folder ({file.read().strip()}): wait until it ends "
            "or stop it"
        ) from None
    except OSError:
        return  # a file system without locks
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    file.flush()
    _locks.append(file)
