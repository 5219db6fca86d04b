"""What a run is scored on: the splits of a dataset with the truth of its task."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.datasets.folder import read_description, read_split
from cosmodag.datasets.splits import SPLITS
from cosmodag.datasets.thermal_noise import ThermalNoise, redshifts
from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Evaluation

log = logging.getLogger(__name__)

NOISE_DRAWS = 4
"""Draws of the noise of the training split that baselines are fitted to by default."""
MAX_BYTES = 2 * 2**30
"""Memory of all draws together; larger training splits have fewer draws."""


def read_examples(
    dataset_folder: str | os.PathLike,
    evaluation: Evaluation,
    *,
    noise: Mapping[str, Any] | None = None,
    noise_draws: int = 1,
    seed: int = 0,
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
    noise_draws : int
        How often the training split is repeated, each time with new noise: that of the first
        epochs of a run with the same seed. Validation and test split have their one draw.
    seed : int
        Seed of the noise of the training split.

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
            model = ThermalNoise(dataset["x_channels"], split, seed=seed, **noise)
            draws = _affordable(noise_draws, x.nbytes) if split == "train" else 1
            x, y, index = _noisy(model, draws, x, y, index)
        flux_unit = dataset["examples"][0].get("flux_unit")
        examples = Examples(x, y, index, tuple(dataset["x_channels"]), None, flux_unit)
        try:
            splits[split] = evaluation.with_truth(examples, dataset)
        except InputError as error:
            raise InputError(f"{dataset_folder}, {split} split: {error}") from None
    return splits


def _noisy(
    noise: ThermalNoise, draws: int, x: np.ndarray, y: np.ndarray, index: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return inputs, targets and index of a split, repeated with each draw of the noise."""
    noisy = np.empty((draws, *x.shape), x.dtype)
    noisy[:] = x
    rows = np.arange(len(x))
    for draw, part in enumerate(noisy):
        noise.add(part, draw, rows, redshifts(index, rows))
    repeated = pd.concat([index] * draws, ignore_index=True)
    return noisy.reshape(-1, *x.shape[1:]), np.concatenate([y] * draws), repeated


def _affordable(draws: int, n_bytes: int) -> int:
    """Return the number of draws of a split of a size that fit into `MAX_BYTES`, at least 1."""
    fitting = max(1, min(draws, int(MAX_BYTES // n_bytes)))
    if fitting < draws:
        log.warning(
            "baselines are fitted to %d instead of %d draws of the noise, for lack of memory: one "
            "draw of the training split has %.1f GB",
            fitting,
            draws,
            n_bytes / 1e9,
        )
    return fitting
