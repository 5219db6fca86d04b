"""Counts, volumes and parameters: scalars with a spread in the training split."""

import abc
import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.settings import unknown
from cosmodag.training.task import Task

_DISTRIBUTIONS = ("gaussian", "negative_binomial")


class ScalarTask(Task):
    """Scalars with a mean and a spread in the training split, scored by R²."""

    head = "scalars"
    scores: ClassVar = {"r2": True, "rmse": False}

    def __init__(self, columns: list[str], mean: list[float], std: list[float]):
        if len(columns) != len(mean) or len(columns) != len(std):
            raise InputError(f"task: {len(columns)} columns, but mean or std of another number")
        flat = [name for name, spread in zip(columns, std) if not spread > 0]
        if flat:
            raise InputError(f"task: column {flat[0]!r} does not vary in the training split")
        self.target = {"columns": list(columns)}
        self.mean, self.std = torch.tensor(mean), torch.tensor(std)
        self.outputs = len(columns)

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add mean and standard deviation of the columns in the training split."""
        if "mean" in settings:
            return dict(settings)
        statistics = dataset.statistics["columns"]
        for column in settings["columns"]:
            if column not in statistics:
                raise unknown("task.columns:", column, statistics)
        return dict(settings) | {
            name: [statistics[column][name] for column in settings["columns"]]
            for name in ("mean", "std")
        }

    @abc.abstractmethod
    def expectation(self, output: torch.Tensor) -> torch.Tensor:
        """Return the predicted mean, (b, K), in the target's units."""

    def standardised(self, y):
        """Return `y` in units of the training split's spread about its mean."""
        return (y - self.mean.to(y.device)) / self.std.to(y.device)

    def original(self, standardised):
        """Return standardised values in the target's units."""
        return standardised * self.std.to(standardised.device) + self.mean.to(standardised.device)

    def sums(self, output, y):
        # About the training mean, so that the variance is no difference of large numbers.
        y = y.double()
        about = self.standardised(y)
        residual = (y - self.expectation(output).double()) / self.std.to(y.device)
        return {
            "n": about.new_tensor(len(y)),
            "y": about.sum(0),
            "y2": about.square().sum(0),
            "residual2": residual.square().sum(0),
        }

    def metrics(self, sums):
        """Return R² and the RMSE in the target's units, the means over columns for several."""
        n = sums["n"]
        variance = sums["y2"] / n - (sums["y"] / n).square()
        error = sums["residual2"] / n
        r2 = torch.where(variance > 0, 1 - error / variance, torch.zeros_like(error))
        rmse = error.sqrt() * self.std.to(error.device)
        return {"r2": r2.mean().item(), "rmse": rmse.mean().item()}

    def observed(self, y):
        return y.cpu().numpy()


class CountTask(ScalarTask):
    """Counts or volumes with a distribution: a mean and a dispersion for each.

    Parameters
    ----------
    columns
        The targets, such as ``["count_matter"]``.
    mean, std
        Mean and standard deviation of each column in the training split.
    distribution
        ``"gaussian"``: mean and variance. ``"negative_binomial"``: for counts, a mean μ and a
        dispersion α with variance μ + α μ².
    """

    def __init__(
        self,
        columns: list[str],
        mean: list[float],
        std: list[float],
        distribution: str = "gaussian",
    ):
        super().__init__(columns, mean, std)
        if distribution not in _DISTRIBUTIONS:
            raise unknown("task.distribution", distribution, _DISTRIBUTIONS)
        if distribution == "negative_binomial" and min(mean) <= 0:
            raise InputError("task.distribution: a negative binomial needs counts above 0")
        self.distribution = distribution
        self.outputs = 2 * len(columns)

    def loss(self, output, y):
        first, second = self._parameters(output)
        if self.distribution == "gaussian":
            # In standardised units, so that volumes of thousands weigh no more than counts.
            residual2 = (self.standardised(y) - self.standardised(first)).square()
            variance = second / self.std.to(y.device).square()
            terms = 0.5 * (torch.log(2 * math.pi * variance) + residual2 / variance)
        else:
            mean, shape = first, 1 / second
            terms = (
                torch.lgamma(shape)
                + torch.lgamma(y + 1)
                - torch.lgamma(y + shape)
                + shape * torch.log1p(mean / shape)
                - y * torch.log(mean / (mean + shape))
            )
        return terms.mean(1)

    def expectation(self, output):
        return self._parameters(output)[0]

    def predict(self, output):
        """Return ``mean`` and ``std``, (b, K) in the target's units, and ``dispersion`` if any."""
        first, second = (part.cpu().numpy() for part in self._parameters(output))
        if self.distribution == "gaussian":
            return {"mean": first, "std": np.sqrt(second)}
        return {"mean": first, "std": np.sqrt(first + second * first**2), "dispersion": second}

    def _parameters(self, output):
        """Return mean and variance, or mean and dispersion, in the target's units, (b, K) each."""
        centre, spread = output.view(len(output), -1, 2).unbind(2)
        mean, std = self.mean.to(output.device), self.std.to(output.device)
        if self.distribution == "gaussian":
            return self.original(centre), std.square() * torch.exp(spread.clamp(-12, 8))
        relative = std / mean
        return (
            mean * torch.exp((relative * centre).clamp(-12, 8)),
            relative.square() * torch.exp(spread.clamp(-12, 8)),
        )


class RegressionTask(ScalarTask):
    """Scalars by their squared error in units of their spread; parameters as in `CountTask`."""

    def loss(self, output, y):
        return (output - self.standardised(y)).square().mean(1)

    def expectation(self, output):
        return self.original(output)

    def predict(self, output):
        """Return ``mean``, (b, K) in the target's units."""
        return {"mean": self.expectation(output).cpu().numpy()}
