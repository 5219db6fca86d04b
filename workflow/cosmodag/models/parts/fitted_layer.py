"""Layers that are fixed by examples of the training set before training."""

from abc import abstractmethod

import torch
from torch import nn


class FittedLayer(nn.Module):
    """Layer that `cosmodag.training.fitted_layers` fixes before training, instead of learned."""

    @abstractmethod
    def fit(self, x: torch.Tensor) -> None:
        """Fix the layer by its input for examples of the training set, the first axis of `x`."""
