"""One of several classes."""

from collections.abc import Mapping, Sequence

import torch
from torch.nn import functional

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.training.calibration import fit_class_temperature
from cosmodag.training.task import Task

BINS = 1000
"""Of a probability, within which scores count as equal in the area under the ROC curve."""


class ClassificationTask(Task):
    """One of several classes, scored by accuracy and, two classes, the area under the ROC curve.

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

    def loss(self, output, y):
        return functional.cross_entropy(output, y[:, 0].long(), reduction="none")

    def sums(self, output, y):
        label = y[:, 0].long()
        right = (output.argmax(1) == label).double().sum()
        sums = {"right": right, "n": right.new_tensor(len(y))}
        if "auc" in self.scores:
            place = (output.softmax(1)[:, 1] * BINS).long().clamp(max=BINS - 1)
            counts = torch.bincount(label * BINS + place, minlength=2 * BINS)
            sums["counts"] = counts.view(2, BINS).double()
        return sums

    def metrics(self, sums):
        """Return the accuracy and the AUC, 0.5 where a class is missing."""
        found = {"accuracy": (sums["right"] / sums["n"]).item()}
        if "auc" in self.scores:
            zeros, ones = sums["counts"]
            pairs = zeros.sum() * ones.sum()
            above = (ones * (zeros.cumsum(0) - zeros / 2)).sum()
            found["auc"] = (above / pairs).item() if pairs else 0.5
        return found

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
