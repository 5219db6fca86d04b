"""Matching of slices to their counterparts among slices of the same class."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from cosmodag.training.task import Task


class MatchingTask(Task):
    """Pairs of vectors whose scalar product is the logit of a match.

    The loss is the cross entropy of identifying an example's second slice from its first, and its
    first from its second, among the examples of a batch (van den Oord, Li & Vinyals 2018,
    arXiv:1807.03748). Only examples of the same class are compared, so that differences between
    classes, such as redshifts, do not help.

    Parameters
    ----------
    columns : sequence of str
        Index columns of the class; candidates agree in all of them.
    embedding_dim : int
        Components of a vector.
    candidates : int
        Number of examples among which a counterpart is identified in the test.
    """

    head = "scalars"
    scores: Mapping[str, bool] = {"top_1": True}

    def __init__(self, columns: Sequence[str], embedding_dim: int = 1024, candidates: int = 32):
        self.outputs, self.target = 2 * embedding_dim, {"columns": list(columns)}
        self.candidates = candidates

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the symmetric contrastive loss of each example, (b,)."""
        logit = self._logits(output, y)
        match = logit.diagonal()
        return 0.5 * (logit.logsumexp(1) - match + logit.logsumexp(0) - match)

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the number of examples and of those whose best candidate is the match."""
        number = torch.arange(len(y), device=y.device)
        correct = (self._logits(output, y).argmax(1) == number).double().sum()
        return {"right": correct, "n": correct.new_tensor(len(y))}

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the fraction of slices whose match is the best candidate of their batch."""
        return {"top_1": (sums["right"] / sums["n"]).item()}

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``embedding``, (b, 2 embedding_dim): both vectors of each example."""
        return {"embedding": output.cpu().numpy()}

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the class of each example, (b, columns)."""
        return y.cpu().numpy()

    @staticmethod
    def _logits(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return logits of each first with each second slice, minus infinity across classes."""
        first, second = output.chunk(2, dim=1)
        same_class = (y[:, None] == y[None]).all(2)
        return (first @ second.T).masked_fill(~same_class, -torch.inf)
