"""Layers that are fixed by examples of the training set before training, such as quantiles."""

import numpy as np
import torch
from torch import nn

from cosmodag.datasets.loader import Loader
from cosmodag.models.parts.fitted_layer import FittedLayer

N_EXAMPLES = 2048
"""Examples of the training set that are taken."""
BATCH = 64
"""Examples that pass through the network at once."""


@torch.no_grad()
def fit_layers(network: nn.Module, loader: Loader) -> None:
    """Fix each `FittedLayer` of a network, such as its quantiles, by examples of the training set.

    The examples are evenly spaced and have the augmentation and noise of epoch 0. So a training
    that continues after an interruption, and each of several processes, finds the same.

    Parameters
    ----------
    network : torch.nn.Module
        The network with its initial weights, on the CPU.
    loader : Loader
        Training split.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, FittedLayer)]
    if not layers:
        return
    inputs: dict[nn.Module, list[torch.Tensor]] = {layer: [] for layer in layers}
    hooks = [
        layer.register_forward_pre_hook(lambda layer, given: inputs[layer].append(given[0]))
        for layer in layers
    ]
    network.eval()
    n_examples = len(loader.index)
    rows = np.unique(np.linspace(0, n_examples - 1, min(N_EXAMPLES, n_examples)).astype(int))
    for start in range(0, len(rows), BATCH):
        network(loader.read(rows[start : start + BATCH], 0).x)
    for hook in hooks:
        hook.remove()
    for layer in layers:
        layer.fit(torch.cat(inputs[layer]))
