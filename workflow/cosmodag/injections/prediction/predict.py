"""A trained classifier applied to stamps of no dataset, such as those of a real image."""

import logging
import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.datasets.examples import open_examples
from cosmodag.evaluation.trained_run import BATCH, TrainedRun
from cosmodag.files import whole_file
from cosmodag.injections.verdict.two_sample import Sample, auc_draws, mann_whitney, p_text

logger = logging.getLogger(__name__)


def apply_run(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    examples_files: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict the class of stamps and write a table.

    Parameters
    ----------
    run_folder
        The trained run.
    dataset_folder
        The dataset that it was trained on, whose statistics scale the input.
    examples_files
        Stamps, cut as those of the dataset were.
    output
        CSV file to write.
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Returns
    -------
    pandas.DataFrame
        The stamps' index and `probability`, that of having been injected.

    Raises
    ------
    InputError
        If the stamps have another shape or other channels than those of the dataset.
    """
    run = TrainedRun(run_folder, dataset_folder, device=device, threads=threads)
    with open_examples(examples_files) as examples:
        first = examples.files[0]
        run.check(first.name, *(first.common(name) for name in ("x_channels", "x_shape")))
        found = []
        for begin in range(0, len(examples.index), BATCH):
            x, _ = examples.read(np.arange(begin, min(begin + BATCH, len(examples.index))))
            found.append(run.predict(x)["probability"][:, 1])
        table = examples.index.drop(columns="source").assign(probability=np.concatenate(found))
    with whole_file(output) as partial:
        table.to_csv(partial, index=False)
    logger.info("%s", said(table))
    return table


def said(table: pd.DataFrame) -> str:
    """Say what came of it in a sentence."""
    label = table["label"].to_numpy()
    counts = f"{(label == 0).sum()} real and {(label == 1).sum()} injected objects"
    sample = Sample(table["probability"].to_numpy(), label, table["group"].to_numpy())
    p_value = mann_whitney(sample)
    if p_value is None:
        return f"{counts}: one class alone cannot be compared"
    auc = auc_draws(sample, replicas=1).values["auc"]
    return f"{counts}: AUC {auc:.3f}, {p_text(p_value)}"
