"""Optimizers, learning rates and the moving average of weights."""

import copy
import math

import torch
from torch import nn

from cosmodag.training.settings import TrainingSettings


def make_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return the optimizer that `settings` names; weights alone decay, biases and norms do not."""
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
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate, momentum=settings.momentum)


def learning_rate(
    settings: TrainingSettings, step: int, steps: int, monitored: list[float]
) -> float:
    """Return the learning rate of a step.

    It follows from the arguments alone, so a schedule has no state that a checkpoint could lose.

    Parameters
    ----------
    step
        The step about to be taken, from 0.
    steps
        Steps of the whole training.
    monitored
        The monitored metric after each finished epoch, lower being better.
    """
    warm = settings.warmup * steps
    if step < warm:
        return settings.learning_rate * (step + 1) / (math.ceil(warm) + 1)
    if settings.schedule == "cosine":
        done = (step - warm) / (steps - warm)
        return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
    if settings.schedule == "plateau":
        drops = plateaus(monitored, settings.plateau_epochs)
        return settings.learning_rate * settings.plateau_factor**drops
    return settings.learning_rate


def plateaus(monitored: list[float], epochs: int) -> int:
    """Count the times that `monitored` has not fallen below its least for `epochs` epochs."""
    best, waited, count = math.inf, 0, 0
    for value in monitored:
        waited = 0 if value < best else waited + 1
        best = min(best, value)
        if waited == epochs:
            waited, count = 0, count + 1
    return count


class MovingAverage:
    """An exponential moving average of a network's weights and buffers (Polyak & Juditsky 1992).

    Parameters
    ----------
    model
        The network to follow; `model` of the average is a copy of it.
    decay
        Weight of the past in each update; early updates weigh it less, so that the random initial
        weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards the weights that `model` has after `step` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, values = self.model.state_dict().values(), model.state_dict().values()
        for average, value in zip(averages, values):
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)
