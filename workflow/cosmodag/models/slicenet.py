"""Perceptron on summary statistics of slices, corrected by a residual network.

Redshift and escape fraction show in the histogram of the signal and in the sizes and shapes of
bubbles, not in their positions. Summary statistics describe these well from the first step of
training, also under noise, where small convolutions learn them slowly. They are normalized by their
ranks in the training set and enter a perceptron. A residual network, which learns what they leave
out, adds to its outputs. The last layer of this correction starts at zero.

A slice of a whole periodic box has no edge, and convolutions wrap around it. Features of the
residual network are averaged over the slice, and their standard deviation is kept beside their
mean, at each of three resolutions. Normalization is by batch, not by example, since the contrast of
an example is the signal. A slice of 64×64 pixels takes 12 million multiplications.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.quantile_norm import QuantileNorm
from cosmodag.models.parts.residual import (
    N_STAGES,
    PADDINGS,
    Padding,
    hidden_layers,
    stages,
    stem,
    widths,
)
from cosmodag.models.parts.slice_summaries import SliceSummaries


def standard_deviation(x: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation (b, c) of maps (b, c, h, w), smooth where maps are constant."""
    return (x.var((2, 3), correction=0) + 1e-4).sqrt()


class SliceNet(nn.Module):
    """Network from slices (b, channels, side, side) to scalars (b, outputs).

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Number of classes or other scalars.
    head : {"scalars"}
        Form of the output.
    side : int
        Pixels per side of a slice, a multiple of 8.
    width : int
        Channels at the finest scale; they double with each of two halvings of the side.
    hidden : int
        Units of each of two hidden layers, of the perceptron and behind the residual network.
    dropout : float
        Probability with which a hidden unit is dropped in training.
    padding : {"circular", "zeros"}
        ``"circular"`` for slices of whole periodic boxes, ``"zeros"`` for patches.
    summaries : bool
        Whether there is a perceptron on summary statistics, which the residual network corrects.

    Raises
    ------
    InputError
        If the padding is unknown or the side is not a multiple of 8.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 2,
        head: str = "scalars",
        side: int = 64,
        width: int = 16,
        hidden: int = 128,
        dropout: float = 0.1,
        padding: Padding = "circular",
        summaries: bool = True,
    ):
        super().__init__()
        if padding not in PADDINGS:
            raise InputError(f"model.padding: {padding!r} is none of {', '.join(PADDINGS)}")
        if side % 2**N_STAGES:
            raise InputError(
                f"model slicenet: slices of {side} pixels; a multiple of {2**N_STAGES} is needed"
            )
        self.head = head
        self.perceptron: nn.Module | None = None
        if summaries:
            n_summaries = channels * SliceSummaries.COUNT
            self.perceptron = nn.Sequential(
                SliceSummaries(side),
                hidden_layers(n_summaries, hidden, dropout, QuantileNorm),
                nn.Dropout(dropout),
                nn.Linear(hidden, outputs),
            )
        self.stem = stem(channels, width, padding)
        self.stages = stages(width, padding)
        self.hidden = hidden_layers(2 * sum(widths(width)), hidden, dropout)
        self.output_layer = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs))
        if summaries:
            nn.init.zeros_(self.output_layer[1].weight)
            nn.init.zeros_(self.output_layer[1].bias)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden features of the residual network, (b, hidden)."""
        features: list[torch.Tensor] = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            features += [x.mean((2, 3)), standard_deviation(x)]
        return self.hidden(torch.cat(features, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scalars (b, outputs)."""
        scalars = self.output_layer(self.features(x))
        return scalars if self.perceptron is None else scalars + self.perceptron(x)


NETWORK = SliceNet
