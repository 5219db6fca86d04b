"""The input given back after it was squeezed through a few numbers."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch.nn import functional

from cosmodag.datasets.dataset import Dataset
from cosmodag.settings import unknown
from cosmodag.training.task import Task

LOSSES = ("cross_entropy", "squared")


class ReconstructionTask(Task):
    """Channels of the input as the network is given them.

    Parameters
    ----------
    channels
        Channels of the input to give back; all of them where absent.
    loss
        "cross_entropy" of inputs between 0 and 1 (transform "unit"), as in the original; or
        "squared".
    size
        Numbers that an example is squeezed into, for baselines of the same size; an eighth of those
        of the input, as in the original, where absent.
    """

    head = "map"
    averaged = False  # eight turned copies would take eight encodings
    scores: ClassVar = {"mse": False, "explained_variance": True}

    def __init__(
        self, channels: Sequence[str], loss: str = "cross_entropy", size: int | None = None
    ):
        if loss not in LOSSES:
            raise unknown("task.loss", loss, LOSSES)
        self.outputs, self.target = len(channels), {"input": list(channels)}
        self.kind = loss

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add the channels of the input."""
        return {"channels": dataset.x_channels} | dict(settings)

    def loss(self, output, y):
        if self.kind == "squared":
            return (output - y).square().flatten(1).mean(1)
        # Values beyond the training split's range are no probabilities.
        pixels = functional.binary_cross_entropy_with_logits(
            output, y.clamp(0, 1), reduction="none"
        )
        return pixels.flatten(1).mean(1)

    def sums(self, output, y):
        return error_sums(self._given(output), y)

    def metrics(self, sums):
        return errors(sums)

    def predict(self, output):
        """Return ``reconstruction``, (b, channels, h, w) in the input's scaled units."""
        return {"reconstruction": self._given(output).cpu().numpy()}

    def observed(self, y):
        return y.cpu().numpy()

    def _given(self, output):
        return output if self.kind == "squared" else output.sigmoid()


def error_sums(given: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return sums over the pixels of a batch, from which `errors` follow."""
    given, y = given.double(), y.double()
    return {
        "n": y.new_tensor(y.numel()),
        "y": y.sum(),
        "y2": y.square().sum(),
        "residual2": (given - y).square().sum(),
    }


def errors(sums: dict[str, torch.Tensor]) -> dict[str, float]:
    """Return the mean squared error in the input's scaled units, and what it leaves of 1."""
    error = sums["residual2"] / sums["n"]
    variance = sums["y2"] / sums["n"] - (sums["y"] / sums["n"]).square()
    explained = 1 - error / variance if variance > 0 else 0 * error
    return {"mse": error.item(), "explained_variance": explained.item()}
