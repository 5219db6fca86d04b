"""Interface of a task: its loss, its scores and the meaning of the network's output."""

import abc
from collections.abc import Mapping

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset


class Task(abc.ABC):
    """What a network is trained to predict; subclasses set the attributes.

    Attributes
    ----------
    head : str
        Form of the network's output: ``"map"``, ``"cube"`` or ``"scalars"``; or, for rows of an
        image and its latent, ``"gaussian"`` or ``"published"``.
    calibrates : bool
        Whether logits are divided by a temperature that is fitted on the validation split.
    averaged : bool
        Whether predictions are averaged over the symmetries by which the run was augmented.
    outputs : int
        Channels of the map, or number of scalars, of the network's output.
    target : dict
        Target that the loader returns as y: ``{"channels": [...]}``, ``{"columns": [...]}`` or
        ``{"input": [...]}``.
    scores : mapping of str to bool
        Names of the metrics, and whether a higher value is better.
    """

    head: str
    calibrates: bool = False
    averaged: bool = True
    outputs: int
    target: dict[str, list[str]]
    scores: Mapping[str, bool]

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Return the settings of a task with those that follow from the dataset.

        Parameters
        ----------
        settings : mapping
            ``{"name": name, **settings}``.
        dataset : Dataset
            Dataset of the run.

        Raises
        ------
        InputError
            If the settings do not fit the dataset.
        """
        return dict(settings)

    @abc.abstractmethod
    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the loss of each example.

        Parameters
        ----------
        output : torch.Tensor, shape (b, …), float32
            Output of the network.
        y : torch.Tensor, shape (b, …), float32
            Target, as the loader returns it.

        Returns
        -------
        torch.Tensor, shape (b,), float32
            Losses.
        """

    @abc.abstractmethod
    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return sums over the batch's examples from which `metrics` follow, in float64."""

    @abc.abstractmethod
    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the scores of a split from sums over its examples."""

    @abc.abstractmethod
    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return the predictions that the output stands for, arrays with an entry per example."""

    def fit_temperature(self, logit: np.ndarray, y: np.ndarray) -> float:
        """Return the temperature of the least loss, for tasks that are calibrated.

        Parameters
        ----------
        logit, y : numpy.ndarray
            Logits and truth of the validation split, as `predict` and `observed` return them.
        """
        raise NotImplementedError

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Return the probability of logits, for tasks that are calibrated."""
        raise NotImplementedError

    @abc.abstractmethod
    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the loader's target as it is scored: thresholded, in its original units."""
