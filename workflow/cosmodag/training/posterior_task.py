"""Posteriors of parameters by neural posterior estimation.

The network describes a density of the parameters for each example and is trained by the density at
the true parameters (NPE; Papamakarios & Murray 2016, arXiv:1605.06376), so its density tends to the
posterior under the prior of the training set.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.settings import unknown
from cosmodag.training.gaussian_mixture import GaussianMixture, outputs_per_component
from cosmodag.training.parameter_space import ParameterSpace
from cosmodag.training.scalar_tasks import ScalarTask


class PosteriorTask(ScalarTask):
    """The joint posterior of parameters, as a mixture of Gaussians.

    Parameters
    ----------
    columns : sequence of str
        Index columns of the parameters, such as ``["omega_m", "sigma8"]``.
    mean, std : sequence of float
        Mean and standard deviation of each column in the training split.
    ranges : mapping from str to (float, float), optional
        Ends of the uniform prior of a column. The prior of a column without is taken as normal.
    components : int
        Gaussians of the mixture.

    Raises
    ------
    InputError
        If a range belongs to no column or does not contain the mean of its column.
    """

    averaged = False  # The mean of the descriptions of several posteriors describes none.
    scores: Mapping[str, bool] = {"information_gain": True, "r2": True, "rmse": False}

    def __init__(
        self,
        columns: Sequence[str],
        mean: Sequence[float],
        std: Sequence[float],
        ranges: Mapping[str, Sequence[float]] | None = None,
        components: int = 3,
    ):
        super().__init__(columns, mean, std)
        ranges = ranges or {}
        for name, (low, high) in ranges.items():
            if name not in columns:
                raise unknown("task.ranges:", name, columns)
            centre = mean[list(columns).index(name)]
            if not low < centre < high:
                raise InputError(
                    f"task.ranges.{name}: [{low}, {high}] does not contain the mean {centre:g} of "
                    "the training set; give the range that the parameter was drawn from"
                )
        self.space = ParameterSpace(mean, std, [ranges.get(name) for name in columns])
        self.outputs = components * outputs_per_component(len(columns))

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add mean and standard deviation of the columns; refuse values outside their ranges."""
        completed = super().complete(settings, dataset)
        statistics = dataset.statistics["columns"]
        for name, (low, high) in (settings.get("ranges") or {}).items():
            if name in statistics:
                least, most = statistics[name]["min"], statistics[name]["max"]
                if least < low or most > high:
                    raise InputError(
                        f"task.ranges.{name}: [{low}, {high}], but the training set has values "
                        f"from {least:g} to {most:g}; give the range that they were drawn from"
                    )
        return completed

    def mixture(self, output: torch.Tensor) -> GaussianMixture:
        """Return the posteriors of the variables of `space`."""
        return GaussianMixture.from_output(output, len(self.target["columns"]))

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return prior over posterior density at the truth, as natural logarithm, (b,)."""
        z = self.space.to_variables(y)
        return -information_gain(self.mixture(output), z[:, None])[:, 0]

    def expectation(self, output: torch.Tensor) -> torch.Tensor:
        """Return the mean of the posterior, (b, K), in units of the target."""
        return posterior_mean(self.mixture(output), self.space)

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the sums of `ScalarTask`, and the sum of the information gains."""
        return {**super().sums(output, y), "gain": -self.loss(output, y).double().sum()}

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return information gain in nats, and R² and RMSE of the means of the posteriors."""
        return {"information_gain": (sums["gain"] / sums["n"]).item(), **super().metrics(sums)}

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``mixture``, the description of each posterior, and its ``mean``, (b, K)."""
        return {"mixture": output.cpu().numpy(), "mean": self.expectation(output).cpu().numpy()}


def information_gain(mixture: GaussianMixture, z: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of posterior over prior density.

    Parameters
    ----------
    mixture : GaussianMixture
        Posteriors of b examples.
    z : torch.Tensor, shape (b, S, K)
        S points for each example, in variables of `ParameterSpace`.

    Returns
    -------
    torch.Tensor, shape (b, S)
        In nats; its mean at the true parameters is the information that the posteriors contain
        beyond the prior.
    """
    prior = -(z.square() + math.log(2 * math.pi)).sum(2) / 2
    return mixture.log_density(z) - prior


def posterior_mean(mixture: GaussianMixture, space: ParameterSpace) -> torch.Tensor:
    """Return the means of posteriors in units of the parameters, (b, K)."""
    variance = torch.diagonal(mixture.covariance(), dim1=2, dim2=3)
    means = space.expectation(mixture.mean, variance)
    return (mixture.log_weight.exp()[..., None] * means).sum(1)
