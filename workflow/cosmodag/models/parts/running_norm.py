"""Normalisation by what was seen so far, not by the batch at hand."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

MEMORY = 100
"""Batches over which statistics are followed."""


class RunningNorm(nn.Module):
    """Features (b, features) less their running mean, in units of their running spread.

    Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) goes by what a batch tells: 32
    examples tell a mean to 18 % of the spread. A class bears such noise; a flux that is asked to a
    percent drowns in it. So statistics are followed over 100 batches, in training as in use, where
    batch renormalisation ends as well (Ioffe 2017, arXiv:1702.03275).

    Parameters
    ----------
    features
        Numbers an example.
    """

    def __init__(self, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.register_buffer("batches", torch.zeros(()))
        # What tells mean and variance of a batch: over several ranks another does.
        self.statistics: Callable = of_batch

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self._follow(x)
        running = self.running_mean, self.running_var
        return functional.batch_norm(x, *running, self.weight, self.bias)

    @torch.no_grad()
    def _follow(self, x: torch.Tensor) -> None:
        mean, variance = self.statistics(x)
        self.batches += 1
        share = 1 / self.batches.clamp(max=MEMORY)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def of_batch(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and variance of each feature of `x` (b, features), in float32."""
    variance, mean = torch.var_mean(x.float(), 0, correction=0)
    return mean, variance
