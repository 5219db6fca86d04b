"""The parts that networks of stamps and of slices share: residual blocks, and what reads them.

Residual blocks as in He et al. 2016 (arXiv:1512.03385), batch normalisation as in Ioffe & Szegedy
2015 (arXiv:1502.03167). Cells of 2×2 pixels are folded into channels first, which loses nothing and
costs little.
"""

from collections.abc import Callable

import torch
from torch import nn

PADDINGS = ("circular", "zeros")
STAGES = 3


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut; `stride` 2 halves the side.

    `padding` is "zeros", or "circular" for maps whose edges touch.
    """

    def __init__(self, channels: int, into: int, stride: int, padding: str = "zeros"):
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


def stem(channels: int, width: int, padding: str = "zeros") -> nn.Sequential:
    """Return what folds cells of maps (b, channels, side, side) into (b, width, side/2, side/2)."""
    return nn.Sequential(
        nn.PixelUnshuffle(2),
        nn.Conv2d(4 * channels, width, 3, 1, 1, bias=False, padding_mode=padding),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


def widths(width: int) -> list[int]:
    """Return the channels of each stage: they double with each halving."""
    return [width * 2**stage for stage in range(STAGES)]


def stages(width: int, padding: str = "zeros") -> nn.ModuleList:
    """Return blocks that follow a stem of `width` channels, each but the first halving the side."""
    into = widths(width)
    return nn.ModuleList(
        Block(into[max(stage - 1, 0)], into[stage], 1 if stage == 0 else 2, padding)
        for stage in range(STAGES)
    )


def hidden_layers(
    features: int, hidden: int, dropout: float, norm: Callable[[int], nn.Module] = nn.BatchNorm1d
) -> nn.Sequential:
    """Return two layers of `hidden` units that read features (b, features), normalised first."""
    return nn.Sequential(
        norm(features),
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
    )
