"""Prediction of galaxy parameters, with intervals, for images of any pixel scale."""

import numpy as np

from cosmodag.evaluation.number_prediction import calibrated_numbers
from cosmodag.evaluation.trained_run import TrainedRun

LEVEL = "68"


def predict_parameters(run: TrainedRun, x: np.ndarray, pixel: float) -> dict[str, np.ndarray]:
    """Predict parameters with their 68 % intervals, see `calibrated_numbers`.

    Parameters
    ----------
    run : TrainedRun
        Run of the task count or regression.
    x : numpy.ndarray, shape (N, S, S, C)
        Images as in the dataset of the run.
    pixel : float
        Pixel scale of the images in arcsec, before they were resized.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,)
        The mean of each column of the task, and with the endings `_low` and `_high` its interval.
    """
    ratio = pixel / run.dataset["examples"][0]["pixel"]
    columns = {}
    for column, numbers in calibrated_numbers(run, run.predict(x)).items():
        low, high = numbers.intervals[LEVEL]
        for ending, values in (("", numbers.mean), ("_low", low), ("_high", high)):
            columns[f"{column}{ending}"] = rescale(column, values, ratio)
    return columns


def rescale(column: str, values: np.ndarray, ratio: float) -> np.ndarray:
    """Convert predictions to images of another pixel scale than those of training.

    A network sees pixels only, so angular sizes scale with the pixel scale. Magnitudes and other
    parameters do not change.

    Parameters
    ----------
    column : str
        Name of the parameter.
    values : numpy.ndarray, shape (N,)
        Predictions at the pixel scale of training.
    ratio : float
        Pixel scale of the images divided by that of training.

    Returns
    -------
    numpy.ndarray, shape (N,)

    Examples
    --------
    >>> rescale("radius", np.array([0.5]), 2.0)
    array([1.])
    """
    if column == "radius":
        return values * ratio
    return values + np.log10(ratio) if column == "log_radius" else values
