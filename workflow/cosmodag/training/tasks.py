"""Tasks by name."""

import inspect
from typing import Any

from cosmodag.models.registry import check_settings
from cosmodag.settings import unknown
from cosmodag.training.classification_task import ClassificationTask
from cosmodag.training.latent_task import LatentTask
from cosmodag.training.map_task import MapTask
from cosmodag.training.matching_task import MatchingTask
from cosmodag.training.ordinal_task import OrdinalTask
from cosmodag.training.posterior_task import PosteriorTask
from cosmodag.training.reconstruction_task import ReconstructionTask
from cosmodag.training.scalar_tasks import CountTask, RegressionTask
from cosmodag.training.task import Task

TASKS: dict[str, type[Task]] = {
    "map": MapTask,
    "count": CountTask,
    "regression": RegressionTask,
    "classification": ClassificationTask,
    "ordinal": OrdinalTask,
    "posterior": PosteriorTask,
    "reconstruction": ReconstructionTask,
    "matching": MatchingTask,
    "latent": LatentTask,
}


def make_task(name: str, **settings: Any) -> Task:
    """Make a task by its name.

    Parameters
    ----------
    name : str
        A key of `TASKS`.
    **settings
        Keyword arguments of the task's class.

    Raises
    ------
    InputError
        If the task or a setting is unknown, with the nearest known one, or a value is not allowed.

    Examples
    --------
    >>> make_task("map", channel="fraction_matter").outputs
    1
    """
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    known = inspect.signature(TASKS[name]).parameters
    check_settings(settings, known, f"setting of task {name}:")
    return TASKS[name](**settings)
