"""Variational auto-encoder of galaxy images.

Architecture of the study that became Xu et al. 2023 (MNRAS 526, 6391): for images of 3×256×256 and
35 latent dimensions 6,622,377 parameters. Layers have the published names. The latent is drawn from
a Gaussian whose mean and variance the encoder predicts (Kingma & Welling 2013, arXiv:1312.6114).
"""

from collections.abc import Sequence

import torch
from torch import nn

from cosmodag.errors import InputError

HEADS = ("published", "gaussian")
WIDTHS = (32, 64, 128, 256, 512)
NOISE_SPEED = 10.0
"""Factor by which the noise is learned faster than weights: it starts at 1 and ends far below."""
LOWEST_LOG_VARIANCE = -14.0
"""Lower bound of the noise's log variance, which would fall without end on noise-free images."""


class VariationalAutoEncoder(nn.Module):
    """Variational auto-encoder of images (b, channels, side, side).

    Parameters
    ----------
    channels : int
        Channels of the input.
    outputs : int
        Channels of the reconstruction.
    head : {"published", "gaussian"}
        ``"published"``: reconstructions in [-1, 1] by a hyperbolic tangent, as published.
        ``"gaussian"``: unbounded reconstructions, and the noise of each channel as an additional
        parameter (Rybkin, Daniilidis & Levine 2021, arXiv:2006.13202).
    side : int
        Pixels per side, a multiple of 2 to the power of the number of widths.
    latent_dim : int
        Number of latent dimensions.
    widths : sequence of int
        Channels after each convolution that halves the side.

    Raises
    ------
    InputError
        If a setting is not allowed, or the side is not such a multiple.
    """

    noise: torch.Tensor

    def __init__(
        self,
        *,
        channels: int = 3,
        outputs: int = 3,
        head: str = "published",
        side: int = 256,
        latent_dim: int = 35,
        widths: Sequence[int] = WIDTHS,
    ):
        super().__init__()
        if head not in HEADS:
            raise InputError(f"model.head: {head!r} is none of {', '.join(HEADS)}")
        if latent_dim < 1 or not widths:
            raise InputError(
                f"model vae: latent_dim {latent_dim}, widths {list(widths)}; 1 or more needed"
            )
        factor = 2 ** len(widths)
        if side % factor:
            raise InputError(
                f"model vae: images of {side} pixels; a multiple of {factor} is needed"
            )
        self.shape = (widths[-1], side // factor, side // factor)
        features = widths[-1] * (side // factor) ** 2
        self.encoder = nn.Sequential(*map(_down_block, (channels, *widths), widths))
        self.fc_mu = nn.Linear(features, latent_dim)
        self.fc_var = nn.Linear(features, latent_dim)
        self.decoder_input = nn.Linear(latent_dim, features)
        up = list(reversed(widths))
        self.decoder = nn.Sequential(*map(_up_block, up, up[1:]))
        self.final_layer = nn.Sequential(
            *_up_block(up[-1], up[-1]), nn.Conv2d(up[-1], outputs, 3, padding=1)
        )
        if head == "published":
            self.final_layer.append(nn.Tanh())
            self.register_buffer("noise", torch.zeros(outputs), persistent=False)
        else:
            self.noise = nn.Parameter(torch.zeros(outputs))

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log variance of the latent of images.

        Parameters
        ----------
        x : torch.Tensor, shape (b, channels, side, side)
            Images.

        Returns
        -------
        mean, log_variance : torch.Tensor, shape (b, latent_dim), float32
            Parameters of the Gaussian of each latent dimension.
        """
        features = self.encoder(x).flatten(1)
        return self.fc_mu(features).float(), self.fc_var(features).float()

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the images (b, outputs, side, side) of latents (b, latent_dim)."""
        features = self.decoder_input(latent).unflatten(1, self.shape)
        return self.final_layer(self.decoder(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return, in one row per image, all that its likelihood and divergence need.

        In training the latent is drawn with torch's own generator; in evaluation it is its mean.

        Parameters
        ----------
        x : torch.Tensor, shape (b, channels, side, side)
            Images.

        Returns
        -------
        torch.Tensor, shape (b, outputs side² + 2 latent_dim + outputs)
            Reconstruction, channel by channel; mean and log variance of the latent; log variance of
            the noise of each channel, 0 where none is learned.
        """
        mean, log_variance = self.encode(x)
        latent = mean
        if self.training:
            latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        noise = (NOISE_SPEED * self.noise).clamp(min=LOWEST_LOG_VARIANCE).expand(len(x), -1)
        return torch.cat([self.decode(latent).flatten(1), mean, log_variance, noise], 1)


def _down_block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a convolution that halves the side."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1),
        nn.BatchNorm2d(out_channels),
        nn.LeakyReLU(),
    )


def _up_block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return a transposed convolution that doubles the side."""
    return nn.Sequential(
        nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1),
        nn.BatchNorm2d(out_channels),
        nn.LeakyReLU(),
    )


NETWORK = VariationalAutoEncoder
