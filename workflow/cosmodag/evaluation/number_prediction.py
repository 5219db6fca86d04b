"""Numbers that a trained run predicts for new inputs, with calibrated intervals."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cosmodag.evaluation.conformal import Intervals, intervals, reaches
from cosmodag.evaluation.trained_run import TrainedRun


class PredictedNumbers(NamedTuple):
    """Predictions of one number.

    Attributes
    ----------
    mean : numpy.ndarray, shape (N,)
        Predicted mean in the unit of the training set.
    intervals : dict from str to pair of numpy.ndarray, shape (N,)
        Lower and upper ends of the 68 % and the 95 % interval, by "68" and "95".
    """

    mean: np.ndarray
    intervals: Intervals


def calibrated_numbers(
    run: TrainedRun, predicted: Mapping[str, np.ndarray]
) -> dict[str, PredictedNumbers]:
    """Return predicted numbers with their intervals.

    The half-width of an interval is the predicted standard deviation, or 1 if the network predicts
    none, times the factor with which intervals contain 68 or 95 % of the validation split, see
    `cosmodag.evaluation.conformal`.

    Parameters
    ----------
    run : TrainedRun
        Run of the task count or regression.
    predicted : mapping from str to numpy.ndarray, shape (N, K)
        As `TrainedRun.predict` returns it: `mean`, and `std` if the network predicts it.

    Returns
    -------
    dict from str to PredictedNumbers
        By column of the task.
    """
    valid, numbers = run.validation, {}
    for index, column in enumerate(run.description["task"]["columns"]):
        std, valid_std = (
            prediction["std"][:, index] if "std" in prediction else 1.0
            for prediction in (predicted, valid)
        )
        factors = reaches(valid["y"][:, index], valid["mean"][:, index], valid_std)
        mean = predicted["mean"][:, index]
        numbers[column] = PredictedNumbers(mean, intervals(mean, std, factors))
    return numbers
