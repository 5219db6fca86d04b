"""Siamese networks that map both slices of a matching pair to nearly the same direction.

One encoder takes the first channels of an example, the other the last ones. Each returns a vector,
and both are trained by contrast (CLIP: Radford et al. 2021, arXiv:2103.00020). A vector has two
parts. The pattern is the slice itself, whitened and filtered in Fourier space: before training it
is that of long waves with equal weights, whose scalar product is the correlation of phases, with
the sign that it has in the training set. Convolutions add to it. The statistics of a slice
distinguish slices of the same pattern, such as one region at two redshifts.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.imaging.ring_spectra import N_RINGS, ring_edges
from cosmodag.models.parts.fitted_layer import FittedLayer
from cosmodag.models.parts.quantile_norm import QuantileNorm
from cosmodag.models.parts.residual import PADDINGS, Block, Padding, hidden_layers, stem
from cosmodag.models.parts.slice_summaries import SliceSummaries

MIN_STATISTICS = 64
"""Smallest number of components of a vector that are left to the statistics."""
TEMPERATURE = 0.07
"""Initial temperature of the similarities."""
_TINY = 1e-6


def pattern_side(embedding_dim: int, side: int) -> int:
    """Return the pixels per side of the pattern in a vector.

    Parameters
    ----------
    embedding_dim : int
        Components of a vector.
    side : int
        Pixels per side of a slice.

    Returns
    -------
    int
        The largest even number that leaves components for the statistics.

    Examples
    --------
    >>> pattern_side(1024, 64)
    30
    """
    return min(math.isqrt(embedding_dim - MIN_STATISTICS) // 2 * 2, side)


class Pattern(nn.Module):
    """Whitened and filtered slices (b, pattern²) of norm 1, from (b, channels, side, side).

    Parameters
    ----------
    channels, side : int
        Channels and pixels per side of the input.
    pattern : int
        Pixels per side of the result.
    width : int
        Channels of the convolutions.
    padding : {"circular", "zeros"}
        Padding of the convolutions.
    """

    ring: torch.Tensor

    def __init__(self, channels: int, side: int, pattern: int, width: int, padding: Padding):
        super().__init__()
        self.side = pattern
        self.sum = nn.Conv2d(channels, 1, 1, bias=False)
        nn.init.ones_(self.sum.weight)
        self.correction = nn.Sequential(
            stem(channels, width, padding),
            Block(width, width, 1, padding),
            Block(width, width, 1, padding),
            nn.Conv2d(width, 4, 1, bias=False),
            nn.PixelShuffle(2),  # to the resolution of the slice, which the stem folds
        )
        nn.init.zeros_(self.correction[-2].weight)
        # Waves per side; the mean is no pattern, and the last ones are cut off.
        down, across = torch.fft.fftfreq(pattern)[:, None], torch.fft.rfftfreq(pattern)
        edges = torch.from_numpy(ring_edges(side)).float()
        ring = torch.bucketize(torch.hypot(down, across) * pattern, edges, right=True) - 1
        last = (down.abs() == 0.5) | (across == 0.5)
        ring = torch.where((ring < 0) | last, N_RINGS, ring)
        self.register_buffer("ring", ring, persistent=False)
        self.filter = nn.Parameter(torch.ones(N_RINGS))
        self.whitening = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return patterns (b, pattern²)."""
        image = (self.sum(x) + self.correction(x))[:, 0]
        with torch.autocast(x.device.type, enabled=False):
            modes = self._long_waves(torch.fft.rfft2(image.float(), norm="ortho"))
            power = modes.real.square() + modes.imag.square()
            weights = functional.pad(self.filter, (0, 1))[self.ring]
            modes = modes * weights * (power + _TINY) ** (-self.whitening / 2)
            pixels = torch.fft.irfft2(modes, s=(self.side, self.side), norm="ortho")
        return functional.normalize(pixels.flatten(1), dim=1)

    def _long_waves(self, modes: torch.Tensor) -> torch.Tensor:
        """Return the modes (b, pattern, pattern // 2 + 1) of fewer pixels."""
        half = self.side // 2
        return torch.cat([modes[:, :half], modes[:, -half:]], 1)[..., : half + 1]


