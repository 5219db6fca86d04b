"""Ordered classes, such as the redshifts of a grid, with the uncertainty of each example.

The continuation-ratio model of ordered classes (Fienberg 1980, The Analysis of Cross-Classified
Categorical Data, chapter 6), applied to networks by Shi, Cao & Raschka 2021 (arXiv:2111.08851,
CORN). Each output is the logit that the class is above k, given that it is at least k. The products
of these conditional probabilities are a distribution over the classes with monotonic cumulative
probabilities, and the loss is its cross entropy.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from cosmodag.datasets.dataset import CLASS_SUFFIX, Dataset
from cosmodag.errors import InputError
from cosmodag.training.calibration import fit_temperature
from cosmodag.training.task import Task


class OrdinalTask(Task):
    """One of several ordered classes, for each of one or more columns.

    Parameters
    ----------
    columns : sequence of str
        Index columns of classes, from 0.
    values : sequence of sequence of float
        Values of the classes of each column, ascending; they follow from the dataset.

    Raises
    ------
    InputError
        If a column has fewer than two values.
    """

    head = "scalars"
    calibrates = True
    scores: Mapping[str, bool] = {"accuracy": True, "class_error": False}

    def __init__(self, columns: Sequence[str], values: Sequence[Sequence[float]]):
        if len(columns) != len(values) or any(len(classes) < 2 for classes in values):
            raise InputError("task.values: each column needs two or more values of its classes")
        self.target = {"columns": list(columns)}
        self.classes = [len(classes) for classes in values]
        self.outputs = sum(self.classes) - len(self.classes)

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add the values of the classes of each column."""
        if "values" in settings:
            return dict(settings)
        values = {column: dataset.class_values(column) for column in settings["columns"]}
        for column, classes in values.items():
            if classes is None:
                raise InputError(
                    f"task.columns: the dataset defines no values for the classes of {column!r}; "
                    f"choose a column that ends in {CLASS_SUFFIX}"
                )
        return dict(settings) | {"values": list(values.values())}

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the sum over columns of the cross entropy of each example, (b,)."""
        losses = output.new_zeros(len(output))
        for logit, (relevant, above) in zip(self._split(output), self._conditions(y)):
            losses = losses + functional.binary_cross_entropy_with_logits(
                logit, above.to(logit.dtype), weight=relevant.to(logit.dtype), reduction="none"
            ).sum(1)
        return losses

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the number of examples, of correct classes, and the sum of the median's errors."""
        correct = error = output.new_tensor(0.0, dtype=torch.float64)
        for logit, label in zip(self._split(output), y.long().unbind(1)):
            probability = ordered_probability(logit.double())
            median = (probability.cumsum(1) < 0.5).sum(1)
            correct = correct + (probability.argmax(1) == label).double().sum()
            error = error + (median - label).abs().double().sum()
        return {"right": correct, "error": error, "n": correct.new_tensor(len(y))}

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the accuracy of the likeliest class and the error of the median, in classes."""
        n = sums["n"] * len(self.classes)
        return {
            "accuracy": (sums["right"] / n).item(),
            "class_error": (sums["error"] / n).item(),
        }

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``logit``, and ``probability``, the classes of all columns side by side."""
        logit = output.cpu().numpy()
        return {"logit": logit, "probability": self.probability(logit)}

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Return the probability of the classes of all columns side by side, (b, classes)."""
        return self.distribution(torch.from_numpy(logit)).numpy()

    def distribution(self, output: torch.Tensor) -> torch.Tensor:
        """Return the probability of the classes of all columns side by side, (b, classes)."""
        return torch.cat([ordered_probability(logit) for logit in self._split(output)], 1)

    def fit_temperature(self, logit: np.ndarray, y: np.ndarray) -> float:
        """Return the temperature of the least loss."""
        logits, answers = [], []
        columns = zip(self._split(torch.from_numpy(logit)), self._conditions(torch.from_numpy(y)))
        for column_logit, (relevant, above) in columns:
            logits.append(column_logit[relevant].numpy())
            answers.append(above[relevant].numpy())
        return fit_temperature(np.concatenate(logits), np.concatenate(answers))

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the class of each example in each column, (b, columns)."""
        return y.long().cpu().numpy()

    def _split(self, output: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return the logits of each column, (b, classes - 1)."""
        return output.split([classes - 1 for classes in self.classes], dim=1)

    def _conditions(self, y: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield per column whether the class is at least k, and whether it is above k."""
        for label, classes in zip(y.long().unbind(1), self.classes):
            k = torch.arange(classes - 1, device=y.device)
            yield k <= label[:, None], label[:, None] > k


def ordered_probability(logit: torch.Tensor) -> torch.Tensor:
    """Return the probability of each ordered class.

    Parameters
    ----------
    logit : torch.Tensor, shape (b, K - 1)
        Logits that the class is above k, given that it is at least k.

    Returns
    -------
    torch.Tensor, shape (b, K)
        Probabilities, which sum to 1.
    """
    above = functional.logsigmoid(logit).cumsum(1).exp()
    ends = (torch.ones_like(above[:, :1]), torch.zeros_like(above[:, :1]))
    above = torch.cat([ends[0], above, ends[1]], 1)
    return above[:, :-1] - above[:, 1:]
