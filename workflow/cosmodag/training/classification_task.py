"""One of several classes."""

from typing import ClassVar

from torch.nn import functional

from cosmodag.training.task import Task


class ClassificationTask(Task):
    """One of several classes.

    Parameters
    ----------
    column
        The target: the class of each example, from 0.
    classes
        How many there are.
    """

    head = "scalars"
    scores: ClassVar = {"accuracy": True}

    def __init__(self, column: str, classes: int):
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

    def observed(self, y):
        return y[:, 0].long().cpu().numpy()
