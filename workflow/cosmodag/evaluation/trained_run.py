"""Inference with a trained run on inputs outside any dataset."""

import math
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from cosmodag.datasets.folder import read_description
from cosmodag.datasets.loader import Batch
from cosmodag.datasets.thermal_noise import ThermalNoise
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import check_latent, encode_with
from cosmodag.evaluation.symmetric_prediction import (
    averaged_over,
    predict_as_scored,
    scored_temperature,
)
from cosmodag.json_files import read_json
from cosmodag.provenance import file_hash
from cosmodag.training.prediction import (
    calibrated,
    check_dataset,
    choose_device,
    input_transform,
    load_run,
    run_loader,
)

BATCH = 256
"""Images that are in memory at a time, where they are read one after the other."""
BATCH_BYTES = 2**28
"""Bytes of the input that is in memory at a time."""


class Inputs:
    """Inputs (N, …, C) with the interface of the dataset's loader, without targets."""

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
    run_folder : path
        Folder of the run.
    dataset_folder : path, optional
        The dataset that it was trained on; by default the one under datasets/ beside the folder of
        the runs, where the workflow writes it.
    device : {"auto", "cpu", "cuda"}
    threads : int, optional
        Threads on the CPU; all by default.

    Attributes
    ----------
    description, dataset : dict
        Content of run.json and dataset.json.
    noise : ThermalNoise or None
        Noise that the inputs of training had, which `predict` does not add.

    Raises
    ------
    InputError
        If the run is not whole, or the dataset is missing or not the one that it was trained on.
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
        check_dataset(run_folder, self.description, dataset_folder)
        self.options = {"device": choose_device(device), "threads": threads}
        self.noise, statistics = None, self.dataset["statistics"]
        if noise := self.description.get("noise"):
            self.noise = ThermalNoise(self.dataset["x_channels"], "test", **noise)
            statistics = self.noise.noisy_statistics(statistics)
        transform = input_transform(self.description)
        if not callable(transform):
            transform = build_transform(transform, statistics)
        self._transform = transform

    def check(self, name: str, x_channels: Sequence[str], x_shape: Sequence[int]) -> None:
        """Refuse inputs of other channels or another shape than those of the dataset.

        Parameters
        ----------
        name : str
            Source of the inputs, for the message.
        x_channels : sequence of str
            Names of the channels.
        x_shape : sequence of int
            Shape of one input.

        Raises
        ------
        InputError
        """
        for key, value, expected in (
            ("x_channels", x_channels, self.dataset["x_channels"]),
            ("x_shape", x_shape, self.dataset["shapes"]["x"]),
        ):
            if list(value) != list(expected):
                raise InputError(
                    f"{name}: {key} {value} differs from {expected}, which the run was trained on: "
                    "cut the input alike"
                )

    def predict(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return the predictions for inputs (N, …, C), by name, one entry per input.

        Predictions are averaged over symmetries and calibrated as those that the run is scored by.
        """
        predictions = predict_as_scored(
            self.model, self.task, self._inputs(x), self.description, **self.options
        )
        predictions = calibrated(predictions, self.task, self.temperature)
        return {name: each for name, each in predictions.items() if name not in ("index", "y")}

    def probability(self, x: np.ndarray) -> np.ndarray:
        """Return the maps or cubes of one probability (N, …) for inputs (N, …, C)."""
        return self.predict(x)["probability"][:, 0]

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return the means of the latents of inputs (N, …, C), (N, L) float32.

        Raises
        ------
        InputError
            If the run has no latent.
        """
        check_latent(self.folder, self.description)
        return encode_with(self.model, self._inputs(x), self.description, **self.options)

    @cached_property
    def validation(self) -> dict[str, np.ndarray]:
        """Predictions for the validation split, as of `predict`, with the truth as `y`."""
        return calibrated(self._uncalibrated_validation, self.task, self.temperature)

    @cached_property
    def metrics(self) -> dict:
        """Content of metrics.json; empty before the run is evaluated."""
        path = self.folder / "metrics.json"
        return read_json(path, "evaluate the run") if path.is_file() else {}

    @cached_property
    def temperature(self) -> float | None:
        """Temperature of the probabilities that the run is scored by; None for a task without.

        It is fitted on the validation split where no evaluation has recorded it.
        """
        recorded = self.description.get("temperature")
        if not recorded or not averaged_over(self.task, self.description):
            return recorded
        if "temperature" in self.metrics:
            return self.metrics["temperature"]
        return scored_temperature(self.task, self.description, self._uncalibrated_validation)

    @cached_property
    def _uncalibrated_validation(self) -> dict[str, np.ndarray]:
        loader = run_loader(self.dataset_folder, "valid", self.description)
        return predict_as_scored(self.model, self.task, loader, self.description, **self.options)

    @property
    def batch_length(self) -> int:
        """Examples that are in memory at a time: 256, or fewer large ones."""
        size = 4 * math.prod(self.dataset["shapes"]["x"])
        return min(BATCH, max(BATCH_BYTES // size, 1))

    def _inputs(self, x: np.ndarray) -> Inputs:
        transformed = x if self._transform is None else self._transform(x)
        return Inputs(np.ascontiguousarray(transformed), self.description["training"]["batch_size"])


def find_dataset(run_folder: str | os.PathLike, wanted: str) -> Path:
    """Return the dataset with a given hash of dataset.json, under datasets/ beside the runs.

    Raises
    ------
    InputError
        If there is none.
    """
    place = Path(run_folder).resolve().parent.parent / "datasets"
    for path in sorted(place.glob("*/dataset.json")):
        if file_hash(path) == wanted:
            return path.parent
    raise InputError(
        f"{run_folder}: the dataset that it was trained on is not under {place}; name its folder"
    )
