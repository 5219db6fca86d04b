"""Auto-encoder of slices whose latent are their longest waves, corrected by convolutions.

Before training it is a filter that keeps the Fourier modes of the smallest wavenumbers, as many
numbers as the latent has. Two stacks of convolutions add to that: one to the slice before the
filter, so that the long waves can carry what they would lose, and one behind it, which restores
short waves, such as sharp edges of bubbles. Their last layers start at zero. Slices are those of
whole periodic boxes: waves and convolutions wrap around.

Stacks work on blocks of 2×2 pixels as channels; a slice of 64×64 pixels takes 24 million
multiplications.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from cosmodag.errors import InputError

PART = 8
"""Pixels of a slice per number of the latent, by default."""
BLOCK = 2
"""Side of the blocks of pixels that become channels."""


class WaveEncoder(nn.Module):
    """Auto-encoder from slices (b, channels, side, side) to the same slices.

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Channels of the reconstruction, as many as the input has.
    head : {"map"}
        Form of the output.
    side : int
        Pixels per side of a slice, even.
    width : int
        Channels of the convolutions.
    latent_dim : int, optional
        Numbers that describe a slice; by default an eighth of its pixels. All modes below a
        wavenumber are kept, so that a few of them may remain unused.

    Raises
    ------
    InputError
        If the side is odd, the outputs are not the input, or the latent has no number for each
        channel.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        outputs: int = 1,
        head: str = "map",
        side: int = 64,
        width: int = 32,
        latent_dim: int | None = None,
    ):
        super().__init__()
        if side % BLOCK:
            raise InputError(f"model waveencoder: slices of {side} pixels; an even side is needed")
        if outputs != channels:
            raise InputError(
                f"model waveencoder: {outputs} channels of {channels} are reconstructed; give all"
            )
        numbers = (channels * side**2 // PART if latent_dim is None else latent_dim) // channels
        if not 1 <= numbers <= side**2:
            raise InputError(
                f"model waveencoder: latent_dim {latent_dim} for {channels} slices of {side**2} "
                f"pixels; give {channels} to {channels * side**2}"
            )
        self.head = head
        kept = torch.from_numpy(longest_waves(side, numbers))
        self.register_buffer("kept", kept, persistent=False)
        self.before, self.behind = (_correction(channels, width) for _ in range(2))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the long waves of corrected slices, (b, channels, side, side)."""
        corrected = (x + self.before(x)).float()
        return torch.fft.irfft2(torch.fft.rfft2(corrected) * self.kept, s=x.shape[-2:])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return reconstructions (b, outputs, side, side)."""
        waves = self.encode(x)
        return waves + self.behind(waves)


def longest_waves(side: int, numbers: int) -> np.ndarray:
    """Return which modes of a real slice are the longest waves that so many numbers describe.

    Parameters
    ----------
    side : int
        Pixels per side.
    numbers : int
        Real numbers; a mode takes two, one where it is its own conjugate.

    Returns
    -------
    numpy.ndarray, shape (side, side // 2 + 1), bool
        Modes of `torch.fft.rfft2`. Of a wavenumber all modes are kept or none.

    Examples
    --------
    >>> longest_waves(4, 5).astype(int).tolist()
    [[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]]
    """
    down, across = np.fft.fftfreq(side, 1 / side), np.fft.rfftfreq(side, 1 / side)
    square = np.round(down[:, None] ** 2 + across**2).astype(int)
    # Columns of the wavenumber 0 and of the highest one contain each mode and its conjugate.
    cost = np.where((across == 0) | (across == side / 2), 1, 2) * np.ones_like(square)
    total = np.cumsum(np.bincount(square.ravel(), cost.ravel()))
    return square < np.searchsorted(total, numbers, side="right")


def _correction(channels: int, width: int) -> nn.Sequential:
    """Return convolutions of slices to slices, whose last layer is zero."""
    folded = channels * BLOCK**2
    sizes = (folded, width, width, width, folded)
    layers: list[nn.Module] = [nn.PixelUnshuffle(BLOCK)]
    for before, behind in pairwise(sizes):
        layers += [nn.Conv2d(before, behind, 3, padding=1, padding_mode="circular"), nn.GELU()]
    last = layers[-2]
    assert isinstance(last, nn.Conv2d)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers[:-1], nn.PixelShuffle(BLOCK))


NETWORK = WaveEncoder
