"""Optimizers, learning rates and the moving average of weights."""

import copy
import math

import torch
from torch import nn

from cosmodag.training.settings import TrainingSettings


def make_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Make an optimizer; weight decay applies to weights only, not to biases and normalizations.

    Parameters
    ----------
    model : torch.nn.Module
        The network, on its device.
    settings : TrainingSettings
        Name and settings of the optimizer.
    """
    decaying = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": decaying, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    rate = settings.learning_rate
    match settings.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=rate, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, fused=True)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=settings.momentum, fused=True)
        case _:
            return torch.optim.RMSprop(groups, lr=rate, momentum=settings.momentum)


def learning_rate(
    settings: TrainingSettings, step: int, n_steps: int, monitored: list[float]
) -> float:
    """Return the learning rate of a step.

    It depends on the arguments alone, so a schedule has no state that a checkpoint would need.

    Parameters
    ----------
    settings : TrainingSettings
        Learning rate, warm-up and schedule.
    step : int
        Number of the next step, from 0.
    n_steps : int
        Steps of the whole training.
    monitored : list of float
        Monitored metric after each finished epoch; lower is better.

    Examples
    --------
    >>> learning_rate(TrainingSettings(learning_rate=1.0, warmup=0.0), 50, 100, [])
    0.5
    """
    warmup_steps = settings.warmup * n_steps
    if step < warmup_steps:
        return settings.learning_rate * (step + 1) / (math.ceil(warmup_steps) + 1)
    if settings.schedule == "cosine":
        done = (step - warmup_steps) / (n_steps - warmup_steps)
        return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
    if settings.schedule == "plateau":
        n_plateaus = count_plateaus(monitored, settings.plateau_epochs)
        return settings.learning_rate * settings.plateau_factor**n_plateaus
    return settings.learning_rate


def count_plateaus(monitored: list[float], epochs: int) -> int:
    """Count how often a metric has not improved for a number of epochs.

    Parameters
    ----------
    monitored : list of float
        The metric after each epoch; lower is better.
    epochs : int
        Epochs without improvement that make a plateau.
    """
    best, waited, count = math.inf, 0, 0
    for value in monitored:
        waited = 0 if value < best else waited + 1
        best = min(best, value)
        if waited == epochs:
            waited, count = 0, count + 1
    return count


class MovingAverage:
    """Exponential moving average of a network's weights and buffers.

    Parameters
    ----------
    model : torch.nn.Module
        The network to follow.
    decay : float
        Weight of the previous average in each update. It is smaller in early updates, so that the
        random initial weights are soon forgotten.

    Attributes
    ----------
    model : torch.nn.Module
        A copy of the network with averaged weights.

    References
    ----------
    Polyak & Juditsky 1992, SIAM J. Control Optim. 30, 838.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move the average towards the weights of a network after a number of steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, values = self.model.state_dict().values(), model.state_dict().values()
        for average, value in zip(averages, values):
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)
