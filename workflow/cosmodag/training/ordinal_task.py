"""Classes in an order, such as the redshifts of a grid, with the uncertainty of each example.

The continuation-ratio model of ordered classes (Fienberg 1980, The Analysis of Cross-Classified
Categorical Data, chapter 6), which Shi, Cao & Raschka 2021 (arXiv:2111.08851, CORN) brought to
networks: an output for each class but the last is the logit of lying beyond it, given that one has
come so far. The product of the answers is a distribution over the classes whose cumulated
probabilities never cross, and the loss is its cross entropy.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

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
    columns
        Columns of classes, from 0.
    values
        What the classes of each column stand for, ascending; from the dataset where absent.
    """

    head = "scalars"
    calibrates = True
    scores: ClassVar = {"accuracy": True, "class_error": False}

    def __init__(self, columns: Sequence[str], values: Sequence[Sequence[float]]):
        if len(columns) != len(values) or any(len(each) < 2 for each in values):
            raise InputError("task.values: each column needs two or more values of its classes")
        self.target = {"columns": list(columns)}
        self.classes = [len(each) for each in values]
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

    def loss(self, output, y):
        return sum(
            functional.binary_cross_entropy_with_logits(
                logit, beyond.to(logit.dtype), weight=asked.to(logit.dtype), reduction="none"
            ).sum(1)
            for logit, (asked, beyond) in zip(self._parts(output), self._questions(y))
        )

    def sums(self, output, y):
        labels = y.long().unbind(1)
        sums = {"right": 0, "error": 0, "n": output.new_tensor(len(y), dtype=torch.float64)}
        for logit, label in zip(self._parts(output), labels):
            probability = ordered_probability(logit.double())
            median = (probability.cumsum(1) < 0.5).sum(1)
            sums["right"] += (probability.argmax(1) == label).double().sum()
            sums["error"] += (median - label).abs().double().sum()
        return sums

    def metrics(self, sums):
        """Return the accuracy of the likeliest and the error of the median class, in classes."""
        n = sums["n"] * len(self.classes)
        return {
            "accuracy": (sums["right"] / n).item(),
            "class_error": (sums["error"] / n).item(),
        }

    def predict(self, output):
        """Return ``probability``, the classes of all columns side by side."""
        logit = output.cpu().numpy()
        return {"logit": logit, "probability": self.probability(logit)}

    def probability(self, logit):
        return self.distribution(torch.from_numpy(logit)).numpy()

    def distribution(self, output: torch.Tensor) -> torch.Tensor:
        """Return the probability of the classes of all columns side by side, (b, classes)."""
        return torch.cat([ordered_probability(part) for part in self._parts(output)], 1)

    def fit_temperature(self, logit, y):
        pairs = []
        for part, (asked, beyond) in zip(
            self._parts(torch.from_numpy(logit)), self._questions(torch.from_numpy(y))
        ):
            pairs.append((part[asked].numpy(), beyond[asked].numpy()))
        return fit_temperature(*(np.concatenate(each) for each in zip(*pairs)))

    def observed(self, y):
        return y.long().cpu().numpy()

    def _parts(self, output: torch.Tensor) -> Sequence[torch.Tensor]:
        """The logits of each column, (b, classes - 1)."""
        return output.split([classes - 1 for classes in self.classes], dim=1)

    def _questions(self, y: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """For each column whether each question is asked, and its answer, (b, classes - 1)."""
        for label, classes in zip(y.long().unbind(1), self.classes):
            step = torch.arange(classes - 1, device=y.device)
            yield step <= label[:, None], label[:, None] > step


def ordered_probability(logit: torch.Tensor) -> torch.Tensor:
    """Return the probability (b, K) of each class from the logits (b, K - 1) of going beyond."""
    come = functional.logsigmoid(logit).cumsum(1).exp()
    ends = (torch.ones_like(come[:, :1]), torch.zeros_like(come[:, :1]))
    come = torch.cat([ends[0], come, ends[1]], 1)
    return come[:, :-1] - come[:, 1:]
