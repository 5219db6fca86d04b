"""What a run is scored on: the splits of a dataset with the truth of its task."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from cosmodag.datasets.folder import read_description, read_split
from cosmodag.datasets.splits import SPLITS
from cosmodag.datasets.thermal_noise import ThermalNoise
from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Evaluation


def read_examples(
    dataset_folder: str | os.PathLike,
    evaluation: Evaluation,
    *,
    noise: Mapping[str, Any] | None = None,
) -> dict[str, Examples]:
    """Read the splits with the truth of a task, with the noise that the runs see.

    Parameters
    ----------
    dataset_folder : path
        Folder of a dataset.
    evaluation : Evaluation
        Evaluation of the task.
    noise : mapping, optional
        Settings of `cosmodag.datasets.thermal_noise.ThermalNoise`.

    Returns
    -------
    dict from {"train", "valid", "test"} to Examples

    Raises
    ------
    InputError
        If a split is empty, or as `Evaluation.with_truth`.
    """
    dataset = read_description(dataset_folder)
    splits = {}
    for split in SPLITS:
        x, y, index = read_split(dataset_folder, split)
        if not len(x):
            raise InputError(f"{dataset_folder}: the {split} split is empty; it needs examples")
        if noise is not None:
            model = ThermalNoise(dataset["x_channels"], split, **noise)
            x = model.add(x, 0, np.arange(len(x)))
        flux_unit = dataset["examples"][0].get("flux_unit")
        examples = Examples(x, y, index, tuple(dataset["x_channels"]), None, flux_unit)
        try:
            splits[split] = evaluation.with_truth(examples, dataset)
        except InputError as error:
            raise InputError(f"{dataset_folder}, {split} split: {error}") from None
    return splits
