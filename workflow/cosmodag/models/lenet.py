"""The original's classifier of stamps: three wide convolutions, each pooled, and two full layers.

After LeNet (LeCun et al. 1998, Proc. IEEE 86, 2278); for stamps of 64×64 pixels and 6 channels it
has 353,786 parameters.
"""

import torch
from torch import nn


class LeNet(nn.Module):
    """Three 7×7 convolutions with averaged 2×2 cells between them, then 64 units, then the classes.

    Parameters
    ----------
    channels
        Input channels.
    outputs
        Classes.
    head
        "scalars"; there is no other.
    side
        Pixels a side of a stamp, a multiple of 8.
    """

    def __init__(
        self, *, channels: int = 6, outputs: int = 2, head: str = "scalars", side: int = 64
    ):
        super().__init__()
        self.head = head
        layers = []
        for into in (18, 36, 54):
            layers += [nn.Conv2d(channels, into, 7, padding="same"), nn.ReLU(), nn.AvgPool2d(2)]
            channels = into
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Linear(channels * (side // 8) ** 2, 64)
        self.read = nn.Linear(64, outputs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the classes are read from, (b, 64)."""
        return torch.relu(self.hidden(self.trunk(x)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of stamps (b, channels, side, side)."""
        return self.read(self.features(x))


NETWORK = LeNet
