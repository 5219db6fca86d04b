"""One of several classes."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch.nn import functional

from cosmodag.training.calibration import fit_class_temperature
from cosmodag.training.task import Task


class ClassificationTask(Task):
    """One of several classes.

    Parameters
    ----------
    column
        The target: the class of each example, from 0.
    classes
        How many there are; from the dataset where it says what they stand for.
    values
        What the classes stand for, ascending, such as redshifts. Their probabilities are calibrated
        on the validation split; those of a two-sample test need not be, which counts ranks alone.
    """

    head = "scalars"
    scores: ClassVar = {"accuracy": True}

    def __init__(self, column: str, classes: int, values: Sequence[float] | None = None):
        self.calibrates = values is not None
        self.outputs, self.target = classes, {"columns": [column]}

    def loss(self, output, y):
        return functional.cross_entropy(output, y[:, 0].long(), reduction="none")

    def sums(self, output, y):
        right = (output.argmax(1) == y[:, 0].long()).double().sum()
        return {"right": right, "n": right.new_tensor(len(y))}

    def metrics(self, sums):
        return {"accuracy": (sums["right"] / sums["n"]).item()}

    def predict(self, output):
        """Return ``probability``, (b, classes)."""
        return {"logit": output.cpu().numpy(), "probability": output.softmax(1).cpu().numpy()}

    def fit_temperature(self, logit, y):
        return fit_class_temperature(logit, y)

    def probability(self, logit):
        return self.distribution(torch.from_numpy(logit)).numpy()

    def distribution(self, output: torch.Tensor) -> torch.Tensor:
        """Return the probability of each class, (b, classes)."""
        return output.softmax(1)

    def observed(self, y):
        return y[:, 0].long().cpu().numpy()
