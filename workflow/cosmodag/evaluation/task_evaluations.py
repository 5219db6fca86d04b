"""The evaluation of each task, shared or refined by an experiment."""

import importlib
from collections.abc import Mapping
from typing import Any

from cosmodag import experiments
from cosmodag.errors import InputError
from cosmodag.evaluation.evaluation import Evaluation
from cosmodag.evaluation.latent_evaluation import LatentEvaluation
from cosmodag.evaluation.map_evaluation import MapEvaluation
from cosmodag.evaluation.number_evaluation import NumberEvaluation
from cosmodag.evaluation.ordered_evaluation import OrderedEvaluation
from cosmodag.evaluation.posterior_evaluation import PosteriorEvaluation
from cosmodag.evaluation.reconstruction_evaluation import ReconstructionEvaluation

SHARED: Mapping[str, type[Evaluation]] = {
    "map": MapEvaluation,
    "count": NumberEvaluation,
    "regression": NumberEvaluation,
    "classification": OrderedEvaluation,
    "ordinal": OrderedEvaluation,
    "posterior": PosteriorEvaluation,
    "reconstruction": ReconstructionEvaluation,
    "latent": LatentEvaluation,
}
"""Evaluations of tasks for which an experiment declares none of its own."""


def make_evaluation(experiment: str, task: Mapping[str, Any], **options: Any) -> Evaluation:
    """Return the evaluation of a task of an experiment.

    Parameters
    ----------
    experiment : str
        Name of the experiment, as in dataset.json.
    task : mapping
        A completed task.
    **options
        `truth`, `transform` and `sources` of `Evaluation`.

    Raises
    ------
    InputError
        If the task has no evaluation.
    """
    name = task["name"]
    if experiment in experiments.names():
        declared = experiments.find(experiment).tasks.get(name)
        if declared is not None and declared.evaluation:
            module, _, attribute = declared.evaluation.partition(":")
            return getattr(importlib.import_module(module), attribute)(task, **options)
    if name not in SHARED:
        raise InputError(
            f"task {name!r} of experiment {experiment!r} has no evaluation; choose from "
            f"{', '.join(SHARED)}"
        )
    return SHARED[name](task, **options)
