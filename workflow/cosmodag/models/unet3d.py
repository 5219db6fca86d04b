"""U-Net of cubes with a learned projection along the line of sight.

Summing a box along the line of sight before the network merges voids behind one another. This
network takes the cube and projects its own features instead.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.unet import UNet


class UNet3D(nn.Module):
    """Network from cubes (b, channels, D, H, W) to logits of a cube or a projected map, or scalars.

    Input with four axes, (b, D, H, W), counts as cubes of one channel, so that the layers of a slab
    can serve as its depth.

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Channels of the output, or number of scalars.
    head : {"cube", "map", "scalars"}
        ``"cube"``: logits (b, outputs, D/factor, H/factor, W/factor). ``"map"``: logits (b,
        outputs, H/factor, W/factor) of the features averaged along D with learned weights.
        ``"scalars"``: (b, outputs).
    width, levels, blocks, norm, dropout, padding
        As in `cosmodag.models.unet.UNet`.
    factor : int
        Input cells per output cell along each axis.

    Raises
    ------
    InputError
        If a setting is not allowed, or an input does not divide by `factor`.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 1,
        head: str = "cube",
        width: int = 16,
        levels: int = 2,
        blocks: int = 1,
        factor: int = 4,
        norm: str = "group",
        dropout: float = 0.0,
        padding: str = "zeros",
    ):
        super().__init__()
        if head not in ("cube", "map", "scalars"):
            raise InputError(f"model.head: {head!r} is none of 'cube', 'map', 'scalars'")
        self.head = head
        self.trunk = UNet(
            channels=channels,
            outputs=outputs,
            head="scalars" if head == "scalars" else "map",
            width=width,
            levels=levels,
            blocks=blocks,
            factor=factor,
            norm=norm,
            dropout=dropout,
            dimensions=3,
            padding=padding,
        )
        if head == "map":
            self.attention = nn.Conv3d(width, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of a cube or a map, or scalars, for cubes (b, channels, D, H, W)."""
        if x.ndim == 4:
            x = x.unsqueeze(1)
        if self.head != "map":
            return self.trunk(x)
        features = self.trunk.features(x)
        weights = self.attention(features).softmax(dim=2)
        return self.trunk.output_layer((features * weights).sum(2, keepdim=True)).squeeze(2)


NETWORK = UNet3D
