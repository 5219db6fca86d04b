"""What a trained run predicts of each slice, with calibrated probabilities and intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cosmodag.evaluation.class_scores import value_intervals
from cosmodag.evaluation.conformal import Intervals, intervals, reaches
from cosmodag.evaluation.number_prediction import calibrated_numbers
from cosmodag.evaluation.ordered_evaluation import class_values
from cosmodag.evaluation.trained_run import TrainedRun

IONIZED = "ionized_fraction"
"""Mean probability that a pixel of a slice is ionized, of runs of the task map."""


@dataclass(frozen=True)
class Quantity:
    """Predictions of one quantity for N slices, or for one cube.

    Attributes
    ----------
    name : str
        Such as "redshift".
    mean : numpy.ndarray, shape (N,)
        Expected value.
    intervals : dict from str to pair of numpy.ndarray, shape (N,)
        Lower and upper ends of the 68 % and the 95 % interval, by "68" and "95".
    probability : numpy.ndarray, shape (N, K), or None
        Calibrated probability of each value, of runs of classes.
    values : tuple of float
        The K values, ascending.
    """

    name: str
    mean: np.ndarray
    intervals: Intervals
    probability: np.ndarray | None = None
    values: tuple[float, ...] = ()

    @classmethod
    def of_classes(cls, name: str, probability: np.ndarray, values: Sequence[float]) -> "Quantity":
        """Return a quantity from the probability of each of its values.

        Parameters
        ----------
        name : str
            Name of the quantity.
        probability : numpy.ndarray, shape (N, K)
            Probability of each value.
        values : sequence of float, length K
            Values, ascending. Each stands for the range to the middles between it and its
            neighbours.
        """
        mean = probability @ np.asarray(values, np.float64)
        ends = value_intervals(probability, values)
        return cls(name, mean, ends, probability, tuple(values))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of a table: mean, ends of intervals, and probabilities."""
        columns = {self.name: self.mean}
        for level, (low, high) in self.intervals.items():
            columns |= {f"{self.name}_low_{level}": low, f"{self.name}_high_{level}": high}
        if self.probability is not None:
            columns |= {
                f"p_{self.name}_{value:g}": each
                for value, each in zip(self.values, self.probability.T)
            }
        return columns


def predict_quantities(run: TrainedRun, predicted: Mapping[str, np.ndarray]) -> dict[str, Quantity]:
    """Return the quantities that a run predicts of slices.

    Probabilities are divided by the temperature that was fitted on the validation split. Intervals
    of numbers are those that contain 68 and 95 % of the validation split.

    Parameters
    ----------
    run : TrainedRun
        Run of a task of `slice_run.TASKS`.
    predicted : mapping from str to numpy.ndarray
        As `TrainedRun.predict` returns it.

    Returns
    -------
    dict from str to Quantity
        By column of the task: each column of classes, each number, or the ionized fraction.
    """
    task = run.description["task"]
    if task["name"] == "map":
        valid = run.validation
        truth, known, mean = (
            each.mean(axis=(1, 2, 3), dtype=np.float64)
            for each in (valid["y"], valid["probability"], predicted["probability"])
        )
        return {IONIZED: Quantity(IONIZED, mean, intervals(mean, 1.0, reaches(truth, known, 1.0)))}
    if "columns" in task and task["name"] != "ordinal":
        return {
            column: Quantity(column, numbers.mean, numbers.intervals)
            for column, numbers in calibrated_numbers(run, predicted).items()
        }
    return {
        column: Quantity.of_classes(column.removesuffix("_class"), probability, values)
        for (column, values), probability in zip(
            class_values(task).items(), split_classes(task, predicted["probability"])
        )
    }


def split_classes(task: Mapping, probability: np.ndarray) -> list[np.ndarray]:
    """Return the probabilities (N, K) of each column of classes, which are side by side."""
    ends = np.cumsum([len(values) for values in class_values(task).values()])[:-1]
    return np.split(probability, ends, axis=1)
