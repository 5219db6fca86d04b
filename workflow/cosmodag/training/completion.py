"""What a run's settings leave out, from the dataset that it is trained on."""

from collections.abc import Mapping

import numpy as np

from cosmodag.errors import InputError
from cosmodag.models import registry
from cosmodag.settings import unknown
from cosmodag.training.anchors import anchors
from cosmodag.training.latent_task import LatentTask
from cosmodag.training.scalar_tasks import ScalarTask
from cosmodag.training.task import Task
from cosmodag.training.tasks import TASKS

CLASS = "_class"
"""Ending of the columns of classes that stand for values: redshift_class, of redshifts."""


def complete_task(task: Mapping, dataset: Mapping) -> dict:
    """Return the task's settings with all that follows from the dataset.

    Scalars get mean and std of their columns in the training split; classes that stand for values
    get these; a reconstruction gets the channels of the input, a latent these and the side.
    """
    task = dict(task)
    name = task.get("name")
    kind = TASKS.get(name)
    if kind is not None and issubclass(kind, ScalarTask) and "mean" not in task:
        return task | _moments(task["columns"], dataset)
    if name == "reconstruction":
        return {"channels": dataset["x_channels"]} | task
    if name == "latent":
        return {"channels": dataset["x_channels"], "side": dataset["shapes"]["x"][0]} | task
    if name == "ordinal" and "values" not in task:
        values = [class_values(dataset, column) for column in task["columns"]]
        if None in values:
            column = task["columns"][values.index(None)]
            raise InputError(
                f"task.columns: the dataset does not say what the classes of {column!r} stand for; "
                f"choose a column that ends in {CLASS}"
            )
        return task | {"values": values}
    if name == "classification" and "values" not in task:
        return task | _classes(task, dataset)
    return task


def class_values(dataset: Mapping, column: str) -> list[float] | None:
    """Return what the classes of a column stand for, ascending; None where the dataset is silent.

    Examples files say it in the attribute that is named as the column, in the plural: the values
    of redshift_class are the redshifts.

    Raises
    ------
    InputError
        If the values of several files differ or do not ascend.
    """
    name = f"{column.removesuffix(CLASS)}s"
    if not column.endswith(CLASS) or name not in dataset["examples"][0]:
        return None
    values = [each[name] for each in dataset["examples"]]
    if any(each != values[0] for each in values) or np.any(np.diff(values[0]) <= 0):
        raise InputError(
            f"dataset: the {name} of its examples files are {values}; cut all with the same grid "
            "of values, ascending"
        )
    return [float(value) for value in values[0]]


def complete_model(
    model: Mapping, dataset: Mapping, task: Task, encoder: Mapping | None = None
) -> dict:
    """Return the network's settings: shape from dataset or encoder, outputs and head from the task.

    A map of the input's own resolution, or of another, sets the factor of a U-Net, the size of the
    task's latent that of the network's; outputs that are logarithms of what a stamp shows are
    anchored.

    Raises
    ------
    InputError
        If a setting is unknown to the network, or its latent has not the task's size.
    """
    model = dict(model)
    name = model.pop("name")
    side, channels = dataset["shapes"]["x"][0], dataset["shapes"]["x"][-1]
    if encoder is not None:
        latent = registry.network(encoder["model"]["name"]).latent
        channels, side = latent(side)
    follows = {"channels": channels, "outputs": task.outputs, "head": task.head}
    known = registry.settings_of(name)
    if "side" in known:
        follows["side"] = side
    if "anchors" in known and isinstance(task, ScalarTask):
        follows["anchors"] = anchors(task, dataset)
    if isinstance(task, LatentTask):
        follows["latent"] = _latent(name, model, known, task.size)
    if "factor" in known and "channels" in task.target and dataset["shapes"]["y"][0] > 0:
        follows["factor"] = side // dataset["shapes"]["y"][0]
    return {"name": name} | registry.complete(name, follows | model)


def _latent(name: str, model: Mapping, known: list[str], size: int) -> int:
    if "latent" not in known:
        raise InputError(f"model.name: {name} gives no latent; task latent takes the network vae")
    if model.get("latent", size) != size:
        raise InputError(
            f"model.latent: {model['latent']}, but task.size is {size}; leave one of them out"
        )
    return size


def _moments(columns: list[str], dataset: Mapping) -> dict:
    statistics = dataset["statistics"]["columns"]
    for column in columns:
        if column not in statistics:
            raise unknown("task.columns:", column, statistics)
    return {name: [statistics[column][name] for column in columns] for name in ("mean", "std")}


def _classes(task: Mapping, dataset: Mapping) -> dict:
    values = class_values(dataset, task["column"])
    if values is None:
        return {}
    if task.get("classes", len(values)) != len(values):
        raise InputError(
            f"task.classes: {task['classes']}, but the dataset's {task['column']} has "
            f"{len(values)} values; leave it out"
        )
    return {"classes": len(values), "values": values}
