"""Settings of task and network that follow from the dataset."""

from collections.abc import Mapping

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.models import registry
from cosmodag.training.anchors import anchors
from cosmodag.training.latent_task import LatentTask
from cosmodag.training.scalar_tasks import ScalarTask
from cosmodag.training.task import Task
from cosmodag.training.tasks import TASKS


def complete_task(task: Mapping, dataset: Dataset) -> dict:
    """Return the settings of a task with those that follow from the dataset.

    Parameters
    ----------
    task : mapping
        ``{"name": name, **settings}``.
    dataset : Dataset
        Dataset of the run.

    Returns
    -------
    dict
        Keyword arguments of `cosmodag.training.tasks.make_task`.

    Raises
    ------
    InputError
        If the settings do not fit the dataset.
    """
    kind = TASKS.get(task.get("name", ""))
    return dict(task) if kind is None else kind.complete(task, dataset)


def complete_model(
    model: Mapping, dataset: Dataset, task: Task, encoder: Mapping | None = None
) -> dict:
    """Return the settings of a network with those that follow from dataset, task and encoder.

    The input's shape sets channels and side, or the shape of the encoder's latent does. The task
    sets outputs, head and the size of the latent. The resolution of target maps sets the factor of
    a U-Net. Outputs that are logarithms of flux or radius get anchors.

    Parameters
    ----------
    model : mapping
        ``{"name": family, **settings}``.
    dataset : Dataset
        Dataset of the run.
    task : Task
        Task of the run.
    encoder : mapping, optional
        Description of the frozen encoder that precedes the network.

    Returns
    -------
    dict
        Keyword arguments of `cosmodag.models.registry.build`.

    Raises
    ------
    InputError
        If a setting is unknown to the network, or its latent differs in size from the task's.
    """
    settings = dict(model)
    name = settings.pop("name")
    side, channels = dataset.x_shape[0], dataset.x_shape[-1]
    if encoder is not None:
        channels, side = registry.family(encoder["model"]["name"]).latent_shape(side)
    inferred = {"channels": channels, "outputs": task.outputs, "head": task.head}
    known = registry.settings_of(name)
    if "side" in known:
        inferred["side"] = side
    if "anchors" in known and isinstance(task, ScalarTask):
        inferred["anchors"] = anchors(task, dataset)
    if isinstance(task, LatentTask):
        inferred["latent_dim"] = _latent_dim(name, settings, known, task.latent_dim)
    if "factor" in known and "channels" in task.target and dataset.y_shape[0] > 0:
        inferred["factor"] = side // dataset.y_shape[0]
    return {"name": name} | registry.complete(name, inferred | settings)


def _latent_dim(name: str, settings: Mapping, known: list[str], latent_dim: int) -> int:
    """Return the latent dimensions of the task, or raise an InputError where they do not fit."""
    if "latent_dim" not in known:
        raise InputError(f"model.name: {name} gives no latent; task latent takes the network vae")
    if settings.get("latent_dim", latent_dim) != latent_dim:
        raise InputError(
            f"model.latent_dim: {settings['latent_dim']}, but task.latent_dim is {latent_dim}; "
            "leave one of them out"
        )
    return latent_dim
