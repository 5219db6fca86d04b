"""Normalization by running statistics, in training as in evaluation."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

MEMORY = 100
"""Batches over which the running statistics are averaged."""

Statistics = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


class RunningNorm(nn.Module):
    """Normalization of features (b, features) by their running mean and standard deviation.

    Batch normalization (Ioffe & Szegedy 2015, arXiv:1502.03167) uses the statistics of each batch.
    The mean of 32 examples has an error of 18 % of the standard deviation. Classification tolerates
    such noise; a flux to be predicted to a percent does not. So the statistics are averaged over
    100 batches, in training as in evaluation, which is where batch renormalization ends as well
    (Ioffe 2017, arXiv:1702.03275).

    Parameters
    ----------
    features : int
        Number of features.
    """

    running_mean: torch.Tensor
    running_var: torch.Tensor
    batches: torch.Tensor

    def __init__(self, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.register_buffer("batches", torch.zeros(()))
        # Replaced where several ranks share a batch.
        self.statistics: Statistics = batch_statistics

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normalized features, (b, features)."""
        if self.training:
            self._update(x)
        return functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)

    @torch.no_grad()
    def _update(self, x: torch.Tensor) -> None:
        """Move the running statistics towards those of a batch."""
        mean, variance = self.statistics(x)
        self.batches += 1
        fraction = 1 / self.batches.clamp(max=MEMORY)
        self.running_mean.lerp_(mean, fraction)
        self.running_var.lerp_(variance, fraction)


def batch_statistics(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and variance of each feature of a batch, in float32.

    Parameters
    ----------
    x : torch.Tensor, shape (b, features)
        The batch.

    Returns
    -------
    mean, variance : torch.Tensor, shape (features,), float32
        Statistics over the batch.
    """
    variance, mean = torch.var_mean(x.float(), 0, correction=0)
    return mean, variance
