"""A residual classifier of slices that keeps what a slice's contrast says at each scale.

What tells redshift and escape fraction is the spread of the signal and the sizes and shapes of
bubbles, not where they stand: so features are averaged over the slice, and their spread is kept
beside their mean, at each of three resolutions. A slice of a whole periodic box has no edge, and
convolutions go round it. Batches are normalised, not examples, whose contrast is the signal.
What is known to tell is not left to be found: the power spectrum, which noise buries pixel by pixel
and convolutions of a few pixels see late, and moments and quantiles of the smoothed slice stand
beside what is learned.
It takes 12 million multiplications for a slice of 64×64 pixels.
"""

import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.parts.residual import PADDINGS, STAGES, hidden_layers, stages, stem, widths

RINGS, SMOOTHINGS = 12, (0.0, 1.0, 2.0, 4.0)
QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def spread(x: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation of maps (b, c, h, w), (b, c), smooth where they are flat."""
    return (x.var((2, 3), correction=0) + 1e-4).sqrt()


class Summaries(nn.Module):
    """Power spectrum, moments and quantiles of slices (b, c, side, side), taken as periodic.

    Of each channel the logarithm of the mean power in 12 rings of wavenumber up to the Nyquist
    frequency; and at 4 Gaussian smoothings logarithm of the spread, skewness and kurtosis, the
    latter two drawn together, and 13 quantiles about the mean: (b, c 76) in all.
    """

    COUNT = RINGS + len(SMOOTHINGS) * (3 + len(QUANTILES))

    def __init__(self, side: int):
        super().__init__()
        k = torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)).flatten()
        ring = (k / 0.5 * RINGS).long()
        rings = nn.functional.one_hot(ring.clamp(max=RINGS), RINGS + 1)[:, :RINGS].float()
        # Modes that rfft leaves out mirror the others; the mean is no power.
        single = torch.isin(torch.arange(side // 2 + 1), torch.tensor([0, side / 2]))
        rings *= torch.where(single, 1.0, 2.0).repeat(side)[:, None]
        rings[0] = 0
        self.register_buffer("rings", rings / rings.sum(0).clamp(min=1), persistent=False)
        kernels = [torch.exp(-2 * (torch.pi * s * k) ** 2) for s in SMOOTHINGS]
        shape = (len(SMOOTHINGS), side, side // 2 + 1)
        self.register_buffer("kernels", torch.stack(kernels).view(shape), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.float() - x.float().mean((2, 3), keepdim=True)
        modes = torch.fft.rfft2(x, norm="ortho")
        power = (modes.abs() ** 2).flatten(2) @ self.rings
        smooth = torch.fft.irfft2(modes[:, :, None] * self.kernels, s=x.shape[2:], norm="ortho")
        deviation = spread(smooth.flatten(1, 2))
        told = smooth.flatten(1, 2) / deviation[..., None, None]
        moments = [deviation.log(), torch.tanh((told**3).mean((2, 3)) / 2)]
        moments.append(torch.log((told**4).mean((2, 3)) + 1e-4))
        ranks = [self._quantiles(smooth[:, :, n], n) for n in range(len(SMOOTHINGS))]
        return torch.cat([(power + 1e-6).log().flatten(1), *moments, *ranks], 1)

    @staticmethod
    def _quantiles(smooth: torch.Tensor, number: int) -> torch.Tensor:
        """Quantiles of slices (b, c, side, side) at one smoothing, (b, c 13)."""
        # Sorting costs, and neighbours are alike after smoothing: some pixels stand for all.
        step = max(int(SMOOTHINGS[number]), 2)
        ranked = smooth[..., ::step, ::step].flatten(2).sort(dim=2).values
        at = torch.tensor(QUANTILES, device=smooth.device) * (ranked.shape[2] - 1)
        return ranked[:, :, at.round().long()].flatten(1)


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
        Units of each of two layers between the pooled features and the scalars.
    side
        Pixels a side of a slice, a multiple of 8.
    summaries
        Whether power spectrum and moments stand beside what is learned.
    dropout
        Part of the hidden units left out at random in training.
    padding
        "circular" for slices of whole periodic boxes, "zeros" for patches.

    Raises
    ------
    InputError
        If the padding is unknown or the side is no multiple of 8.
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
        padding: str = "circular",
        summaries: bool = True,
    ):
        super().__init__()
        if padding not in PADDINGS:
            raise InputError(f"model.padding: {padding!r} is none of {', '.join(PADDINGS)}")
        if side % 2**STAGES:
            raise InputError(
                f"model slicenet: slices of {side} pixels; a multiple of {2**STAGES} is needed"
            )
        self.head = head
        self.summaries = Summaries(side) if summaries else None
        self.stem = stem(channels, width, padding)
        self.stages = stages(width, padding)
        known = channels * Summaries.COUNT if summaries else 0
        self.hidden = hidden_layers(2 * sum(widths(width)) + known, hidden, dropout)
        self.read = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, outputs))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the scalars are read from, (b, hidden)."""
        pooled = [self.summaries(x)] if self.summaries is not None else []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            pooled += [x.mean((2, 3)), spread(x)]
        return self.hidden(torch.cat(pooled, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scalars (b, outputs)."""
        return self.read(self.features(x))


NETWORK = SliceNet
