"""Checks of a Slurm cluster before the first job is submitted.

Without them, a partition that does not exist or a constraint that no node satisfies would be
noticed job by job, or never: Slurm leaves some of these jobs in the queue for ever.
"""

import getpass
import logging
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from cosmodag.errors import InputError

COMMANDS = ("sbatch", "scontrol", "squeue", "scancel")
TEMPORARY = ("not available (down", "busy")
"""Refusals of a test job for which a real job would wait in the queue."""
SILENT = logging.getLogger("cosmodag.silent")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


def check_cluster(settings) -> None:
    """Check that Slurm's commands are available and that the status of jobs can be queried.

    Parameters
    ----------
    settings : snakemake_executor_plugin_slurm.ExecutorSettings
        Settings of the Slurm executor.

    Raises
    ------
    InputError
        If a command is missing, Slurm does not answer, or the profile queries an accounting
        database that the cluster does not have.
    """
    for program in COMMANDS:
        try:
            _run(program, "--version")
        except FileNotFoundError:
            raise InputError(
                f"no {program} on this machine: run snakemake on a machine with Slurm's commands, "
                "or without --profile slurm"
            ) from None
    failed, answer = _run("scontrol", "show", "config")
    if failed:
        raise InputError(
            f"Slurm does not answer ({answer.splitlines()[-1]}): check that its daemon runs and "
            "that SLURM_CONF is right"
        )
    storage = re.search(r"AccountingStorageType\s*=\s*(\S+)", answer)
    if settings.status_command == "sacct" and storage and storage[1].endswith("/none"):
        raise InputError(
            "this cluster has no accounting database, without which sacct never reports that a "
            "job is done: write `status: squeue` in slurm/partitions.yaml"
        )


def check_jobs(jobs: Iterable, settings) -> None:
    """Let Slurm test one job per set of requested resources; no job is queued.

    Parameters
    ----------
    jobs : iterable of snakemake.jobs.Job
        Jobs that are to run.
    settings : snakemake_executor_plugin_slurm.ExecutorSettings
        Settings of the Slurm executor.

    Raises
    ------
    InputError
        If Slurm refuses a job; the message names the rule, its resources and Slurm's answer.
    """
    from snakemake_executor_plugin_slurm.partitions import read_partition_file

    file = settings.partition_config
    partitions = read_partition_file(file) if file else []
    rules: dict[tuple[str, ...], str] = {}
    for job in jobs:
        if not job.is_local:
            rules.setdefault(tuple(_sbatch_options(job, settings, partitions)), job.rule.name)
    for flags, rule in rules.items():
        status, answer = _run("sbatch", "--test-only", *flags, "--wrap", "true")
        if status and not any(refusal in answer for refusal in TEMPORARY):
            reason = answer.splitlines()[-1].removeprefix("sbatch: error: ")
            reason = reason.removeprefix("allocation failure: ")
            raise InputError(
                f"Slurm refuses jobs of {rule} ({shlex.join(flags)}): {reason}; change "
                f"{file or 'the profile'} or the rule's line in config.yaml beside it"
            )


def cancel_orphans(prefix: str, folder: Path, patience: float = 120) -> list[str]:
    """Cancel the jobs that a killed controller left in the queue.

    They would write the same files as the jobs that are to be submitted. Training continues from
    its last checkpoint.

    Parameters
    ----------
    prefix : str
        Prefix of the names of a controller's jobs.
    folder : pathlib.Path
        Working directory of the controller; jobs of other folders are left alone.
    patience : float
        Seconds to wait for the end of the jobs.

    Returns
    -------
    list of str
        Identifiers of the cancelled jobs.

    Raises
    ------
    InputError
        If the jobs do not end in time.
    """
    orphans = _queued(prefix, folder)
    if not orphans:
        return []
    _run("scancel", *orphans)
    end = time.monotonic() + patience
    while remaining := _queued(prefix, folder):
        if time.monotonic() > end:
            raise InputError(
                f"jobs {', '.join(remaining)} of an earlier snakemake in {folder} do not end: wait "
                "until squeue no longer lists them"
            )
        time.sleep(1)
    return orphans


def _queued(prefix: str, folder: Path) -> list[str]:
    """Return the identifiers of queued jobs by prefix and working directory."""
    words = ("--noheader", "--user", getpass.getuser(), "--format", "%A|%j|%Z")
    _, answer = _run("squeue", *words)
    rows = [line.split("|", 2) for line in answer.splitlines() if line.count("|") >= 2]
    return sorted(
        {i for i, name, at in rows if name.startswith(f"{prefix}_") and Path(at) == folder}
    )


def _sbatch_options(job, settings, partitions: list) -> list[str]:
    """Return the options of sbatch that request a job's resources."""
    from snakemake_executor_plugin_slurm.partitions import get_best_partition
    from snakemake_executor_plugin_slurm.submit_string import get_submit_command
    from snakemake_executor_plugin_slurm.utils import set_gres_string

    resources = job.resources
    partition = resources.get("slurm_partition")
    if not partition and partitions:
        partition = get_best_partition(partitions, job, SILENT)
        if partition is None:
            raise InputError(
                f"no partition in {settings.partition_config} fits jobs of {job.rule.name}: "
                f"{_requests(job)}; add the site's partitions to that file, or change the rule's "
                "line in config.yaml beside it"
            )
    account = resources.get("slurm_account")
    parameters = {
        "run_uuid": "-",
        "slurm_logfile": "-",
        "comment_str": "-",
        "account": f"-A {shlex.quote(str(account))}" if account else "",
        "partition": f"-p {shlex.quote(str(partition))}" if partition else "",
        "workdir": None,
    }
    command = get_submit_command(job, parameters, settings) + set_gres_string(job)
    words = shlex.split(command)
    return words[words.index("-", words.index("--comment")) + 1 :]


def _requests(job) -> str:
    """Return the resources that decide about a job's partition, as text."""
    resources = job.resources
    requests = {
        "constraint": resources.get("constraint"),
        "gpu": resources.get("gpu") or resources.get("gres"),
        "mem_mb": resources.get("mem_mb"),
        "runtime": resources.get("runtime"),
        "threads": job.threads,
        "tasks": resources.get("tasks"),
    }
    return ", ".join(f"{key} {value}" for key, value in requests.items() if value)


def _run(*command: str) -> tuple[int, str]:
    """Run one of Slurm's commands; return its exit status and output."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ}
    )
    return done.returncode, (done.stdout + done.stderr).strip()
