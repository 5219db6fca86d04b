"""Convolutional classifier of slices, of S. Fay's study of ionization maps (MAIS 202, 2019).

Convolutions of 3×3 pixels without padding, each followed by 2×2 max pooling, and one linear layer.
The published numbers of parameters fix the widths: 4,521 for 17 classes of an encoded slice of
25×25×8 (widths 16 and 8, which leave 4×4×8), and 56,900 for 12 classes of a slice of 200×200
(widths 32, 16 and 8, which leave 23×23×8).
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.initialization import initialize_like_keras


class ConvNet(nn.Module):
    """Pooled convolutions and one linear layer.

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
        Output channels of each convolution.

    Raises
    ------
    InputError
        If the convolutions shrink a slice to nothing.
    """

    def __init__(
        self,
        *,
        channels: int = 8,
        outputs: int = 17,
        head: str = "scalars",
        side: int = 25,
        widths: Sequence[int] = (16, 8),
    ):
        super().__init__()
        self.head = head
        layers: list[nn.Module] = []
        in_channels, out_side = channels, side
        for width in widths:
            layers += [nn.Conv2d(in_channels, width, 3), nn.ReLU(), nn.MaxPool2d(2)]
            in_channels, out_side = width, (out_side - 2) // 2
            if out_side < 1:
                raise InputError(
                    f"model.widths: {len(widths)} convolutions leave nothing of {side} pixels; "
                    "give fewer"
                )
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.output_layer = nn.Linear(in_channels * out_side**2, outputs)
        initialize_like_keras(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of slices (b, channels, side, side)."""
        return self.output_layer(self.trunk(x))


NETWORK = ConvNet
