"""The original's fully connected classifiers of slices: pixels, hidden layers, classes.

For 50×50 pixels 2500-350-17, for 200×200 pixels 40000-400-12 and 40000-800-250-12.
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.models.parts.initialization import like_keras


class Dense(nn.Module):
    """Every pixel joined to every unit of the first hidden layer, and so on.

    Parameters
    ----------
    channels
        Input channels.
    outputs
        Classes.
    head
        "scalars"; there is no other.
    side
        Pixels a side of a slice.
    widths
        Units of each hidden layer.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 17,
        head: str = "scalars",
        side: int = 50,
        widths: Sequence[int] = (350,),
    ):
        super().__init__()
        self.head = head
        layers, into = [nn.Flatten()], channels * side**2
        for width in widths:
            layers += [nn.Linear(into, width), nn.ReLU()]
            into = width
        self.trunk = nn.Sequential(*layers)
        self.read = nn.Linear(into, outputs)
        like_keras(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of slices (b, channels, side, side)."""
        return self.read(self.trunk(x))


NETWORK = Dense
