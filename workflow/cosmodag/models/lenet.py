"""Convolutional classifier of stamps, of the study of injected galaxies in obiwan.dplearn.

Three wide convolutions with average pooling and two linear layers, after LeNet (LeCun et al. 1998,
Proc. IEEE 86, 2278). It has 353,786 parameters for stamps of 64×64 pixels and 6 channels.
"""

import torch
from torch import nn


class LeNet(nn.Module):
    """Three 7×7 convolutions, each with 2×2 average pooling, 64 hidden units and the classes.

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Number of classes.
    head : {"scalars"}
        Form of the output.
    side : int
        Pixels per side of a stamp, a multiple of 8.
    """

    def __init__(
        self, *, channels: int = 6, outputs: int = 2, head: str = "scalars", side: int = 64
    ):
        super().__init__()
        self.head = head
        layers: list[nn.Module] = []
        in_channels = channels
        for width in (18, 36, 54):
            layers += [nn.Conv2d(in_channels, width, 7, padding="same"), nn.ReLU(), nn.AvgPool2d(2)]
            in_channels = width
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Linear(in_channels * (side // 8) ** 2, 64)
        self.output_layer = nn.Linear(64, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden features, (b, 64)."""
        return torch.relu(self.hidden(self.trunk(x)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of stamps (b, channels, side, side)."""
        return self.output_layer(self.features(x))


NETWORK = LeNet
