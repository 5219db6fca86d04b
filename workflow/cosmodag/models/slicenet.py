"""A residual classifier of slices that keeps what a slice's contrast says at each scale.

What tells redshift and escape fraction is the spread of the signal and the sizes and shapes of
bubbles, not where they stand: so features are averaged over the slice, and their spread is kept
beside their mean, at each of three resolutions. A slice of a whole periodic box has no edge, and
convolutions go round it. Batches are normalised, not examples, whose contrast is the signal.
Residual blocks as in He et al. 2016 (arXiv:1512.03385), batch normalisation as in Ioffe & Szegedy
2015 (arXiv:1502.03167). Cells of 2×2 pixels are folded into channels first, which loses nothing and
makes it cheap: 12 million multiplications for a slice of 64×64 pixels.
"""

import torch
from torch import nn

from cosmodag.errors import InputError

PADDINGS = ("circular", "zeros")
STAGES = 3


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut; `stride` 2 halves the side."""

    def __init__(self, channels: int, into: int, stride: int, padding: str):
        super().__init__()
        self.straight = nn.Sequential(
            nn.Conv2d(channels, into, 3, stride, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(into),
            nn.ReLU(),
            nn.Conv2d(into, into, 3, 1, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(into),
        )
        self.short = nn.Identity()
        if stride > 1 or channels != into:
            self.short = nn.Conv2d(channels, into, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.straight(x) + self.short(x))


def spread(x: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation of maps (b, c, h, w), (b, c), smooth where they are flat."""
    return (x.var((2, 3), correction=0) + 1e-4).sqrt()


class SliceNet(nn.Module):
    """Slices (b, channels, side, side) to scalars (b, outputs).

    Parameters
    ----------
    channels
        Input channels.
    outputs
        Classes or other scalars.
    head
        "scalars"; there is no other.
    width
        Channels at the finest scale; they double with each of two halvings.
    hidden
        Units between the pooled features and the scalars.
    dropout
        Part of the hidden units left out at random in training.
    padding
        "circular" for slices of whole periodic boxes, "zeros" for patches.

    Raises
    ------
    InputError
        If the padding is unknown or, in `forward`, a slice's side is no multiple of 8.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 2,
        head: str = "scalars",
        width: int = 16,
        hidden: int = 64,
        dropout: float = 0.1,
        padding: str = "circular",
    ):
        super().__init__()
        if padding not in PADDINGS:
            raise InputError(f"model.padding: {padding!r} is none of {', '.join(PADDINGS)}")
        self.head = head
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * channels, width, 3, 1, 1, bias=False, padding_mode=padding),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        widths = [width * 2**stage for stage in range(STAGES)]
        self.stages = nn.ModuleList(
            Block(widths[max(stage - 1, 0)], widths[stage], 1 if stage == 0 else 2, padding)
            for stage in range(STAGES)
        )
        pooled = 2 * sum(widths)
        self.hidden = nn.Sequential(nn.BatchNorm1d(pooled), nn.Linear(pooled, hidden))
        self.read = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the scalars are read from, (b, hidden)."""
        side = x.shape[-1]
        if side % 2**STAGES:
            raise InputError(
                f"model slicenet: slices of {side} pixels; a multiple of {2**STAGES} is needed"
            )
        x, pooled = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            pooled += [x.mean((2, 3)), spread(x)]
        return torch.relu(self.hidden(torch.cat(pooled, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scalars (b, outputs)."""
        return self.read(self.features(x))


NETWORK = SliceNet
