"""Residual blocks, stem and stages of the networks of stamps and slices.

Residual blocks as in He et al. 2016 (arXiv:1512.03385), batch normalization as in Ioffe & Szegedy
2015 (arXiv:1502.03167). The stem folds blocks of 2×2 pixels into channels, which loses no
information and makes all further layers cheaper.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import nn

Padding = Literal["circular", "zeros"]
"""``"circular"`` for periodic maps, whose opposite edges touch, else ``"zeros"``."""
PADDINGS = ("circular", "zeros")
N_STAGES = 3


class Block(nn.Module):
    """Residual block of two 3×3 convolutions.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of input and output.
    stride : int
        1, or 2 to halve the side.
    padding : {"circular", "zeros"}
        Padding of the convolutions.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, padding: Padding = "zeros"
    ):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return maps (b, out_channels, side/stride, side/stride)."""
        return torch.relu(self.branch(x) + self.shortcut(x))


def stem(channels: int, width: int, padding: Padding = "zeros") -> nn.Sequential:
    """Return the first layers, from maps (b, channels, side, side) to (b, width, side/2, side/2).

    Parameters
    ----------
    channels : int
        Channels of the input.
    width : int
        Channels of the output.
    padding : {"circular", "zeros"}
        Padding of the convolution.
    """
    return nn.Sequential(
        nn.PixelUnshuffle(2),
        nn.Conv2d(4 * channels, width, 3, 1, 1, bias=False, padding_mode=padding),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


def widths(width: int) -> list[int]:
    """Return the output channels of each stage, which double with each halving of the side."""
    return [width * 2**stage for stage in range(N_STAGES)]


def stages(width: int, padding: Padding = "zeros") -> nn.ModuleList:
    """Return the residual blocks after a stem; all but the first halve the side.

    Parameters
    ----------
    width : int
        Channels of the stem's output.
    padding : {"circular", "zeros"}
        Padding of the convolutions.
    """
    out_channels = widths(width)
    return nn.ModuleList(
        Block(out_channels[max(stage - 1, 0)], out_channels[stage], 1 if stage == 0 else 2, padding)
        for stage in range(N_STAGES)
    )


def hidden_layers(
    features: int, hidden: int, dropout: float, norm: Callable[[int], nn.Module] = nn.BatchNorm1d
) -> nn.Sequential:
    """Return a normalization and two hidden layers with ReLU.

    Parameters
    ----------
    features : int
        Features of the input, (b, features).
    hidden : int
        Units of each layer.
    dropout : float
        Probability with which a unit of the first layer is dropped in training.
    norm : callable
        Normalization of the input, from the number of features.
    """
    return nn.Sequential(
        norm(features),
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
    )
