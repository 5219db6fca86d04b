"""What a network is trained to do: its loss, its scores and what its output means."""

import abc
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset


class Task(abc.ABC):
    """A task; subclasses set its attributes.

    Attributes
    ----------
    head : str
        Form of the network's output: ``"map"``, ``"cube"`` or ``"scalars"``; or, of rows that
        hold an image and its latent, ``"gaussian"`` or ``"printed"``.
    calibrates : bool
        Whether a temperature, fitted on the validation split, divides the logits.
    averaged : bool
        Whether predictions are averaged over the symmetries that a run was augmented by.
    outputs : int
        Channels of the map or number of scalars that the network gives.
    target : dict
        What the loader gives as y: ``{"channels": [...]}``, ``{"columns": [...]}`` or ``{"input":
        [...]}``.
    scores : dict of str to bool
        The names of the metrics, and whether more is better.
    """

    head: str
    calibrates: bool = False
    averaged: bool = True
    outputs: int
    target: dict
    scores: ClassVar[dict[str, bool]]

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Return the settings of a task with those that follow from the dataset."""
        return dict(settings)

    @abc.abstractmethod
    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the loss of each example, (b,), from output and target in float32."""

    @abc.abstractmethod
    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return sums over the batch's examples from which `metrics` follow, in float64."""

    @abc.abstractmethod
    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the scores that follow from sums over a whole split."""

    @abc.abstractmethod
    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return what the network's output means, arrays with an entry for each example."""

    def fit_temperature(self, logit: np.ndarray, y: np.ndarray) -> float:
        """Return the temperature of the least loss, for tasks that are calibrated.

        Parameters
        ----------
        logit, y
            As `predict` and `observed` give them, of the validation split.
        """
        raise NotImplementedError

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Return the probability that logits stand for, for tasks that are calibrated."""
        raise NotImplementedError

    @abc.abstractmethod
    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the loader's target as it is scored: thresholded, in its own units."""
