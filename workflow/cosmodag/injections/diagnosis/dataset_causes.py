"""Causes of a difference between the classes of a dataset, from the dataset alone."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.splits import SPLITS
from cosmodag.evaluation.bootstrap import REPLICAS
from cosmodag.injections.diagnosis.causes import find_causes
from cosmodag.injections.diagnosis.quantities import measure, sample_rows


def diagnose(
    dataset_folder: str | os.PathLike,
    *,
    column: str = "label",
    replicas: int = REPLICAS,
    seed: int = 0,
) -> dict[str, Any]:
    """Find the causes of a difference between the classes of a dataset of stamps.

    A bounded sample of all splits is measured, one batch in memory at a time. No network is used
    and nothing is tuned, so the test split is part of the sample.

    Parameters
    ----------
    dataset_folder : path
        Folder of the dataset.
    column : str
        Column of the index with the class, 1 for injected objects.
    replicas, seed : int
        Bootstrap replicas over groups, and the seed of all draws.

    Returns
    -------
    dict
        As `cosmodag.injections.diagnosis.causes.find_causes`.

    Raises
    ------
    InputError
        If a file of the dataset is missing or was altered.

    Examples
    --------
    >>> diagnose("dataset")["causes"]  # doctest: +SKIP
    ['position']
    """
    dataset = Dataset.open(Path(dataset_folder))
    maps = [dataset.maps(split) for split in SPLITS]
    indexes = [dataset.index(split) for split in SPLITS]
    starts = np.cumsum([0, *map(len, indexes)])
    index = pd.concat(indexes, ignore_index=True)
    label, groups = index[column].to_numpy(np.int64), index["group"].to_numpy()

    def read(rows: np.ndarray) -> np.ndarray:
        split = np.searchsorted(starts, rows, side="right") - 1
        parts = [maps[each].x(rows[split == each] - starts[each]) for each in np.unique(split)]
        return np.concatenate(parts)

    rows = sample_rows(label, groups, seed=seed)
    bands = [name.removesuffix("_image") for name in dataset.x_channels[::2]]
    table = measure(read, index, rows, bands)
    return find_causes(table, label[rows], groups[rows], replicas=replicas, seed=seed)
