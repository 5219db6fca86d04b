"""One of several classes."""

import torch
from torch.nn import functional

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
        How many there are.
    """

    head = "scalars"

    def __init__(self, column: str, classes: int):
        self.outputs, self.target = classes, {"columns": [column]}
        self.scores = {"accuracy": True} | ({"auc": True} if classes == 2 else {})

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

    def observed(self, y):
        return y[:, 0].long().cpu().numpy()
