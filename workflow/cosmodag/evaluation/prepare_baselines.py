"""Baselines of one dataset and target, fitted once for all runs that are scored on it."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from cosmodag.datasets.dataset import Dataset
from cosmodag.evaluation.baselines.fitting import write_baselines
from cosmodag.evaluation.targets import NOISE_DRAWS, read_examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.training.completion import complete_task


def prepare_baselines(
    dataset_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    task: Mapping[str, Any],
    truth: str | None = None,
    noise: Mapping[str, Any] | None = None,
    transform: str | None = None,
    sources: Mapping[str, Sequence[str | os.PathLike]] | None = None,
    noise_draws: int = NOISE_DRAWS,
    seed: int = 0,
    **options: Any,
) -> None:
    """Fit the baselines of a dataset and target and write them for `evaluate` to read.

    Parameters
    ----------
    dataset_folder : path
        Folder of the dataset.
    output : path
        File of the baselines' predictions.
    task, truth, noise, transform
        Those of the runs, see `cosmodag.evaluation.evaluate.evaluate`.
    sources : mapping from str to sequence of path, optional
        Files that the examples were cut out of, by kind, see `cosmodag.evaluation.evaluation`.
    noise_draws : int
        Draws of the noise of the training split that baselines are fitted to.
    seed : int
        Seed of the noise, of subsamples and of trees.
    **options
        `threads` and `settings` of `cosmodag.evaluation.baselines.fitting.fit_each`.
    """
    dataset = Dataset.open(dataset_folder)
    task = complete_task(task, dataset)
    evaluation = make_evaluation(
        dataset.description["experiment"],
        task,
        truth=truth,
        transform=transform,
        sources=sources,
    )
    examples = read_examples(
        dataset_folder, evaluation, noise=noise, noise_draws=noise_draws, seed=seed
    )
    fitted = evaluation.fit(examples, seed=seed, **options)
    inputs = [file for files in (sources or {}).values() for file in files]
    write_baselines(output, fitted, inputs=[dataset.folder / "dataset.json", *inputs])
