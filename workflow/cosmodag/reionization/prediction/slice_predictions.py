"""What a trained run predicts of each slice, with calibrated probabilities and intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cosmodag.evaluation.class_scores import value_intervals
from cosmodag.evaluation.conformal import Intervals, intervals, reaches
from cosmodag.evaluation.number_prediction import calibrated_numbers
from cosmodag.evaluation.ordered_evaluation import class_values
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.reionization.prediction.slice_posteriors import slice_posteriors

DISTRIBUTIONS = ("ordinal", "classification", "posterior")
"""Tasks whose predictions are distributions over values."""
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
    is_continuous : bool
        Whether values are the middles of bins of a continuous quantity, whose probabilities are not
        listed in tables.
    """

    name: str
    mean: np.ndarray
    intervals: Intervals
    probability: np.ndarray | None = None
    values: tuple[float, ...] = ()
    is_continuous: bool = False

    @classmethod
    def of_classes(
        cls,
        name: str,
        probability: np.ndarray,
        values: Sequence[float],
        *,
        is_continuous: bool = False,
    ) -> "Quantity":
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
        is_continuous : bool
            Whether they are bins of a continuous quantity.
        """
        mean = probability @ np.asarray(values, np.float64)
        ends = value_intervals(probability, values)
        return cls(name, mean, ends, probability, tuple(values), is_continuous)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of a table: mean, ends of intervals, and probabilities."""
        columns = {self.name: self.mean}
        for level, (low, high) in self.intervals.items():
            columns |= {f"{self.name}_low_{level}": low, f"{self.name}_high_{level}": high}
        if self.probability is not None and not self.is_continuous:
            columns |= {
                f"p_{self.name}_{value:g}": each
                for value, each in zip(self.values, self.probability.T)
            }
        return columns


def predict_quantities(run: TrainedRun, predicted: Mapping[str, np.ndarray]) -> dict[str, Quantity]:
    """Return the quantities that a run predicts of slices.

    Probabilities are divided by the temperature that was fitted on the validation split. Intervals
    of numbers are those that contain 68 and 95 % of the validation split. Posteriors are widened
    and moved as the validation split asks for.

    Parameters
    ----------
    run : TrainedRun
        Run of a task of `slice_run.TASKS`.
    predicted : mapping from str to numpy.ndarray
        As `TrainedRun.predict` returns it.

    Returns
    -------
    dict from str to Quantity
        By column of the task: each column of classes, each number, each parameter of a posterior,
        or the ionized fraction.
    """
    task = run.description["task"]
    if task["name"] == "map":
        valid = run.validation
        truth, known, mean = (
            each.mean(axis=(1, 2, 3), dtype=np.float64)
            for each in (valid["y"], valid["probability"], predicted["probability"])
        )
        return {IONIZED: Quantity(IONIZED, mean, intervals(mean, 1.0, reaches(truth, known, 1.0)))}
    if "columns" in task and task["name"] not in DISTRIBUTIONS:
        return {
            column: Quantity(column, numbers.mean, numbers.intervals)
            for column, numbers in calibrated_numbers(run, predicted).items()
        }
    return {
        column: each.quantity(each.probability)
        for column, each in distributions(run, predicted).items()
    }


@dataclass(frozen=True)
class Distributions:
    """Distributions over the values of one quantity, of M slices.

    Attributes
    ----------
    name : str
        Name of the quantity.
    probability : numpy.ndarray, shape (M, K)
        Probability of each value.
    values : tuple of float
        The K values, ascending.
    is_continuous : bool
        Whether values are the middles of bins.
    truth : numpy.ndarray, shape (M,), int, or None
        Number of the true value of each slice, where it is known.
    """

    name: str
    probability: np.ndarray
    values: tuple[float, ...]
    is_continuous: bool = False
    truth: np.ndarray | None = None

    def quantity(self, probability: np.ndarray) -> Quantity:
        """Return the quantity with other probabilities of its values."""
        return Quantity.of_classes(
            self.name, probability, self.values, is_continuous=self.is_continuous
        )


def distributions(run: TrainedRun, predicted: Mapping[str, np.ndarray]) -> dict[str, Distributions]:
    """Return the distributions that a run of a task in `DISTRIBUTIONS` predicts of slices.

    Parameters
    ----------
    run : TrainedRun
    predicted : mapping from str to numpy.ndarray
        As `TrainedRun.predict` returns it, or its `validation`, which contains the truth.

    Returns
    -------
    dict from str to Distributions
        By column of the task.
    """
    task, y = run.description["task"], predicted.get("y")
    if task["name"] == "posterior":
        posteriors = slice_posteriors(run, predicted)
        bins = None if y is None else posteriors.bins(y)
        return {
            column: Distributions(
                column, probability, tuple(values), True, None if bins is None else bins[:, number]
            )
            for number, (column, probability, values) in enumerate(
                zip(posteriors.columns, posteriors.marginals(), posteriors.values.tolist())
            )
        }
    classes = class_values(task)
    ends = np.cumsum([len(values) for values in classes.values()])[:-1]
    truth = None if y is None else y.reshape(len(y), -1).astype(int)
    return {
        column: Distributions(
            column.removesuffix("_class"),
            probability,
            tuple(values),
            truth=None if truth is None else truth[:, number],
        )
        for number, ((column, values), probability) in enumerate(
            zip(classes.items(), np.split(predicted["probability"], ends, axis=1))
        )
    }
