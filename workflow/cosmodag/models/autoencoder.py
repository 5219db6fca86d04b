"""Convolutional auto-encoder of slices with a latent of an eighth of the side.

Architecture of S. Fay's study of ionization maps (MAIS 202, 2019): for slices of 200×200 pixels
4,385 parameters, of which the encoder has 1,904, and a latent of shape 25×25×8.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.initialization import initialize_like_keras

WIDTHS = (16, 8, 8)
FACTOR = 2 ** len(WIDTHS)


class AutoEncoder(nn.Module):
    """Auto-encoder from slices (b, channels, side, side) to logits of the same slices.

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Channels of the reconstruction.
    head : {"map"}
        Form of the output.
    side : int
        Pixels per side of a slice, a multiple of 8.

    Raises
    ------
    InputError
        If the side is not a multiple of 8, so that the reconstruction would have another size.
    """

    def __init__(self, *, channels: int = 1, outputs: int = 1, head: str = "map", side: int = 200):
        super().__init__()
        if side % FACTOR:
            raise InputError(
                f"model autoencoder: slices of {side} pixels; a multiple of {FACTOR} is needed"
            )
        self.head = head
        down: list[nn.Module] = []
        in_channels = channels
        for width in WIDTHS:
            down += [nn.Conv2d(in_channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            in_channels = width
        self.encoder = nn.Sequential(*down)
        up: list[nn.Module] = []
        for width in reversed(WIDTHS):
            up += [
                nn.Conv2d(in_channels, width, 3, padding=1),
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
            ]
            in_channels = width
        self.decoder = nn.Sequential(*up, nn.Conv2d(in_channels, outputs, 3, padding=1))
        initialize_like_keras(self)

    @staticmethod
    def latent_shape(side: int) -> tuple[int, int]:
        """Return channels and side of the latent of slices of `side` pixels per side."""
        return WIDTHS[-1], side // FACTOR

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (b, outputs, side, side), whose sigmoid is the slice scaled to [0, 1]."""
        return self.decoder(self.encoder(x))


NETWORK = AutoEncoder
