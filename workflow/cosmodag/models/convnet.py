"""The original's convolutional classifiers of slices: convolve, halve, and read the rest.

Convolutions of 3×3 pixels without padding, each followed by the largest of 2×2 cells; then all that
is left is joined to the classes. The sizes follow from the printed numbers of parameters: 4,521
for 17 classes from an encoded slice of 25×25×8 (widths 16 and 8, which leave 4×4×8), and 56,900 for
12 classes from a slice of 200×200 (widths 32, 16 and 8, which leave 23×23×8).
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.initialization import like_keras


class ConvNet(nn.Module):
    """Convolutions, each pooled, then one full layer.

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
        Channels of each convolution.

    Raises
    ------
    InputError
        If nothing is left of a slice after so many convolutions.
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
        layers, into, left = [], channels, side
        for width in widths:
            layers += [nn.Conv2d(into, width, 3), nn.ReLU(), nn.MaxPool2d(2)]
            into, left = width, (left - 2) // 2
            if left < 1:
                raise InputError(
                    f"model.widths: {len(widths)} convolutions leave nothing of {side} pixels; "
                    "give fewer"
                )
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.read = nn.Linear(into * left**2, outputs)
        like_keras(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of slices (b, channels, side, side)."""
        return self.read(self.trunk(x))


NETWORK = ConvNet
