"""Reconstruction of the input from a small encoding."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from cosmodag.datasets.dataset import Dataset
from cosmodag.settings import unknown
from cosmodag.training.task import Task

LOSSES = ("cross_entropy", "squared")


class ReconstructionTask(Task):
    """Reconstruction of channels of the preprocessed input.

    Parameters
    ----------
    channels : sequence of str
        Channels of the input to reconstruct; by default all of the dataset's.
    loss : {"cross_entropy", "squared"}
        ``"cross_entropy"`` for inputs between 0 and 1 (transform ``unit``), as in S. Fay's study of
        ionization maps (MAIS 202, 2019); or ``"squared"``.
    latent_dim : int, optional
        Components of the encoding of baselines; by default an eighth of the number of input pixels,
        as in that study.

    Raises
    ------
    InputError
        If the loss is unknown.
    """

    head = "map"
    averaged = False  # eight turned copies would need eight encodings
    scores: Mapping[str, bool] = {"mse": False, "explained_variance": True}

    def __init__(
        self, channels: Sequence[str], loss: str = "cross_entropy", latent_dim: int | None = None
    ):
        if loss not in LOSSES:
            raise unknown("task.loss", loss, LOSSES)
        self.outputs, self.target = len(channels), {"input": list(channels)}
        self.loss_name = loss

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add the channels of the input."""
        return {"channels": dataset.x_channels} | dict(settings)

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of the pixels of each example, (b,)."""
        if self.loss_name == "squared":
            return (output - y).square().flatten(1).mean(1)
        # Values outside the training split's range are not probabilities.
        pixels = functional.binary_cross_entropy_with_logits(
            output, y.clamp(0, 1), reduction="none"
        )
        return pixels.flatten(1).mean(1)

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return sums over pixels, see `error_sums`."""
        return error_sums(self._reconstruction(output), y)

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return mean squared error and explained variance."""
        return error_scores(sums)

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``reconstruction``, (b, channels, h, w), in units of the preprocessed input."""
        return {"reconstruction": self._reconstruction(output).cpu().numpy()}

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the preprocessed input, (b, channels, h, w)."""
        return y.cpu().numpy()

    def _reconstruction(self, output: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction that the output stands for."""
        return output if self.loss_name == "squared" else output.sigmoid()


def error_sums(reconstruction: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return sums over the pixels of a batch from which `error_scores` follow.

    Parameters
    ----------
    reconstruction, y : torch.Tensor, shape (b, channels, h, w)
        Reconstruction and input.

    Returns
    -------
    dict of torch.Tensor, float64
        Count of pixels, sums of the input, of its square and of the squared residual.
    """
    reconstruction, y = reconstruction.double(), y.double()
    return {
        "n": y.new_tensor(y.numel()),
        "y": y.sum(),
        "y2": y.square().sum(),
        "residual2": (reconstruction - y).square().sum(),
    }


def error_scores(sums: dict[str, torch.Tensor]) -> dict[str, float]:
    """Return mean squared error, in units of the preprocessed input, and explained variance."""
    error = sums["residual2"] / sums["n"]
    variance = sums["y2"] / sums["n"] - (sums["y"] / sums["n"]).square()
    explained = 1 - error / variance if variance > 0 else 0 * error
    return {"mse": error.item(), "explained_variance": explained.item()}
