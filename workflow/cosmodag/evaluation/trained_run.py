"""A trained run put to use on inputs of no dataset, in the way in which it is scored."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from cosmodag.datasets.folder import read_description
from cosmodag.datasets.loader import Batch
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import check_latent, encode_with
from cosmodag.evaluation.symmetric_prediction import predict_as_scored
from cosmodag.provenance import file_hash
from cosmodag.training.prediction import (
    calibrated,
    choose_device,
    input_transform,
    load_run,
    run_loader,
)

AT_ONCE = 256
"""Images that are in memory at a time, if they are given one after the other."""


class Inputs:
    """Inputs (N, …, C) by the interface of the dataset's loader, without targets."""

    def __init__(self, x: np.ndarray, batch_size: int):
        self.x, self.batch_size = x, batch_size

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches, in order."""
        for start in range(0, len(self.x), self.batch_size):
            x = torch.from_numpy(self.x[start : start + self.batch_size]).movedim(-1, 1)
            yield Batch(x, torch.zeros(len(x), 1), np.arange(start, start + len(x)))


class TrainedRun:
    """A trained run and the dataset that it was trained on.

    Parameters
    ----------
    run_folder
        Folder of the run.
    dataset_folder
        The dataset that it was trained on; by default looked for where the workflow keeps it,
        under datasets/ beside the folder of the runs.
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Attributes
    ----------
    description, dataset : dict
        What run.json and dataset.json hold.

    Raises
    ------
    InputError
        The run is not whole, or the dataset is missing or not the one that it was trained on.
    """

    def __init__(
        self,
        run_folder: str | os.PathLike,
        dataset_folder: str | os.PathLike | None = None,
        *,
        device: str = "auto",
        threads: int | None = None,
    ):
        self.folder = Path(run_folder)
        self.model, self.task, self.description = load_run(run_folder)
        if dataset_folder is None:
            dataset_folder = find_dataset(run_folder, self.description["dataset"])
        self.dataset_folder, self.dataset = dataset_folder, read_description(dataset_folder)
        if file_hash(Path(dataset_folder) / "dataset.json") != self.description["dataset"]:
            raise InputError(
                f"{dataset_folder}: not the dataset that {run_folder} was trained on; give that one"
            )
        self.options = {"device": choose_device(device), "threads": threads}
        transform = input_transform(self.description)
        if not callable(transform):
            transform = build_transform(transform, self.dataset["statistics"])
        self._transform = transform

    def check(self, name: str, x_channels: Sequence[str], x_shape: Sequence[int]) -> None:
        """Refuse inputs of other channels or another shape than those of the dataset.

        Parameters
        ----------
        name
            Where they come from.
        x_channels, x_shape
            Names of the channels, and the shape of one input.
        """
        for what, found, mine in (
            ("x_channels", x_channels, self.dataset["x_channels"]),
            ("x_shape", x_shape, self.dataset["shapes"]["x"]),
        ):
            if list(found) != list(mine):
                raise InputError(
                    f"{name}: {what} {found} differs from {mine}, which the run was trained on: "
                    "cut the stamps alike"
                )

    def predict(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the run says of inputs (N, …, C), by name, an entry for each.

        On average over symmetries where it is scored so, probabilities by the temperature of the
        run where it has one.
        """
        found = predict_as_scored(
            self.model, self.task, self._inputs(x), self.description, **self.options
        )
        found = calibrated(found, self.task, self.description)
        return {name: each for name, each in found.items() if name not in ("index", "y")}

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the mean of the latent of inputs (N, …, C), (N, L) float32.

        Raises
        ------
        InputError
            The run has no latent.
        """
        check_latent(self.folder, self.description)
        return encode_with(self.model, self._inputs(x), self.description, **self.options)

    @cached_property
    def validation(self) -> dict[str, np.ndarray]:
        """What the run says of the validation split of its dataset, and `y`, what is true."""
        loader = run_loader(self.dataset_folder, "valid", self.description)
        return predict_as_scored(self.model, self.task, loader, self.description, **self.options)

    def _inputs(self, x: np.ndarray) -> Inputs:
        told = x if self._transform is None else self._transform(x)
        return Inputs(np.ascontiguousarray(told), self.description["training"]["batch_size"])


def find_dataset(run_folder: str | os.PathLike, wanted: str) -> Path:
    """Return the dataset whose dataset.json has a hash, from beside the folder of a run's runs.

    Raises
    ------
    InputError
        There is none.
    """
    place = Path(run_folder).resolve().parent.parent / "datasets"
    for path in sorted(place.glob("*/dataset.json")):
        if file_hash(path) == wanted:
            return path.parent
    raise InputError(
        f"{run_folder}: the dataset that it was trained on is not under {place}; name its folder"
    )
