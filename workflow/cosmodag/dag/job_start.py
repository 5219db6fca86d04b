"""How a job starts its command: the package, MPI ranks, and the conda environment of its node."""

import inspect
import shlex
from collections.abc import Callable
from pathlib import Path

from cosmodag.errors import InputError

PACKAGE_FOLDER = Path(__file__).resolve().parents[2]
"""Folder that contains the package."""
ENVIRONMENTS = PACKAGE_FOLDER.parent / "envs"
"""Folder of the conda environments, one per kind of node."""


def signed(function: Callable) -> Callable:
    """Keep the signature of a function with it: Snakemake asks for it once per job and parameter.

    Finding it anew took a tenth of the time to plan 20,000 jobs.
    """
    function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return function


@signed
def start_command(wildcards, resources) -> str:
    """Return the words that start the command line of this checkout in any environment.

    Parameters
    ----------
    wildcards, resources
        Not used; see `start_ranks`.
    """
    return f"PYTHONPATH={shlex.quote(str(PACKAGE_FOLDER))} python -m cosmodag"


@signed
def start_ranks(wildcards, resources, threads) -> str:
    """Return the words that start the command line with one or more MPI ranks.

    The command replaces the shell, so that a job's signals reach it. The resource ``mpi`` of a
    profile, ``srun`` or ``mpiexec``, starts the ranks. Their number is written out, since a job of
    the Slurm executor does not know it.

    Parameters
    ----------
    wildcards : snakemake.io.Wildcards
        Not used; Snakemake passes it to every function of a rule.
    resources : mapping
        Resources of the job, with ``mpi`` and ``tasks`` where a profile sets them.
    threads : int
        Threads per rank.
    """
    mpi = resources.get("mpi")
    launcher = ""
    if mpi:
        cores = f" --cpus-per-task={threads}" if mpi.split()[0] == "srun" else ""
        launcher = f"{mpi} -n {resources.get('tasks') or 1}{cores} "
    path = shlex.quote(str(PACKAGE_FOLDER))
    return f"PYTHONPATH={path} exec {launcher}python -m cosmodag"


@signed
def kind_of_node(wildcards, resources) -> str:
    """Return the kind of node that a job runs on: the name of its conda environment.

    A profile states it by the resource ``environment``. Without it, jobs with a GPU are of the kind
    ``gpu`` and others of the kind ``cpu``.

    Parameters
    ----------
    wildcards : snakemake.io.Wildcards
        Not used; Snakemake passes it to every function of a rule.
    resources : mapping
        Resources of the job.
    """
    gpu = resources.get("gpu") or "gpu" in str(resources.get("gres", ""))
    return resources.get("environment") or ("gpu" if gpu else "cpu")


def environment_file(kind: str) -> str:
    """Return the path of the conda environment for a kind of node.

    Raises
    ------
    InputError
        If there is none.
    """
    path = ENVIRONMENTS / f"{kind}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in ENVIRONMENTS.glob("*.yaml")))
        raise InputError(
            f"resource environment: {ENVIRONMENTS} has no {path.name}; write one of {known} in the "
            "profile"
        )
    return str(path)
