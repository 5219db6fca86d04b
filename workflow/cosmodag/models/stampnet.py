"""A classifier of stamps that looks closely at the middle and coarsely at the surroundings.

An object stands in the middle of its stamp, so its centre, its width and its shape are seen at full
resolution there; its neighbours and the noise are seen in the whole stamp at a quarter of it. With
the transform "noise" its input says how deep each pixel is.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.residual import Block


class StampNet(nn.Module):
    """A close look at the middle half of a stamp and a coarse look at all of it.

    Parameters
    ----------
    channels
        Input channels.
    outputs
        Classes.
    head
        "scalars"; there is no other.
    width
        Channels at the finest scale.
    dropout
        Part of the features left out at random in training.

    Raises
    ------
    InputError
        In `forward`, if a stamp's side is no multiple of 16.
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
        self.read = nn.Sequential(nn.Dropout(dropout), nn.Linear(64, outputs))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the classes are read from, (b, 64)."""
        side = x.shape[-1]
        if side % 16:
            raise InputError(f"model stampnet: stamps of {side} pixels; a multiple of 16 is needed")
        quarter = side // 4
        middle = x[..., quarter : side - quarter, quarter : side - quarter]
        close, coarse = self.close(middle), self.coarse(x)
        centre = close.shape[-1] // 2
        seen = [
            close.mean((2, 3)),
            close[..., centre - 1 : centre + 1, centre - 1 : centre + 1].mean((2, 3)),
            coarse.mean((2, 3)),
        ]
        return torch.relu(self.hidden(torch.cat(seen, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs) of stamps (b, channels, side, side)."""
        return self.read(self.features(x))


NETWORK = StampNet
