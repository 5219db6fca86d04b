"""The schema describes each task and network by the settings, defaults and scores that it has."""

import dataclasses
import inspect

import pytest

from cosmodag import experiments, settings
from cosmodag.models import registry
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.tasks import TASKS

FROM_DATASET = {
    "mean",
    "std",
    "side",
    "channels",
    "outputs",
    "head",
    "latent_dim",
    "anchors",
    "values",
    "classes",
    "factor",
    "known",
}
"""Settings that may follow from the dataset or the task, and then have no default in the schema."""


def described(kind: str) -> dict[str, dict]:
    """Return the keys of each alternative of a part of a run, by its name."""
    settings_of = {}
    for alternative in settings.section(f"$defs/{kind}")["oneOf"]:
        keys = dict(settings.keys(alternative["$ref"].removeprefix("#/")))
        settings_of[keys.pop("name")["const"]] = keys
    return settings_of


TASK_KEYS, NETWORK_KEYS = described("task"), described("model")


def test_the_schema_knows_every_task_and_every_network():
    assert TASK_KEYS.keys() == TASKS.keys()
    assert NETWORK_KEYS.keys() == set(registry.families())
    for name in experiments.names():
        assert experiments.find(name).tasks.keys() <= TASKS.keys()


def compare(keys: dict, parameters: dict) -> None:
    assert keys.keys() <= parameters.keys()
    assert parameters.keys() - keys.keys() <= FROM_DATASET
    for key, part in keys.items():
        default = parameters[key].default
        if "default" in part:
            assert part["default"] == (list(default) if isinstance(default, tuple) else default), (
                key
            )
        else:
            free = default is None or default is inspect.Parameter.empty
            assert free or key in FROM_DATASET, f"{key} has the default {default!r}"


@pytest.mark.parametrize("name", TASKS)
def test_the_settings_of_a_task_are_those_of_its_class(name):
    compare(TASK_KEYS[name], inspect.signature(TASKS[name]).parameters)


@pytest.mark.parametrize("name", registry.families())
def test_the_settings_of_a_network_are_those_of_its_class(name):
    compare(NETWORK_KEYS[name], inspect.signature(registry.family(name)).parameters)


def test_the_settings_of_training_are_those_of_the_loop():
    schema = {key: part.get("default") for key, part in settings.keys("$defs/run/training")}
    loop = {field.name: field.default for field in dataclasses.fields(TrainingSettings)}
    del loop["seed"]  # the run's own
    assert schema == loop


@pytest.mark.parametrize("name", TASKS)
def test_the_scores_of_a_task_are_those_of_its_class(name):
    scores = settings.section(f"$defs/{name}_task")["x-scores"]
    if name == "classification":  # the area under the curve needs two classes
        assert set(scores) == set(TASKS[name]("label", 2).scores)
        assert set(scores) - {"auc"} == set(TASKS[name]("label", 3).scores)
    else:
        assert set(scores) == set(TASKS[name].scores)


@pytest.mark.parametrize("experiment", experiments.names())
def test_an_experiment_offers_the_tasks_that_it_declares(experiment):
    choices = settings.section(f"{experiment}/runs/*/task")["oneOf"]
    names = {each["$ref"].rpartition("/")[2].removesuffix("_task") for each in choices}
    assert names == experiments.find(experiment).tasks.keys()


@pytest.mark.parametrize("kind", [*TASK_KEYS, *NETWORK_KEYS])
def test_every_setting_is_described(kind):
    for key, part in (TASK_KEYS | NETWORK_KEYS)[kind].items():
        assert part.get("description"), f"{kind}: {key}"
