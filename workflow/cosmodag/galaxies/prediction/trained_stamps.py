"""Stamps as trained runs of galaxies take them."""

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import BATCH, TrainedRun
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_stamp
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection
from cosmodag.imaging.band_channels import IMAGE, band_channels, band_indices, band_names

CUTOUT_SETTINGS = ("larger", "padding", "flux_unit")
"""Settings of `cut_stamp` that a dataset records, beside its shape and channels."""
TASKS = {"parameters": ("count", "regression"), "latent": ("latent",)}
"""Tasks of the runs that predict parameters and latents."""


@dataclass(frozen=True)
class PredictionRuns:
    """Folders of the trained runs that predict, at least one.

    Attributes
    ----------
    parameters : path-like, optional
        Run of the task count or regression.
    latent : path-like, optional
        Run of the task latent.
    clusters : path-like, optional
        Clusters in the latent space of that run.
    parameters_dataset, latent_dataset : path-like, optional
        Datasets that the runs were trained on; searched beside the runs by default, see
        `TrainedRun`.
    """

    parameters: str | os.PathLike | None = None
    latent: str | os.PathLike | None = None
    clusters: str | os.PathLike | None = None
    parameters_dataset: str | os.PathLike | None = None
    latent_dataset: str | os.PathLike | None = None


def open_runs(runs: PredictionRuns, **options: Any) -> dict[str, TrainedRun]:
    """Open runs with their datasets, and check their tasks and bands.

    Parameters
    ----------
    runs : PredictionRuns
    **options
        Device and threads of `TrainedRun`.

    Returns
    -------
    dict from {"parameters", "latent"} to TrainedRun

    Raises
    ------
    InputError
        If no run is given, a run has another task, or bands differ between runs.
    """
    folders = {
        "parameters": (runs.parameters, runs.parameters_dataset),
        "latent": (runs.latent, runs.latent_dataset),
    }
    trained = {
        name: TrainedRun(folder, dataset, **options)
        for name, (folder, dataset) in folders.items()
        if folder is not None
    }
    if not trained:
        raise InputError("no run is given: set parameters, latent, or both")
    first = next(iter(trained.values()))
    first_bands = band_names(first.dataset["x_channels"])
    for name, run in trained.items():
        _check_task(run, TASKS[name])
        bands = band_names(run.dataset["x_channels"])
        if bands != first_bands:
            raise InputError(
                f"{run.folder}: was trained on bands {', '.join(bands)}, and {first.folder} on "
                f"{', '.join(first_bands)}; choose runs with the same bands"
            )
    return trained


def _check_task(run: TrainedRun, tasks: Sequence[str]) -> None:
    """Refuse runs of other tasks or experiments."""
    task = run.description["task"]["name"]
    if task not in tasks:
        raise InputError(f"{run.folder}: its task is {task}; choose a run of {' or '.join(tasks)}")
    if run.dataset["experiment"] != "galaxies" or None in _cutout_settings(run.dataset).values():
        raise InputError(
            f"{run.dataset_folder}: does not record how its stamps were cropped or padded; choose "
            "a run on cutouts that `cosmodag galaxies cutouts` wrote"
        )


def _cutout_settings(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with which the stamps of a dataset were cropped or padded."""
    channels = dataset["x_channels"]
    settings = {name: dataset["examples"][0].get(name) for name in CUTOUT_SETTINGS}
    conditions = channels[len(band_indices(channels)) :]
    return settings | {"side": dataset["shapes"]["x"][0], "conditions": conditions}


def stamp_batches(stamps: Iterator[Stamp]) -> Iterator[list[Stamp]]:
    """Yield lists of at most as many stamps as a network takes at once."""
    while batch := list(itertools.islice(stamps, BATCH)):
        yield batch


def network_inputs(
    batch: Sequence[Stamp], stamps: StampCollection, run: TrainedRun
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return stamps as images like those of the dataset of a run, and their index.

    Parameters
    ----------
    batch : sequence of Stamp
        N stamps.
    stamps : StampCollection
        The collection that they are from.
    run : TrainedRun

    Returns
    -------
    x : numpy.ndarray, shape (N, S, S, C), float32
    index : pandas.DataFrame
        One row per stamp.

    Raises
    ------
    InputError
        If the run needs a point-spread function that is unknown, or has other channels.
    """
    settings = _cutout_settings(run.dataset)
    without_psf = [stamp.id for stamp in batch if "psf" not in stamp.metadata]
    if without_psf and "psf" in settings["conditions"]:
        raise InputError(
            f"{stamps.name}: {run.folder} needs the width of the point-spread function of "
            f"{without_psf[0]}, which is unknown; set psf (arcsec)"
        )
    examples = [cut_stamp(stamp, stamps, **settings) for stamp in batch]
    x = np.stack([example.x for example in examples])
    channels = [*band_channels(stamps.bands, IMAGE), *settings["conditions"]]
    run.check(stamps.name, channels, x.shape[1:])
    return x, pd.DataFrame([example.row for example in examples])
