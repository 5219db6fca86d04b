"""Siamese networks that map both slices of a matching pair to nearly the same direction.

One encoder takes the first channels of an example, the other the last ones. Each returns a vector,
and both are trained by contrast (CLIP: Radford et al. 2021, arXiv:2103.00020). Positions matter,
since both slices show the same region, so the encoders return a coarse map of a slice rather than
its mean.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.models.parts.residual import PADDINGS, Block, Padding

MAP_SIDE = 8
"""Cells per side of the coarse map that represents a slice."""
TEMPERATURE = 0.07
"""Initial temperature of the similarities."""


class Encoder(nn.Module):
    """Encoder from slices (b, channels, side, side) to coarse maps (b, outputs, 8, 8).

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Channels of the coarse map.
    width : int
        Channels at the finest scale.
    padding : {"circular", "zeros"}
        Padding of the convolutions.
    """

    def __init__(self, channels: int, outputs: int, width: int, padding: Padding):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * channels, width, 3, 1, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            Block(width, 2 * width, 2, padding),
            Block(2 * width, 2 * width, 1, padding),
        )
        self.output_layer = nn.Conv2d(2 * width, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return coarse maps (b, outputs, 8, 8)."""
        side = x.shape[-1]
        if side % (4 * MAP_SIDE):
            raise InputError(
                f"model siamese: slices of {side} pixels; a multiple of {4 * MAP_SIDE} is needed"
            )
        return functional.avg_pool2d(self.output_layer(self.trunk(x)), side // (4 * MAP_SIDE))


class SiameseNetworks(nn.Module):
    """Two encoders from pairs of slices (b, 2 c, side, side) to pairs of vectors of one length.

    Parameters
    ----------
    channels : int
        Channels of the input: the first half is the query, the second half the candidate.
    outputs : int
        Components of both vectors together, a multiple of 128.
    head : {"scalars"}
        Form of the output.
    width : int
        Channels at the finest scale.
    padding : {"circular", "zeros"}
        ``"circular"`` for slices of whole periodic boxes, ``"zeros"`` for patches.

    Raises
    ------
    InputError
        If channels or outputs do not divide as needed or, in `forward`, the side of a slice.
    """

    def __init__(
        self,
        *,
        channels: int = 2,
        outputs: int = 512,
        head: str = "scalars",
        width: int = 16,
        padding: Padding = "circular",
    ):
        super().__init__()
        if padding not in PADDINGS:
            raise InputError(f"model.padding: {padding!r} is none of {', '.join(PADDINGS)}")
        if channels % 2 or outputs % (2 * MAP_SIDE**2):
            raise InputError(
                f"model siamese: {channels} channels and {outputs} outputs; channels come in "
                f"pairs, outputs in multiples of {2 * MAP_SIDE**2}"
            )
        self.head = head
        map_channels = outputs // (2 * MAP_SIDE**2)
        self.query = Encoder(channels // 2, map_channels, width, padding)
        self.candidate = Encoder(channels // 2, map_channels, width, padding)
        self.scale = nn.Parameter(torch.tensor(-math.log(TEMPERATURE)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return both vectors (b, outputs); their scalar product is the logit of a match."""
        first, second = x.chunk(2, dim=1)
        scale = (0.5 * self.scale.clamp(max=math.log(100))).exp()
        vectors = (self.query(first), self.candidate(second))
        return torch.cat([scale * functional.normalize(v.flatten(1), dim=1) for v in vectors], 1)


NETWORK = SiameseNetworks
