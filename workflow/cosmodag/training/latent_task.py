"""Reconstruction of the input from latent dimensions of known distribution."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.settings import unknown
from cosmodag.training.reconstruction_task import error_scores, error_sums
from cosmodag.training.task import Task

LOSSES = ("gaussian", "published")
FREE_BITS = 0.5
ACTIVE = 0.01
"""Variance over examples of its mean above which a latent dimension counts as active
(Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519)."""


class LatentOutput(NamedTuple):
    """Output of a variational auto-encoder.

    Attributes
    ----------
    reconstruction : torch.Tensor, shape (b, channels, side, side)
        Reconstructed images.
    mean, log_variance : torch.Tensor, shape (b, latent_dim)
        Mean and log variance of the latent.
    noise : torch.Tensor, shape (b, channels)
        Log variance of the noise of each channel.
    """

    reconstruction: torch.Tensor
    mean: torch.Tensor
    log_variance: torch.Tensor
    noise: torch.Tensor


class LatentTask(Task):
    """Reconstruction of channels of the preprocessed input from a latent.

    The loss is the bound on the negative log likelihood (Kingma & Welling 2013, arXiv:1312.6114) of
    each example, independent of batches and ranks. In evaluation the latent is its mean, so the
    validation loss is that of the mean.

    Parameters
    ----------
    channels : sequence of str
        Channels of the input to reconstruct; by default all of the dataset's.
    side : int
        Pixels per side of the input; by default the dataset's.
    latent_dim : int
        Number of latent dimensions, also of baselines.
    loss : {"gaussian", "published"}
        ``"gaussian"``: the network learns the noise of each channel; in nats per pixel. It suits a
        stretched flux, whose noise does not grow with the signal. ``"published"``: the sum of
        squared errors and divergence of the study that became Xu et al. 2023 (MNRAS 526, 6391).
    free_bits : float, optional
        Information in bits that each latent dimension carries without cost, so that none is given
        up early (Kingma et al. 2016, arXiv:1606.04934). By default 0.5, and 0 for the published
        loss.

    Raises
    ------
    InputError
        If a setting is not allowed.
    """

    averaged = False  # eight turned copies would need eight latents
    scores: Mapping[str, bool] = {
        "mse": False,
        "explained_variance": True,
        "divergence": False,
        "active_units": True,
    }

    def __init__(
        self,
        channels: Sequence[str],
        side: int,
        latent_dim: int = 35,
        loss: str = "gaussian",
        free_bits: float | None = None,
    ):
        if loss not in LOSSES:
            raise unknown("task.loss", loss, LOSSES)
        if latent_dim < 1:
            raise InputError(f"task.latent_dim: {latent_dim} must be at least 1")
        if free_bits is None:
            free_bits = 0.0 if loss == "published" else FREE_BITS
        if not free_bits >= 0:
            raise InputError(f"task.free_bits: {free_bits} must be 0 or more")
        self.head, self.outputs, self.target = loss, len(channels), {"input": list(channels)}
        self.side, self.latent_dim = side, latent_dim
        self.free_nats = free_bits * math.log(2)

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add channels and side of the input."""
        return {"channels": dataset.x_channels, "side": dataset.x_shape[0]} | dict(settings)

    def split(self, output: torch.Tensor) -> LatentOutput:
        """Split the rows of the network's output into images, latent and noise.

        Parameters
        ----------
        output : torch.Tensor, shape (b, channels side² + 2 latent_dim + channels)
            Output of a network with head ``"gaussian"`` or ``"published"``.
        """
        pixels = self.outputs * self.side**2
        images, mean, log_variance, noise = output.split(
            [pixels, self.latent_dim, self.latent_dim, self.outputs], 1
        )
        images = images.view(-1, self.outputs, self.side, self.side)
        return LatentOutput(images, mean, log_variance, noise)

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the bound of each example, (b,)."""
        reconstruction, mean, log_variance, noise = self.split(output)
        squares = (reconstruction - y).square().flatten(2)
        divergence = divergences(mean, log_variance).clamp(min=self.free_nats).sum(1)
        if self.head == "published":
            return squares.sum((1, 2)) + divergence
        pixels = math.log(2 * math.pi) + noise + squares.mean(2) * torch.exp(-noise)
        return 0.5 * pixels.mean(1) + divergence / y[0].numel()

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return sums over pixels, and over examples of divergence and means."""
        reconstruction, mean, log_variance, _ = self.split(output)
        mean = mean.double()
        return {
            **error_sums(reconstruction, y),
            "count": mean.new_tensor(len(mean)),
            "divergence": divergences(mean, log_variance.double()).sum(),
            "mean": mean.sum(0),
            "mean2": mean.square().sum(0),
        }

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the scores of the reconstruction and of the latent.

        ``divergence`` is that of the latent from the unit Gaussian, in nats per example, and
        ``active_units`` is the number of active latent dimensions.
        """
        count = sums["count"]
        variance = sums["mean2"] / count - (sums["mean"] / count).square()
        return {
            **error_scores(sums),
            "divergence": (sums["divergence"] / count).item(),
            "active_units": float((variance > ACTIVE).sum().item()),
        }

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``reconstruction``, ``latent`` and ``latent_variance``.

        The reconstruction (b, channels, h, w) is in units of the preprocessed input. The others are
        mean and variance of the latent dimensions, (b, latent_dim).
        """
        reconstruction, mean, log_variance, _ = self.split(output)
        predictions = {
            "reconstruction": reconstruction,
            "latent": mean,
            "latent_variance": log_variance.exp(),
        }
        return {name: values.cpu().numpy() for name, values in predictions.items()}

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the preprocessed input, (b, channels, h, w)."""
        return y.cpu().numpy()


def divergences(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return the Kullback-Leibler divergence of Gaussians from the unit Gaussian.

    Parameters
    ----------
    mean, log_variance : torch.Tensor, any shape
        Parameters of the Gaussians.

    Returns
    -------
    torch.Tensor, shape of `mean`
        Divergences in nats.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