class Orientation(FittedLayer):
    """Sign of the first patterns of pairs (b, 2, pattern²), such that pairs correlate positively.

    Matter and the 21-cm signal anticorrelate where dense gas is ionized first. The sign is that of
    the mean product of pairs of the training set.
    """

    sign: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sign", torch.ones(()))

    @torch.no_grad()
    def fit(self, x: torch.Tensor) -> None:
        """Fix the sign by pairs of patterns (N, 2, pattern²) of the training set."""
        self.sign.fill_(-1.0 if (x[:, 0] * x[:, 1]).sum() < 0 else 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pairs of patterns, (b, 2, pattern²)."""
        return torch.stack([self.sign * x[:, 0], x[:, 1]], 1)


class Encoder(nn.Module):
    """Encoder from slices (b, channels, side, side) to vectors (b, embedding_dim).

    Parameters
    ----------
    channels, side : int
        Channels and pixels per side of the input.
    embedding_dim : int
        Components of a vector.
    width, hidden : int
        Channels of the convolutions of the pattern, and units of the layers of the statistics.
    dropout : float
        Probability with which a hidden unit is dropped in training.
    padding : {"circular", "zeros"}
        Padding of the convolutions.
    """

    def __init__(
        self,
        channels: int,
        side: int,
        embedding_dim: int,
        width: int,
        hidden: int,
        dropout: float,
        padding: Padding,
    ):
        super().__init__()
        pattern = pattern_side(embedding_dim, side)
        self.pattern = Pattern(channels, side, pattern, width, padding)
        self.statistics = nn.Sequential(
            SliceSummaries(side),
            hidden_layers(channels * SliceSummaries.COUNT, hidden, dropout, QuantileNorm),
            nn.Linear(hidden, embedding_dim - pattern**2),
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return pattern of norm 1 and statistics."""
        return self.pattern(x), self.statistics(x)


class SiameseNetworks(nn.Module):
    """Two encoders from pairs of slices (b, 2 c, side, side) to pairs of vectors of one length.

    Parameters
    ----------
    channels : int
        Channels of the input: the first half is the query, the second half the candidate.
    outputs : int
        Components of both vectors together.
    head : {"scalars"}
        Form of the output.
    side : int
        Pixels per side of a slice, an even number.
    width : int
        Channels of the convolutions.
    hidden : int
        Units of each of two hidden layers behind the statistics of a slice.
    dropout : float
        Probability with which a hidden unit is dropped in training.
    padding : {"circular", "zeros"}
        ``"circular"`` for slices of whole periodic boxes, ``"zeros"`` for patches.

    Raises
    ------
    InputError
        If the padding is unknown, the side is odd, or channels and outputs do not come in pairs.
    """

    def __init__(
        self,
        *,
        channels: int = 2,
        outputs: int = 2048,
        head: str = "scalars",
        side: int = 64,
        width: int = 16,
        hidden: int = 128,
        dropout: float = 0.1,
        padding: Padding = "circular",
    ):
        super().__init__()
        if padding not in PADDINGS:
            raise InputError(f"model.padding: {padding!r} is none of {', '.join(PADDINGS)}")
        if side % 2:
            raise InputError(f"model siamese: slices of {side} pixels; an even number is needed")
        if channels % 2 or outputs % 2 or outputs < 4 * MIN_STATISTICS:
            raise InputError(
                f"model siamese: {channels} channels and {outputs} outputs; both come in pairs, "
                f"and {4 * MIN_STATISTICS} outputs are needed"
            )
        self.head = head
        settings = (channels // 2, side, outputs // 2, width, hidden, dropout, padding)
        self.query, self.candidate = Encoder(*settings), Encoder(*settings)
        self.orientation = Orientation()
        # Statistics count nothing until they are learned.
        nn.init.zeros_(self.candidate.statistics[-1].weight)
        nn.init.zeros_(self.candidate.statistics[-1].bias)
        self.scale = nn.Parameter(torch.tensor(-math.log(TEMPERATURE)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return both vectors (b, outputs); their scalar product is the logit of a match."""
        scale = (0.5 * self.scale.clamp(max=math.log(100))).exp()
        encoded = [
            encoder(slices)
            for encoder, slices in zip((self.query, self.candidate), x.chunk(2, dim=1))
        ]
        patterns = scale * self.orientation(torch.stack([pattern for pattern, _ in encoded], 1))
        parts = zip(patterns.unbind(1), (statistics for _, statistics in encoded))
        return torch.cat([part for vector in parts for part in vector], 1)


NETWORK = SiameseNetworks
