"""Which slice belongs to which, among slices of the same class."""

from collections.abc import Sequence
from typing import ClassVar

import torch

from cosmodag.training.task import Task


class MatchingTask(Task):
    """Pairs of unit vectors whose scalar product tells what belongs together.

    The loss is the cross entropy of finding an example's second slice by its first, and its first
    by its second, among the examples of a batch (van den Oord, Li & Vinyals 2018,
    arXiv:1807.03748). Only examples of the same class are set against each other: to tell redshifts
    apart is no part of the question.

    Parameters
    ----------
    columns
        Columns that candidates have in common.
    size
        Numbers of a vector.
    candidates
        Examples among which one is to be found in the test.
    """

    head = "scalars"
    scores: ClassVar = {"top_1": True}

    def __init__(self, columns: Sequence[str], size: int = 256, candidates: int = 32):
        self.outputs, self.target = 2 * size, {"columns": list(columns)}
        self.candidates = candidates

    def loss(self, output, y):
        logit = self._logits(output, y)
        right = logit.diagonal()
        return 0.5 * (logit.logsumexp(1) - right + logit.logsumexp(0) - right)

    def sums(self, output, y):
        place = torch.arange(len(y), device=y.device)
        right = (self._logits(output, y).argmax(1) == place).double().sum()
        return {"right": right, "n": right.new_tensor(len(y))}

    def metrics(self, sums):
        """Return how often the right slice is found among those of its class in its batch."""
        return {"top_1": (sums["right"] / sums["n"]).item()}

    def predict(self, output):
        """Return ``embedding``, (b, 2 size): both vectors of each example."""
        return {"embedding": output.cpu().numpy()}

    def observed(self, y):
        return y.cpu().numpy()

    @staticmethod
    def _logits(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Similarity of each first with each second slice, minus infinity across classes."""
        first, second = output.chunk(2, dim=1)
        alike = (y[:, None] == y[None]).all(2)
        return (first @ second.T).masked_fill(~alike, -torch.inf)
