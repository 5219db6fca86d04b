"""Numerical precision and memory layout of networks and batches."""

import torch
from torch import nn

from cosmodag.datasets.loader import Batch
from cosmodag.training.settings import TrainingSettings

HALF_PRECISION = {"bfloat16": torch.bfloat16, "float16": torch.float16}
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""Memory format by number of axes."""


def forward(model: nn.Module, x: torch.Tensor, settings: TrainingSettings) -> torch.Tensor:
    """Return the network's output in float32, computed in the precision of the settings."""
    half = HALF_PRECISION.get(settings.precision)
    with torch.autocast(x.device.type, half, enabled=half is not None):
        return model(x).float()


def to_device(
    batch: Batch, device: torch.device, settings: TrainingSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return x and y of a batch on the device, x in the memory layout of the settings."""
    x = batch.x.to(device, non_blocking=True)
    if settings.channels_last and x.ndim in CHANNELS_LAST:
        x = x.contiguous(memory_format=CHANNELS_LAST[x.ndim])
    return x, batch.y.to(device, non_blocking=True)


def set_channels_last(model: nn.Module) -> None:
    """Change the memory layout of a network's filters to channels last."""
    for parameter in model.parameters():
        if parameter.ndim in CHANNELS_LAST:
            parameter.data = parameter.data.contiguous(memory_format=CHANNELS_LAST[parameter.ndim])
