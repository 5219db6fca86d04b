"""What was submitted is what runs: code and settings of a job, as they were when it was queued.

A job may start hours after it was submitted, and then reads the workflow anew. The controller
writes the hashes of all jobs that it submits to a file; a job whose own hash is not in it refuses
to start, since its results would be recorded as those of other code.
"""

import inspect
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cosmodag import provenance
from cosmodag.errors import InputError
from cosmodag.files import whole_file

VARIABLE = "COSMODAG_SUBMITTED"
"""Variable of the environment with the path of the file of hashes."""


def record(jobs: Iterable, folder: str | os.PathLike = ".snakemake") -> None:
    """Write the hashes of jobs to a file, whose path the jobs inherit in their environment.

    The hashes of ten thousand jobs would not fit into the environment itself.

    Parameters
    ----------
    jobs : iterable
        Snakemake's jobs, with a rule and wildcards.
    folder : path
        Folder that the nodes of a cluster share.
    """
    hashes = sorted({job_hash(job.rule, job.wildcards) for job in jobs})
    # A file per set of jobs: those of an earlier controller may still be in the queue.
    path = Path(folder).resolve() / "submitted" / f"{provenance.value_hash(hashes)}.txt"
    with whole_file(path) as partial:
        partial.write_text("\n".join(hashes))
    os.environ[VARIABLE] = str(path)


def jobs_of(words: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Return rule and wildcards of the jobs that a command line of Snakemake's own is to run."""
    if "--target-jobs" not in words:
        return []
    jobs = []
    rest = words[words.index("--target-jobs") + 1 :]
    for word in itertools.takewhile(lambda word: not word.startswith("--"), rest):
        rule, _, values = word.partition(":")
        jobs.append((rule, dict(value.split("=", 1) for value in values.split(",") if value)))
    return jobs


def check(rule, wildcards: Mapping) -> None:
    """Refuse a job whose code or settings are not those that were submitted.

    Raises
    ------
    InputError
    """
    path = os.environ.get(VARIABLE)
    if path is None:
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
    named = ", ".join(f"{key}={value}" for key, value in sorted(wildcards.items()))
    raise InputError(
        f"{rule.name} ({named}): its code or settings changed between submission and start: stop "
        "the running snakemake and run the same command again"
    )


def job_hash(rule, wildcards: Mapping) -> str:
    """Return a hash of a rule's parameters for its wildcards, code among them.

    Parameters that follow from inputs or resources are left out: Snakemake knows them later.
    """
    values = {
        name: value(wildcards) if callable(value) else value
        for name, value in rule.params.items()
        if not (callable(value) and _derived(value))
    }
    known = dict(sorted(wildcards.items()))
    return provenance.value_hash([rule.name, known, {k: str(v) for k, v in values.items()}])[:12]


def _derived(function) -> bool:
    """Say whether a function of parameters asks for more than the wildcards."""
    return len(inspect.signature(function).parameters) > 1
