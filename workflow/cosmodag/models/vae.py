"""The original's variational auto-encoder of galaxy images: down to a few numbers, and back.

As printed in the document that the galaxies experiment redoes: for images of 3×256×256 and a latent
of 35 numbers 6,622,377 parameters. Its parts carry the printed names. The latent is drawn from a
Gaussian whose mean and variance the encoder gives (Kingma & Welling 2013, arXiv:1312.6114).
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.errors import InputError

HEADS = ("printed", "gaussian")
WIDTHS = (32, 64, 128, 256, 512)
FASTER = 10.0
"""How much faster the noise is learned than weights: it starts at 1 and ends far below."""
QUIETEST = -14.0
"""Lowest logarithm of the noise's variance: images without noise would pull it down for ever."""


class VariationalAutoEncoder(nn.Module):
    """Images (b, channels, side, side) to the same images and to what they are squeezed into.

    Parameters
    ----------
    channels
        Input channels.
    outputs
        Channels that are given back.
    head
        "printed": images in [-1, 1], by a hyperbolic tangent. "gaussian": images without bounds,
        and a noise for each channel that is learned with the weights (Rybkin, Daniilidis & Levine
        2021, arXiv:2006.13202), one parameter more for each.
    side
        Pixels a side, a multiple of 2 to the number of widths.
    latent
        Numbers that an image is squeezed into.
    widths
        Channels after each of the strides that halve the side.

    Raises
    ------
    InputError
        If a setting is not allowed, or the side would not come back the same.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        outputs: int = 3,
        head: str = "printed",
        side: int = 256,
        latent: int = 35,
        widths: Sequence[int] = WIDTHS,
    ):
        super().__init__()
        if head not in HEADS:
            raise InputError(f"model.head: {head!r} is none of {', '.join(HEADS)}")
        if latent < 1 or not widths:
            raise InputError(f"model vae: latent {latent}, widths {list(widths)}; 1 or more needed")
        factor = 2 ** len(widths)
        if side % factor:
            raise InputError(
                f"model vae: images of {side} pixels; a multiple of {factor} is needed"
            )
        self.shape = (widths[-1], side // factor, side // factor)
        features = widths[-1] * (side // factor) ** 2
        self.encoder = nn.Sequential(*map(_halve, (channels, *widths), widths))
        self.fc_mu = nn.Linear(features, latent)
        self.fc_var = nn.Linear(features, latent)
        self.decoder_input = nn.Linear(latent, features)
        up = list(reversed(widths))
        self.decoder = nn.Sequential(*map(_double, up, up[1:]))
        self.final_layer = nn.Sequential(
            *_double(up[-1], up[-1]), nn.Conv2d(up[-1], outputs, 3, padding=1)
        )
        if head == "printed":
            self.final_layer.append(nn.Tanh())
            self.register_buffer("noise", torch.zeros(outputs), persistent=False)
        else:
            self.noise = nn.Parameter(torch.zeros(outputs))

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logarithm of the variance of each latent number, (b, latent), float32."""
        features = self.encoder(x).flatten(1)
        return self.fc_mu(features).float(), self.fc_var(features).float()

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the images (b, outputs, side, side) that latents (b, latent) stand for."""
        features = self.decoder_input(latent).unflatten(1, self.shape)
        return self.final_layer(self.decoder(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return in one row for each image all that its likelihood and divergence need.

        In training the latent is drawn by torch's own generator, else it is its mean.

        Returns
        -------
        tensor, shape (b, outputs side² + 2 latent + outputs)
            The image given back, channel by channel; mean and logarithm of the variance of each
            latent number; logarithm of the variance of each channel's noise, 0 where none is
            learned.
        """
        mean, log_variance = self.encode(x)
        latent = mean
        if self.training:
            latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        noise = (FASTER * self.noise).clamp(min=QUIETEST).expand(len(x), -1)
        return torch.cat([self.decode(latent).flatten(1), mean, log_variance, noise], 1)


def _halve(channels: int, into: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, into, 3, stride=2, padding=1), nn.BatchNorm2d(into), nn.LeakyReLU()
    )


def _double(channels: int, into: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(channels, into, 3, stride=2, padding=1, output_padding=1),
        nn.BatchNorm2d(into),
        nn.LeakyReLU(),
    )


NETWORK = VariationalAutoEncoder
