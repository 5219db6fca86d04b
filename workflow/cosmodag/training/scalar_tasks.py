"""Counts, volumes and parameters: scalars with mean and spread in the training split."""

import abc
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.settings import unknown
from cosmodag.training.task import Task

_DISTRIBUTIONS = ("gaussian", "negative_binomial")


class ScalarTask(Task):
    """Scalars, scored by R² and RMSE.

    Parameters
    ----------
    columns : sequence of str
        Index columns of the targets, such as ``["count_matter"]``.
    mean, std : sequence of float
        Mean and standard deviation of each column in the training split.

    Attributes
    ----------
    outputs_per_column : int or None
        Outputs of the network per column, of which the first is the standardized mean; None where
        the mean is no linear function of an output.

    Raises
    ------
    InputError
        If a column does not vary, or the numbers of columns, means and deviations differ.
    """

    head = "scalars"
    scores: Mapping[str, bool] = {"r2": True, "rmse": False}
    outputs_per_column: int | None = None

    def __init__(self, columns: Sequence[str], mean: Sequence[float], std: Sequence[float]):
        if len(columns) != len(mean) or len(columns) != len(std):
            raise InputError(
                f"task: {len(columns)} columns, but {len(mean)} means and {len(std)} deviations"
            )
        constant = [name for name, spread in zip(columns, std) if not spread > 0]
        if constant:
            raise InputError(f"task: column {constant[0]!r} does not vary in the training split")
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
        """Return the predicted mean, (b, K), in units of the target."""

    def standardize(self, y: torch.Tensor) -> torch.Tensor:
        """Return targets relative to the training split's mean, in units of its deviation."""
        return (y - self.mean.to(y.device)) / self.std.to(y.device)

    def unstandardize(self, values: torch.Tensor) -> torch.Tensor:
        """Return standardized values in units of the target."""
        return values * self.std.to(values.device) + self.mean.to(values.device)

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the count, and sums of standardized targets, their squares and residuals."""
        # Relative to the mean, so that the variance is not a difference of large numbers.
        y = y.double()
        standardized = self.standardize(y)
        residual = (y - self.expectation(output).double()) / self.std.to(y.device)
        return {
            "n": standardized.new_tensor(len(y)),
            "y": standardized.sum(0),
            "y2": standardized.square().sum(0),
            "residual2": residual.square().sum(0),
        }

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return R² and the RMSE in units of the target, averaged over columns."""
        n = sums["n"]
        variance = sums["y2"] / n - (sums["y"] / n).square()
        error = sums["residual2"] / n
        r2 = torch.where(variance > 0, 1 - error / variance, torch.zeros_like(error))
        rmse = error.sqrt() * self.std.to(error.device)
        return {"r2": r2.mean().item(), "rmse": rmse.mean().item()}

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the targets, (b, K)."""
        return y.cpu().numpy()


class CountTask(ScalarTask):
    """Counts, volumes or parameters with a predicted distribution.

    Parameters
    ----------
    columns : sequence of str
        Index columns of the targets, such as ``["count_matter"]``.
    mean, std : sequence of float
        Mean and standard deviation of each column in the training split.
    distribution : {"gaussian", "negative_binomial"}
        ``"gaussian"``: predicts mean and variance. ``"negative_binomial"``, for counts: predicts
        mean μ and dispersion α, with variance μ + α μ².

    Raises
    ------
    InputError
        If a setting is not allowed.
    """

    def __init__(
        self,
        columns: Sequence[str],
        mean: Sequence[float],
        std: Sequence[float],
        distribution: str = "gaussian",
    ):
        super().__init__(columns, mean, std)
        if distribution not in _DISTRIBUTIONS:
            raise unknown("task.distribution", distribution, _DISTRIBUTIONS)
        if distribution == "negative_binomial" and min(mean) <= 0:
            raise InputError("task.distribution: a negative binomial needs counts above 0")
        self.distribution = distribution
        self.outputs = 2 * len(columns)
        self.outputs_per_column = 2 if distribution == "gaussian" else None

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the negative log likelihood of each example, averaged over columns, (b,)."""
        if self.distribution == "gaussian":
            centre, variance = self._parameters(output)
            # In standardized units, so that volumes of thousands weigh no more than counts.
            residual2 = (self.standardize(y) - self.standardize(centre)).square()
            variance = variance / self.std.to(y.device).square()
            terms = 0.5 * (torch.log(2 * math.pi * variance) + residual2 / variance)
        else:
            mean, dispersion = self._parameters(output)
            shape = 1 / dispersion
            terms = (
                torch.lgamma(shape)
                + torch.lgamma(y + 1)
                - torch.lgamma(y + shape)
                + shape * torch.log1p(mean / shape)
                - y * torch.log(mean / (mean + shape))
            )
        return terms.mean(1)

    def expectation(self, output: torch.Tensor) -> torch.Tensor:
        """Return the predicted mean, (b, K), in units of the target."""
        return self._parameters(output)[0]

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``mean`` and ``std``, (b, K), in units of the target.

        A negative binomial has its ``dispersion`` in addition.
        """
        mean, second = (values.cpu().numpy() for values in self._parameters(output))
        if self.distribution == "gaussian":
            return {"mean": mean, "std": np.sqrt(second)}
        return {"mean": mean, "std": np.sqrt(mean + second * mean**2), "dispersion": second}

    def _parameters(self, output: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and variance, or mean and dispersion, in units of the target, (b, K)."""
        centre, spread = output.view(len(output), -1, 2).unbind(2)
        mean, std = self.mean.to(output.device), self.std.to(output.device)
        if self.distribution == "gaussian":
            return self.unstandardize(centre), std.square() * torch.exp(spread.clamp(-12, 8))
        relative = std / mean
        return (
            mean * torch.exp((relative * centre).clamp(-12, 8)),
            relative.square() * torch.exp(spread.clamp(-12, 8)),
        )


class RegressionTask(ScalarTask):
    """Scalars by the squared error of their standardized values; parameters as in `ScalarTask`."""

    outputs_per_column = 1

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the squared error of each example, averaged over columns, (b,)."""
        return (output - self.standardize(y)).square().mean(1)

    def expectation(self, output: torch.Tensor) -> torch.Tensor:
        """Return the predicted mean, (b, K), in units of the target."""
        return self.unstandardize(output)

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``mean``, (b, K), in units of the target."""
        return {"mean": self.expectation(output).cpu().numpy()}
