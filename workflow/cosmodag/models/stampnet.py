"""Classifier of stamps with a fine view of the centre and a coarse view of the surroundings.

An object is at the centre of its stamp. Its position, width and shape are seen there at full
resolution; neighbours and noise are seen in the whole stamp at a quarter of the resolution. With
the transform ``noise`` the input includes the depth of each pixel.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.residual import Block


class StampNet(nn.Module):
    """Network from stamps (b, channels, side, side) to scalars (b, outputs).

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Number of classes or other scalars.
    head : {"scalars"}
        Form of the output.
    width : int
        Channels at the finest scale.
    dropout : float
        Probability with which a feature is dropped in training.

    Raises
    ------
    InputError
        In `forward`, if a stamp's side is not a multiple of 16.
    """

    def __init__(
        self,
        *,
        channels: int = 6,
        outputs: int = 2,
        head: str = "scalars",
        width: int = 32,
        dropout: float = 0.2,
    ):
        super().__init__()
        self.head = head
        self.close = nn.Sequential(
            nn.PixelUnshuffle(2),
            Block(4 * channels, width, 1),
            Block(width, 2 * width, 2),
            Block(2 * width, 4 * width, 2),
        )
        self.coarse = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(16 * channels, width, 1),
            nn.ReLU(),
            Block(width, 2 * width, 2),
        )
        self.hidden = nn.Linear(4 * width * 2 + 2 * width, 64)
        self.output_layer = nn.Sequential(nn.Dropout(dropout), nn.Linear(64, outputs))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden features, (b, 64)."""
        side = x.shape[-1]
        if side % 16:
            raise InputError(f"model stampnet: stamps of {side} pixels; a multiple of 16 is needed")
        quarter = side // 4
        inner_half = x[..., quarter : side - quarter, quarter : side - quarter]
        close, coarse = self.close(inner_half), self.coarse(x)
        centre = close.shape[-1] // 2
        features = [
            close.mean((2, 3)),
            close[..., centre - 1 : centre + 1, centre - 1 : centre + 1].mean((2, 3)),
            coarse.mean((2, 3)),
        ]
        return torch.relu(self.hidden(torch.cat(features, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of stamps (b, channels, side, side)."""
        return self.output_layer(self.features(x))


NETWORK = StampNet
