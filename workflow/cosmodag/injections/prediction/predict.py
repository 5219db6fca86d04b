"""Inference on stamps outside the dataset of a run, such as those of a real image."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.datasets.examples import open_examples
from cosmodag.evaluation.trained_run import BATCH, TrainedRun
from cosmodag.files import whole_file
from cosmodag.injections.verdict.rank_tests import Sample, auc_draws, mann_whitney
from cosmodag.injections.verdict.two_sample import format_p_value
from cosmodag.json_files import write_json

logger = logging.getLogger(__name__)


def predict_stamps(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    examples_files: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict the probability that each object was injected and write a table.

    Parameters
    ----------
    run_folder : path
        Folder of the trained run.
    dataset_folder : path
        Folder of the dataset on which it was trained, whose statistics scale the input.
    examples_files : sequence of path
        Examples files of stamps, cut like those of the dataset.
    output : path
        CSV file to write. Beside it a file of the same name, ``.json``, records what it was made
        from.
    device : {"auto", "cpu", "cuda"}
        Device of the network.
    threads : int, optional
        Number of threads; all by default.

    Returns
    -------
    pandas.DataFrame
        Index of the stamps with the column `probability`.

    Raises
    ------
    InputError
        If the stamps differ from those of the dataset in shape or channels.
    """
    run = TrainedRun(run_folder, dataset_folder, device=device, threads=threads)
    with open_examples(examples_files) as examples:
        first = examples.files[0]
        channels: Any = first.common("x_channels")
        shape: Any = first.common("x_shape")
        run.check(first.name, channels, shape)
        probabilities = []
        for begin in range(0, len(examples.index), BATCH):
            x, _ = examples.read(np.arange(begin, min(begin + BATCH, len(examples.index))))
            probabilities.append(run.predict(x)["probability"][:, 1])
        probability = np.concatenate(probabilities)
        table = examples.index.drop(columns="source").assign(probability=probability)
    with whole_file(output) as partial:
        table.to_csv(partial, index=False)
    write_json(
        Path(output).with_suffix(".json"),
        {"experiment": "injections", "run": run.folder.name, "n": len(table)},
        inputs=[run.folder / "run.json", *examples_files],
        files=[output],
    )
    logger.info("%s", summary(table))
    return table


def summary(table: pd.DataFrame) -> str:
    """Return class counts, AUC and p-value of a table of predictions in one sentence.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, probability and group.

    Returns
    -------
    str
    """
    label = table["label"].to_numpy()
    counts = f"{(label == 0).sum()} real and {(label == 1).sum()} injected objects"
    sample = Sample(table["probability"].to_numpy(), label, table["group"].to_numpy())
    p_value = mann_whitney(sample)
    if p_value is None:
        return f"{counts}: no group contains both classes, so they cannot be compared"
    auc = auc_draws(sample, replicas=1).values["auc"]
    return f"{counts}: AUC {auc:.3f}, {format_p_value(p_value)}"
