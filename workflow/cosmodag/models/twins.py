"""Two encoders that give what belongs together nearly the same direction.

The first channels of an example are read by one encoder, the last by the other; each gives a
vector of length 1, trained by contrast (CLIP: Radford et al. 2021, arXiv:2103.00020). The place of
things counts here, since both slices show the same region, so the encoders keep a coarse map of
each slice rather than its mean.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.models.parts.residual import PADDINGS, Block

KEPT = 8
"""Cells a side of the coarse map that a slice is told by."""
TEMPERATURE = 0.07
"""Of the similarities at the start of training."""


class Encoder(nn.Module):
    """Slices (b, channels, side, side) to coarse maps (b, outputs, 8, 8)."""

    def __init__(self, channels: int, outputs: int, width: int, padding: str):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * channels, width, 3, 1, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            Block(width, 2 * width, 2, padding),
            Block(2 * width, 2 * width, 1, padding),
        )
        self.read = nn.Conv2d(2 * width, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        side = x.shape[-1]
        if side % (4 * KEPT):
            raise InputError(
                f"model twins: slices of {side} pixels; a multiple of {4 * KEPT} is needed"
            )
        return functional.avg_pool2d(self.read(self.trunk(x)), side // (4 * KEPT))


class Twins(nn.Module):
    """Pairs of slices, as channels (b, 2 c, side, side), to pairs of unit vectors.

    Parameters
    ----------
    channels
        Input channels: the first half is the query, the second what is to be found.
    outputs
        Numbers of both vectors together, a multiple of 128.
    head
        "scalars"; there is no other.
    width
        Channels at the finest scale.
    padding
        "circular" for slices of whole periodic boxes, "zeros" for patches.

    Raises
    ------
    InputError
        If channels or outputs do not divide or, in `forward`, the side of a slice.
    """

    def __init__(
        self,
        *,
        channels: int = 2,
        outputs: int = 512,
        head: str = "scalars",
        width: int = 16,
        padding: str = "circular",
    ):
        super().__init__()
        if padding not in PADDINGS:
            raise InputError(f"model.padding: {padding!r} is none of {', '.join(PADDINGS)}")
        if channels % 2 or outputs % (2 * KEPT**2):
            raise InputError(
                f"model twins: {channels} channels and {outputs} outputs; channels come in pairs, "
                f"outputs in multiples of {2 * KEPT**2}"
            )
        self.head = head
        each = outputs // (2 * KEPT**2)
        self.query = Encoder(channels // 2, each, width, padding)
        self.found = Encoder(channels // 2, each, width, padding)
        self.scale = nn.Parameter(torch.tensor(-math.log(TEMPERATURE)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return both vectors (b, outputs); their scalar product is a logit of belonging."""
        first, second = x.chunk(2, dim=1)
        scale = (0.5 * self.scale.clamp(max=math.log(100))).exp()
        vectors = (self.query(first), self.found(second))
        return torch.cat([scale * functional.normalize(v.flatten(1), dim=1) for v in vectors], 1)


NETWORK = Twins
