"""The experiments, found by their packages: each declares itself in its `experiment.py`."""

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Experiment:
    """What shared code has to know of an experiment.

    Attributes
    ----------
    name : str
        Name of its package, its section of the configuration, its rules' prefix and its commands.
    title, question, background, original : str
        Words of its chapter in the report: a headline, the question it answers, how, and what the
        study by its authors did.
    stages : mapping from str to str
        Its commands in the order of its pipeline, each with its line of help; the command `grid` is
        ``<package>.commands.grid``.
    files : callable
        Takes a completed configuration and returns the files and resources of its jobs, a
        `cosmodag.dag.experiment_files.ExperimentFiles`.
    tasks : mapping from str to str
        The tasks that its networks can be trained for, each with its question.
    writers : mapping from str to str
        The kinds of HDF5 files that its commands write, each with these commands.
    """

    name: str
    title: str
    question: str
    stages: Mapping[str, str]
    files: Callable
    background: str = ""
    original: str = ""
    tasks: Mapping[str, str] = field(default_factory=dict)
    writers: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all experiments in alphabetical order."""
    return tuple(sorted(path.parent.name for path in PACKAGE.glob("*/experiment.py")))


@functools.cache
def find(name: str) -> Experiment:
    """Return the declaration of an experiment.

    Raises
    ------
    KeyError
        If there is no such experiment.
    """
    if name not in names():
        raise KeyError(name)
    return importlib.import_module(f"{__package__}.{name}.experiment").EXPERIMENT
