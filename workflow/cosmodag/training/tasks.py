"""Tasks by name."""

import inspect

from cosmodag.models.registry import check_settings
from cosmodag.settings import unknown
from cosmodag.training.classification_task import ClassificationTask
from cosmodag.training.latent_task import LatentTask
from cosmodag.training.map_task import MapTask
from cosmodag.training.matching_task import MatchingTask
from cosmodag.training.ordinal_task import OrdinalTask
from cosmodag.training.reconstruction_task import ReconstructionTask
from cosmodag.training.scalar_tasks import CountTask, RegressionTask
from cosmodag.training.task import Task

TASKS = {
    "map": MapTask,
    "count": CountTask,
    "regression": RegressionTask,
    "classification": ClassificationTask,
    "ordinal": OrdinalTask,
    "reconstruction": ReconstructionTask,
    "matching": MatchingTask,
    "latent": LatentTask,
}


def make_task(name: str, **settings) -> Task:
    """Make the task `name` from keyword arguments of its class.

    Raises
    ------
    InputError
        If the task or a setting is unknown, naming the nearest known one.
    """
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    known = inspect.signature(TASKS[name]).parameters
    check_settings(settings, known, f"setting of task {name}:")
    return TASKS[name](**settings)
