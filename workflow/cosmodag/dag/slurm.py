"""Before the first job goes to Slurm: is everything there that the jobs ask for?

A partition that does not exist or a constraint that no node has would otherwise be noticed one job
after the other, or never: Slurm keeps some such jobs waiting for ever.
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

ASK = ("sbatch", "scontrol", "squeue", "scancel")
PASSING = ("not available (down", "busy")
"""Answers to a test that a real job only waits for."""
SILENT = logging.getLogger("cosmodag.silent")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


def check_cluster(settings) -> None:
    """Check that Slurm's commands are here, and that jobs can be followed as the profile says.

    Parameters
    ----------
    settings
        Those of Snakemake's Slurm executor.

    Raises
    ------
    InputError
    """
    for program in ASK:
        try:
            _ask(program, "--version")
        except FileNotFoundError:
            raise InputError(
                f"no {program} on this machine: run snakemake where Slurm's commands are, or "
                "without --profile slurm"
            ) from None
    failed, answer = _ask("scontrol", "show", "config")
    if failed:
        raise InputError(
            f"Slurm does not answer ({answer.splitlines()[-1]}): see whether its daemon runs, and "
            "where SLURM_CONF points"
        )
    kept = re.search(r"AccountingStorageType\s*=\s*(\S+)", answer)
    if settings.status_command == "sacct" and kept and kept[1].endswith("/none"):
        raise InputError(
            "this cluster keeps no accounting database, and without one sacct never tells that a "
            "job is done: write `status: squeue` in slurm/partitions.yaml"
        )


def check_jobs(jobs: Iterable, settings) -> None:
    """Let Slurm test a job of each kind that is to be submitted; none is queued.

    Parameters
    ----------
    jobs
        Snakemake's jobs that are to run.
    settings
        Those of Snakemake's Slurm executor.

    Raises
    ------
    InputError
        Naming the rule, what it asked for and Slurm's answer.
    """
    from snakemake_executor_plugin_slurm.partitions import read_partition_file

    file = settings.partition_config
    partitions = read_partition_file(file) if file else []
    asked: dict[tuple[str, ...], str] = {}
    for job in jobs:
        if not job.is_local:
            asked.setdefault(tuple(_flags(job, settings, partitions)), job.rule.name)
    for flags, rule in asked.items():
        refused, answer = _ask("sbatch", "--test-only", *flags, "--wrap", "true")
        if refused and not any(passing in answer for passing in PASSING):
            reason = answer.splitlines()[-1].removeprefix("sbatch: error: ")
            reason = reason.removeprefix("allocation failure: ")
            raise InputError(
                f"Slurm has no place for jobs of {rule} ({shlex.join(flags)}): {reason}; change "
                f"{file or 'the profile'} or the rule's line in config.yaml beside it"
            )


def cancel_orphans(prefix: str, folder: Path, patience: float = 120) -> list[str]:
    """Cancel the jobs that a killed controller left in the queue; training continues later.

    They would write the same files as the jobs that are to be submitted.

    Parameters
    ----------
    prefix
        Of the names of a controller's jobs.
    folder
        In which the controller worked; jobs of others stay.
    patience
        Seconds to wait for their end.

    Returns
    -------
    list of str
        The cancelled jobs.

    Raises
    ------
    InputError
        If they do not end.
    """
    orphans = _queued(prefix, folder)
    if not orphans:
        return []
    _ask("scancel", *orphans)
    end = time.monotonic() + patience
    while left := _queued(prefix, folder):
        if time.monotonic() > end:
            raise InputError(
                f"jobs {', '.join(left)} of an earlier snakemake in {folder} do not end: wait "
                "until squeue shows them no more"
            )
        time.sleep(1)
    return orphans


def _queued(prefix: str, folder: Path) -> list[str]:
    words = ("--noheader", "--user", getpass.getuser(), "--format", "%A|%j|%Z")
    _, answer = _ask("squeue", *words)
    rows = [line.split("|", 2) for line in answer.splitlines() if line.count("|") >= 2]
    return sorted(
        {i for i, name, at in rows if name.startswith(f"{prefix}_") and Path(at) == folder}
    )


def _flags(job, settings, partitions: list) -> list[str]:
    """Return the options of sbatch by which a job's resources are asked for."""
    from snakemake_executor_plugin_slurm.partitions import get_best_partition
    from snakemake_executor_plugin_slurm.submit_string import get_submit_command
    from snakemake_executor_plugin_slurm.utils import set_gres_string

    resources = job.resources
    partition = resources.get("slurm_partition")
    if not partition and partitions:
        partition = get_best_partition(partitions, job, SILENT)
        if partition is None:
            raise InputError(
                f"no partition in {settings.partition_config} takes jobs of {job.rule.name}: "
                f"{_wishes(job)}; write there what the site offers, or change the rule's line in "
                "config.yaml beside it"
            )
    account = resources.get("slurm_account")
    parts = {
        "run_uuid": "-",
        "slurm_logfile": "-",
        "comment_str": "-",
        "account": f"-A {shlex.quote(str(account))}" if account else "",
        "partition": f"-p {shlex.quote(str(partition))}" if partition else "",
        "workdir": None,
    }
    command = get_submit_command(job, parts, settings) + set_gres_string(job)
    words = shlex.split(command)
    return words[words.index("-", words.index("--comment")) + 1 :]


def _wishes(job) -> str:
    resources = job.resources
    wishes = {
        "constraint": resources.get("constraint"),
        "gpu": resources.get("gpu") or resources.get("gres"),
        "mem_mb": resources.get("mem_mb"),
        "runtime": resources.get("runtime"),
        "threads": job.threads,
        "tasks": resources.get("tasks"),
    }
    return ", ".join(f"{key} {value}" for key, value in wishes.items() if value)


def _ask(*command: str) -> tuple[int, str]:
    """Run one of Slurm's commands; return its status and what it said."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ}
    )
    return done.returncode, (done.stdout + done.stderr).strip()
