"""Residual classifier of slices that keeps the contrast of each scale.

Redshift and escape fraction show in the spread of the signal and in the sizes and shapes of
bubbles, not in their positions. So features are averaged over the slice, and their standard
deviation is kept beside their mean, at each of three resolutions. A slice of a whole periodic box
has no edge, and convolutions wrap around it. Normalization is by batch, not by example, since the
contrast of an example is the signal.

Summary statistics join the learned features: the power spectrum, which noise hides from single
pixels and which small convolutions reach only in late layers, and moments and quantiles of the
smoothed slice. A slice of 64×64 pixels takes 12 million multiplications.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.residual import (
    N_STAGES,
    PADDINGS,
    Padding,
    hidden_layers,
    stages,
    stem,
    widths,
)

N_RINGS = 12
"""Rings of wavenumber of the power spectrum."""
SMOOTHINGS = (0.0, 1.0, 2.0, 4.0)
"""Standard deviations of the Gaussian smoothings, in pixels."""
QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def standard_deviation(x: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation (b, c) of maps (b, c, h, w), smooth where maps are constant."""
    return (x.var((2, 3), correction=0) + 1e-4).sqrt()


class SummaryStatistics(nn.Module):
    """Power spectrum, moments and quantiles of periodic slices (b, c, side, side).

    Per channel: the logarithm of the mean power in 12 rings of wavenumber up to the Nyquist
    frequency; and at each of 4 Gaussian smoothings the logarithm of the standard deviation,
    compressed skewness and kurtosis, and 13 quantiles about the mean; (b, 76 c) in total.

    Parameters
    ----------
    side : int
        Pixels per side of a slice.
    """

    COUNT = N_RINGS + len(SMOOTHINGS) * (3 + len(QUANTILES))

    rings: torch.Tensor
    kernels: torch.Tensor

    def __init__(self, side: int):
        super().__init__()
        k = torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)).flatten()
        ring = (k / 0.5 * N_RINGS).long()
        rings = nn.functional.one_hot(ring.clamp(max=N_RINGS), N_RINGS + 1)[:, :N_RINGS].float()
        # Modes that rfft omits mirror the others; the mean has no power.
        single = torch.isin(torch.arange(side // 2 + 1), torch.tensor([0, side / 2]))
        rings *= torch.where(single, 1.0, 2.0).repeat(side)[:, None]
        rings[0] = 0
        self.register_buffer("rings", rings / rings.sum(0).clamp(min=1), persistent=False)
        kernels = [torch.exp(-2 * (torch.pi * s * k) ** 2) for s in SMOOTHINGS]
        shape = (len(SMOOTHINGS), side, side // 2 + 1)
        self.register_buffer("kernels", torch.stack(kernels).view(shape), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the statistics, (b, 76 c)."""
        x = x.float() - x.float().mean((2, 3), keepdim=True)
        modes = torch.fft.rfft2(x, norm="ortho")
        power = (modes.abs() ** 2).flatten(2) @ self.rings
        smooth = torch.fft.irfft2(modes[:, :, None] * self.kernels, s=x.shape[2:], norm="ortho")
        deviation = standard_deviation(smooth.flatten(1, 2))
        standardized = smooth.flatten(1, 2) / deviation[..., None, None]
        moments = [deviation.log(), torch.tanh((standardized**3).mean((2, 3)) / 2)]
        moments.append(torch.log((standardized**4).mean((2, 3)) + 1e-4))
        quantiles = [self._quantiles(smooth[:, :, n], n) for n in range(len(SMOOTHINGS))]
        return torch.cat([(power + 1e-6).log().flatten(1), *moments, *quantiles], 1)

    @staticmethod
    def _quantiles(smooth: torch.Tensor, number: int) -> torch.Tensor:
        """Return quantiles (b, 13 c) of slices (b, c, side, side) at one smoothing."""
        # Sorting is expensive, and smoothed neighbours are alike: a sub-grid of pixels is enough.
        step = max(int(SMOOTHINGS[number]), 2)
        ranked = smooth[..., ::step, ::step].flatten(2).sort(dim=2).values
        rank = torch.tensor(QUANTILES, device=smooth.device) * (ranked.shape[2] - 1)
        return ranked[:, :, rank.round().long()].flatten(1)


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
        Units of each of two hidden layers between features and scalars.
    dropout : float
        Probability with which a hidden unit is dropped in training.
    padding : {"circular", "zeros"}
        ``"circular"`` for slices of whole periodic boxes, ``"zeros"`` for patches.
    summaries : bool
        Whether summary statistics join the learned features.

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
        self.summaries = SummaryStatistics(side) if summaries else None
        self.stem = stem(channels, width, padding)
        self.stages = stages(width, padding)
        n_statistics = channels * SummaryStatistics.COUNT if summaries else 0
        self.hidden = hidden_layers(2 * sum(widths(width)) + n_statistics, hidden, dropout)
        self.output_layer = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last hidden features, (b, hidden)."""
        features = [self.summaries(x)] if self.summaries is not None else []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            features += [x.mean((2, 3)), standard_deviation(x)]
        return self.hidden(torch.cat(features, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scalars (b, outputs)."""
        return self.output_layer(self.features(x))


NETWORK = SliceNet
