"""Fully connected classifier of slices, of S. Fay's study of ionization maps (MAIS 202, 2019).

Layers of 2500-350-17 units for 50×50 pixels; 40000-400-12 and 40000-800-250-12 for 200×200 pixels.
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.models.parts.initialization import initialize_like_keras


class Dense(nn.Module):
    """Multi-layer perceptron on the pixels of a slice.

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Number of classes.
    head : {"scalars"}
        Form of the output.
    side : int
        Pixels per side of a slice.
    widths : sequence of int
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
        layers: list[nn.Module] = [nn.Flatten()]
        in_features = channels * side**2
        for width in widths:
            layers += [nn.Linear(in_features, width), nn.ReLU()]
            in_features = width
        self.trunk = nn.Sequential(*layers)
        self.output_layer = nn.Linear(in_features, outputs)
        initialize_like_keras(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of slices (b, channels, side, side)."""
        return self.output_layer(self.trunk(x))


NETWORK = Dense
