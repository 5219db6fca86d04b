"""The experiments, found by their packages: each declares itself in its `experiment.py`."""

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Task:
    """A task that the networks of an experiment can be trained for.

    Attributes
    ----------
    question : str
        What the task asks, for the report.
    evaluation : str
        Subclass of `cosmodag.evaluation.evaluation.Evaluation` that refines the shared evaluation
        of the task, as ``package.module:Class``; empty for the shared one.
    """

    question: str
    evaluation: str = ""


@dataclass(frozen=True)
class Score:
    """A score of an experiment's own.

    Attributes
    ----------
    title : str
    better : {"higher", "lower", None}
        Which values are better; None for a score that only describes.
    """

    title: str
    better: str | None = None


@dataclass(frozen=True)
class Experiment:
    """What shared code has to know of an experiment.

    Attributes
    ----------
    name : str
        Name of its package, its section of the configuration, its rules' prefix and its commands.
    title, question, background, study : str
        Its chapter in the report: a headline, the question that it answers, the method, and what
        the study by its authors did.
    stages : mapping from str to str
        Its commands in the order of its pipeline, each with its line of help; the command `grid` is
        ``<package>.commands.grid``.
    files : callable
        Takes a completed configuration and returns the files and resources of its jobs, a
        `cosmodag.dag.experiment_files.ExperimentFiles`.
    tasks : mapping from str to Task
        The tasks that its networks can be trained for.
    scores : mapping from str to Score
        Scores that no other experiment has.
    baselines : mapping from str to str
        Titles of baselines that no other experiment has.
    report : str
        Function that returns the sections of its chapter in the report beside those of its runs, as
        ``package.module:function``, see `cosmodag.reporting.sections`; empty for none.
    writers : mapping from str to str
        The kinds of HDF5 files that its commands write, each with these commands.
    check : callable
        Takes its section of a completed configuration and the same section as the user wrote it.
        It fills in what depends on other entries and raises an error if entries do not fit
        together.
    examples : callable
        Takes its checked section and the name of an entry of `cutouts`, and returns what the
        examples will contain, a `cosmodag.dag.example_format.ExampleFormat`.
    """

    name: str
    title: str
    question: str
    stages: Mapping[str, str]
    files: Callable
    background: str = ""
    study: str = ""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    scores: Mapping[str, Score] = field(default_factory=dict)
    baselines: Mapping[str, str] = field(default_factory=dict)
    report: str = ""
    writers: Mapping[str, str] = field(default_factory=dict)
    check: Callable | None = None
    examples: Callable | None = None


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


@functools.cache
def sections(name: str) -> frozenset[str]:
    """Return the folders below an experiment's results, which are named after sections."""
    return frozenset({"baselines", *vars(find(name).files)["SECTIONS"]})


def declared() -> tuple[Experiment, ...]:
    """Return the declarations of all experiments, in the order of `names`."""
    return tuple(find(name) for name in names())
