"""The input given back after it was squeezed into a few random numbers of known distribution."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.settings import unknown
from cosmodag.training.reconstruction_task import error_sums, errors
from cosmodag.training.task import Task

LOSSES = ("gaussian", "printed")
FREE_BITS = 0.5
ACTIVE = 0.01
"""Variance of its mean over examples from which on a latent number says something about them
(Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519)."""


class LatentTask(Task):
    """Channels of the input as the network is given them, by way of a latent.

    The loss is the bound on the negative logarithm of the likelihood (Kingma & Welling 2013,
    arXiv:1312.6114), each example's its own: neither batches nor ranks change it. Outside training
    the latent is its mean, so that the loss of validation is that of the mean.

    Parameters
    ----------
    channels
        Channels of the input to give back; all of them where absent.
    side
        Pixels a side of the input; the dataset's where absent.
    size
        Numbers of the latent, and those of the baselines beside it.
    loss
        "gaussian": each channel errs by a noise of its own, that the network learns; in nats a
        pixel. It suits a stretched flux, whose noise does not grow with the light. "printed": the
        original's sum of squared errors and divergence.
    free_bits
        Information, in bits, that each number of the latent carries for nothing, so that none is
        given up early (Kingma et al. 2016, arXiv:1606.04934); 0.5, and none as printed, where
        absent.

    Raises
    ------
    InputError
        If a setting is not allowed.
    """

    averaged = False  # eight turned copies would take eight latents
    scores: ClassVar = {
        "mse": False,
        "explained_variance": True,
        "divergence": False,
        "active_units": True,
    }

    def __init__(
        self,
        channels: Sequence[str],
        side: int,
        size: int = 35,
        loss: str = "gaussian",
        free_bits: float | None = None,
    ):
        if loss not in LOSSES:
            raise unknown("task.loss", loss, LOSSES)
        if size < 1:
            raise InputError(f"task.size: {size} must be at least 1")
        if free_bits is None:
            free_bits = 0.0 if loss == "printed" else FREE_BITS
        if not free_bits >= 0:
            raise InputError(f"task.free_bits: {free_bits} must be 0 or more")
        self.head, self.outputs, self.target = loss, len(channels), {"input": list(channels)}
        self.side, self.size = side, size
        self.free = free_bits * math.log(2)

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add channels and side of the input."""
        return {"channels": dataset.x_channels, "side": dataset.x_shape[0]} | dict(settings)

    def parts(self, output: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Take rows that the network gives apart.

        Returns
        -------
        tuple of tensor
            Images (b, channels, side, side), mean and logarithm of the variance of the latent
            (b, size), logarithm of the variance of the noise (b, channels).
        """
        pixels = self.outputs * self.side**2
        given, *rest = output.split([pixels, self.size, self.size, self.outputs], 1)
        return given.view(-1, self.outputs, self.side, self.side), *rest

    def loss(self, output, y):
        given, mean, log_variance, noise = self.parts(output)
        squares = (given - y).square().flatten(2)
        divergence = divergences(mean, log_variance).clamp(min=self.free).sum(1)
        if self.head == "printed":
            return squares.sum((1, 2)) + divergence
        pixels = math.log(2 * math.pi) + noise + squares.mean(2) * torch.exp(-noise)
        return 0.5 * pixels.mean(1) + divergence / y[0].numel()

    def sums(self, output, y):
        given, mean, log_variance, _ = self.parts(output)
        mean = mean.double()
        return {
            **error_sums(given, y),
            "count": mean.new_tensor(len(mean)),
            "divergence": divergences(mean, log_variance.double()).sum(),
            "mean": mean.sum(0),
            "mean2": mean.square().sum(0),
        }

    def metrics(self, sums):
        """Return the scores of the images, and what the latent holds.

        ``divergence`` is that of the latent from the unit Gaussian, in nats an example, and
        ``active_units`` the count of its numbers that tell examples apart.
        """
        count = sums["count"]
        variance = sums["mean2"] / count - (sums["mean"] / count).square()
        return {
            **errors(sums),
            "divergence": (sums["divergence"] / count).item(),
            "active_units": float((variance > ACTIVE).sum().item()),
        }

    def predict(self, output):
        """Return ``reconstruction``, (b, channels, h, w), and ``latent`` and ``latent_variance``.

        The latter are the mean and the variance of the latent's numbers, (b, size); the former is
        in the input's scaled units.
        """
        given, mean, log_variance, _ = self.parts(output)
        found = {
            "reconstruction": given,
            "latent": mean,
            "latent_variance": log_variance.exp(),
        }
        return {name: values.cpu().numpy() for name, values in found.items()}

    def observed(self, y):
        return y.cpu().numpy()


def divergences(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return the divergence, in nats, of Gaussians from the one of mean 0 and variance 1."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
