"""A check that a job runs with the code and settings with which it was submitted.

A job may start hours after its submission, and then parses the workflow again. The controller
writes the hashes of all submitted jobs to a file. A job whose own hash is not in the file refuses
to start, since its results would be recorded under the code of the submission.
"""

import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cosmodag import provenance
from cosmodag.errors import InputError
from cosmodag.files import whole_file

VARIABLE = "COSMODAG_SUBMITTED"
"""Environment variable with the path of the file of hashes."""
FOLDER = os.path.join(".snakemake", "submitted")
"""Folder of these files."""


def record(jobs: Iterable, folder: str | os.PathLike = FOLDER) -> None:
    """Write the hashes of jobs to a file, and set the environment variable that jobs inherit.

    The hashes of ten thousand jobs would not fit into the environment itself.

    Parameters
    ----------
    jobs : iterable of snakemake.jobs.Job
        Jobs that are to be submitted.
    folder : str or os.PathLike
        Folder that the nodes of a cluster share.
    """
    hashes = sorted({job_hash(job.rule, job.wildcards) for job in jobs if is_ours(job.rule)})
    # A file per set of jobs: those of an earlier controller may still be in the queue.
    path = Path(folder).resolve() / f"{provenance.value_hash(hashes)}.txt"
    with whole_file(path) as partial:
        partial.write_text("\n".join(hashes))
    os.environ[VARIABLE] = str(path)


def target_jobs(words: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Return the jobs that a submitted snakemake has to run.

    Parameters
    ----------
    words : sequence of str
        Command line of the submitted snakemake.

    Returns
    -------
    list of (str, dict)
        Rule and wildcards per job.
    """
    if "--target-jobs" not in words:
        return []
    jobs = []
    rest = words[words.index("--target-jobs") + 1 :]
    for word in itertools.takewhile(lambda word: not word.startswith("--"), rest):
        rule, _, values = word.partition(":")
        jobs.append((rule, dict(value.split("=", 1) for value in values.split(",") if value)))
    return jobs


def check(rule, wildcards: Mapping) -> None:
    """Refuse a job whose code or settings differ from those that were submitted.

    Parameters
    ----------
    rule : snakemake.rules.Rule
        Rule of the job.
    wildcards : mapping from str to str
        Wildcards of the job.

    Raises
    ------
    InputError
        If the hash of the job is not among those of the submission, or the file is unreadable.
    """
    path = os.environ.get(VARIABLE)
    if path is None or not is_ours(rule):
        return
    try:
        submitted = Path(path).read_text().splitlines()
    except OSError as error:
        raise InputError(
            f"{path}: the list of submitted jobs cannot be read ({error.strerror}): run the same "
            "command again"
        ) from None
    if job_hash(rule, wildcards) in submitted:
        return
    values = ", ".join(f"{key}={value}" for key, value in sorted(wildcards.items()))
    raise InputError(
        f"{rule.name} ({values}): its code or settings changed between submission and start: stop "
        "the running snakemake and run the same command again"
    )


def is_ours(rule) -> bool:
    """Return whether a rule runs a command of this package, whose code is a parameter of it.

    Others are those without a command, and those of a workflow that includes this one.
    """
    return rule.params.get("code") is not None


def job_hash(rule, wildcards: Mapping) -> str:
    """Return a hash of a job's parameters, which include the fingerprint of its code.

    Parameters that depend on inputs or resources are omitted: they are not known yet.
    """
    parameters = {
        name: value(wildcards) if callable(value) else value
        for name, value in rule.params.items()
        if not (callable(value) and _derived(value))
    }
    texts = {name: str(value) for name, value in parameters.items()}
    return provenance.value_hash([rule.name, dict(sorted(wildcards.items())), texts])[:12]


def _derived(function: Callable) -> bool:
    """Return whether a function for a parameter has other arguments than the wildcards."""
    return len(inspect.signature(function).parameters) > 1
