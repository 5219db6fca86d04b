"""Classification into two or more classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.training.calibration import fit_class_temperature
from cosmodag.training.task import Task

N_BINS = 1000
"""Bins of the probability; scores within a bin count as equal in the area under the ROC curve."""


class ClassificationTask(Task):
    """Classification, scored by accuracy and, for two classes, the area under the ROC curve.

    Parameters
    ----------
    column : str
        Index column of the class of each example, from 0.
    classes : int
        Number of classes; follows from the dataset where it defines their values.
    values : sequence of float, optional
        Values of the classes, such as redshifts, ascending. Probabilities are then calibrated on
        the validation split. A two-sample test needs no calibration, since it uses ranks only.
    """

    head = "scalars"

    def __init__(self, column: str, classes: int, values: Sequence[float] | None = None):
        self.calibrates = values is not None
        self.outputs, self.target = classes, {"columns": [column]}
        self.scores = {"accuracy": True} | ({"auc": True} if classes == 2 else {})

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Add number and values of the classes where the dataset defines them."""
        if "values" in settings:
            return dict(settings)
        values = dataset.class_values(settings["column"])
        if values is None:
            return dict(settings)
        if settings.get("classes", len(values)) != len(values):
            raise InputError(
                f"task.classes: {settings['classes']}, but the dataset's {settings['column']} has "
                f"{len(values)} values; leave it out"
            )
        return dict(settings) | {"classes": len(values), "values": values}

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the cross entropy of each example, (b,)."""
        return functional.cross_entropy(output, y[:, 0].long(), reduction="none")

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return counts of examples, correct ones, and probabilities by class and bin."""
        label = y[:, 0].long()
        correct = (output.argmax(1) == label).double().sum()
        sums = {"right": correct, "n": correct.new_tensor(len(y))}
        if "auc" in self.scores:
            bins = (output.softmax(1)[:, 1] * N_BINS).long().clamp(max=N_BINS - 1)
            counts = torch.bincount(label * N_BINS + bins, minlength=2 * N_BINS)
            sums["counts"] = counts.view(2, N_BINS).double()
        return sums

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the accuracy and, for two classes, the AUC, 0.5 where a class is missing."""
        scores = {"accuracy": (sums["right"] / sums["n"]).item()}
        if "auc" in self.scores:
            zeros, ones = sums["counts"]
            pairs = zeros.sum() * ones.sum()
            above = (ones * (zeros.cumsum(0) - zeros / 2)).sum()
            scores["auc"] = (above / pairs).item() if pairs else 0.5
        return scores

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``logit`` and ``probability``, (b, classes)."""
        return {"logit": output.cpu().numpy(), "probability": output.softmax(1).cpu().numpy()}

    def fit_temperature(self, logit: np.ndarray, y: np.ndarray) -> float:
        """Return the temperature of the least cross entropy."""
        return fit_class_temperature(logit, y)

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Return the probability of each class, (b, classes)."""
        return self.distribution(torch.from_numpy(logit)).numpy()

    def distribution(self, output: torch.Tensor) -> torch.Tensor:
        """Return the probability of each class, (b, classes)."""
        return output.softmax(1)

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the class of each example, (b,)."""
        return y[:, 0].long().cpu().numpy()
