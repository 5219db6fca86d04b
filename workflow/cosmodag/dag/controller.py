"""Checks and preparations of the controlling snakemake process before its first job."""

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from cosmodag.dag import leftovers, requests, slurm, submission
from cosmodag.errors import InputError


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
        If a folder is not writable or lacks space, or Slurm refuses the jobs.
    """
    jobs = list(workflow.dag.needrun_jobs())
    requests.check_kinds(jobs, workflow)
    for key in ("results", "scratch"):
        if config[key]:
            check_writable(f"config key {key}", config[key])
    check_space(jobs, config["results"])
    settings = workflow.executor_settings
    if workflow.executor_plugin.name == "slurm":
        slurm.check_cluster(settings)
        slurm.check_jobs(jobs, settings)
        if settings.jobname_prefix:
            for job in slurm.cancel_orphans(settings.jobname_prefix, Path.cwd()):
                print(f"cancelled job {job}, which an earlier snakemake left behind", flush=True)
    if workflow.local_exec or getattr(settings, "jobname_prefix", None):
        # No job of an earlier run is left.
        leftovers.clear_lists(submission.FOLDER)
        ours = [job for job in workflow.dag.jobs if submission.is_ours(job.rule)]
        leftovers.clear_partials(path for job in ours for path in job.output)
        clear_states(config, [path for job in jobs for path in job.output])
    submission.record(jobs)


def check_space(jobs: Iterable, folder: str) -> None:
    """Compare the estimated size of all outputs with the free space of the results' file system.

    Estimates are right within a factor of two: between that and enough, a warning is printed.

    Parameters
    ----------
    jobs : iterable of snakemake.jobs.Job
        Jobs that are to run, with their estimates as the resource `disk_mb`.
    folder : str
        Folder of the results.

    Raises
    ------
    InputError
        If less than half of the estimate is free.
    """
    sizes: Counter[str] = Counter()
    outputs: list[str] = []
    for job in jobs:
        sizes[job.rule.name] += int(job.resources.get("disk_mb") or 0)
        outputs += job.output
    needed, free = sum(sizes.values()), shutil.disk_usage(folder).free / 1e6
    if needed > free:
        free += sum(map(_size_mb, outputs))  # what they replace
    if needed <= free:
        return
    rule, largest = sizes.most_common(1)[0]
    message = (
        f"config key results: {folder} has {free:,.0f} MB of free space, and the planned jobs need "
        f"about {needed:,} MB, most of it for {rule} ({largest:,} MB): free some space, choose "
        "another folder, or plan less"
    )
    if 2 * free < needed:
        raise InputError(message)
    print(f"Warning: {message}", file=sys.stderr, flush=True)


def _size_mb(path: str) -> float:
    """Return the size of a file or folder in MB; 0 if it does not exist."""
    files = [path] if os.path.isfile(path) else Path(path).rglob("*")
    return sum(os.lstat(file).st_size for file in files) / 1e6


def state_folder(config: Mapping) -> str:
    """Return the folder of checkpoints and other intermediate files."""
    return config["scratch"] or f"{config['results']}/.state"


def clear_states(config: Mapping, unfinished: Iterable[str] = ()) -> None:
    """Remove checkpoints that are no longer needed, see `leftovers.clear_states`."""
    leftovers.clear_states(state_folder(config), unfinished)


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
    jobs = [
        job
        for job in workflow.dag.jobs
        if submission.is_ours(job.rule) and job.rule.name.split("_")[-1] == "report"
    ]
    scores = dict.fromkeys(Path(path) for job in jobs for path in job.input.runs)
    # In a storage, local copies are gone by now.
    runs = [str(path.parent) for path in scores if path.exists()]
    return runs, [_place(job.output[0]) for job in jobs]


def _place(file) -> str:
    """Return where an output can be found: in the storage, or its absolute path."""
    return file.storage_object.query if file.is_storage else str(Path(file).resolve())


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
