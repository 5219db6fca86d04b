"""The original's auto-encoder of slices: down to an eighth of the side in three steps, and back.

As printed in the document that the reionization experiment redoes: for slices of 200×200 pixels
4,385 parameters, of which the encoder holds 1,904, and a latent of 25×25×8 numbers.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.initialization import like_keras

WIDTHS = (16, 8, 8)
FACTOR = 2 ** len(WIDTHS)


class AutoEncoder(nn.Module):
    """Slices (b, channels, side, side) to logits of the same slices.

    Parameters
    ----------
    channels
        Input channels.
    outputs
        Channels that are given back.
    head
        "map"; there is no other.
    side
        Pixels a side of a slice, a multiple of 8.

    Raises
    ------
    InputError
        If the side is no multiple of 8, for it would not come back the same.
    """

    def __init__(self, *, channels: int = 1, outputs: int = 1, head: str = "map", side: int = 200):
        super().__init__()
        if side % FACTOR:
            raise InputError(
                f"model autoencoder: slices of {side} pixels; a multiple of {FACTOR} is needed"
            )
        self.head = head
        down, into = [], channels
        for width in WIDTHS:
            down += [nn.Conv2d(into, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            into = width
        self.encoder = nn.Sequential(*down)
        up = []
        for width in reversed(WIDTHS):
            up += [nn.Conv2d(into, width, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
            into = width
        self.decoder = nn.Sequential(*up, nn.Conv2d(into, outputs, 3, padding=1))
        like_keras(self)

    @staticmethod
    def latent(side: int) -> tuple[int, int]:
        """Return channels and side of the latent of slices of `side` pixels."""
        return WIDTHS[-1], side // FACTOR

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs, side, side): their sigmoid is the slice scaled to [0, 1]."""
        return self.decoder(self.encoder(x))


NETWORK = AutoEncoder
