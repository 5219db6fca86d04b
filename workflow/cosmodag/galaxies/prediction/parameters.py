"""Parameters that a network reads off images of another instrument, with their intervals."""

import numpy as np

from cosmodag.evaluation.conformal import intervals, reaches
from cosmodag.evaluation.trained_run import TrainedRun

LEVEL = "68"


def parameters_told(run: TrainedRun, x: np.ndarray, pixel: float) -> dict[str, np.ndarray]:
    """Predict parameters with the ends of their 68 % intervals.

    Intervals reach as many predicted standard deviations, or errors where none are predicted, to
    either side as hold 68 % of the validation split, see `conformal`.

    Parameters
    ----------
    run
        A run of numbers.
    x : numpy.ndarray, shape (N, S, S, C)
        Images as its dataset holds them.
    pixel
        Arcsec a pixel of the images before they were brought to one size.

    Returns
    -------
    dict of numpy.ndarray, shape (N,)
        Of each column of the task its mean, and with the endings `_low` and `_high` its interval.
    """
    found, valid = run.predict(x), run.validation
    ratio = pixel / run.dataset["examples"][0]["pixel"]
    columns = {}
    for number, column in enumerate(run.description["task"]["columns"]):
        spread, on_valid = (
            each["std"][:, number] if "std" in each else 1.0 for each in (found, valid)
        )
        reach = reaches(valid["y"][:, number], valid["mean"][:, number], on_valid)
        mean = found["mean"][:, number]
        low, high = intervals(mean, spread, reach)[LEVEL]
        for ending, values in (("", mean), ("_low", low), ("_high", high)):
            columns[f"{column}{ending}"] = at_scale(column, values, ratio)
    return columns


def at_scale(column: str, values: np.ndarray, ratio: float) -> np.ndarray:
    """Return a parameter read off images whose pixels are so many times those of training.

    Images of the same pixels are the same to a network: an angle grows with what a pixel spans, and
    nothing else changes, magnitudes being those of fluxes.
    """
    if column == "radius":
        return values * ratio
    return values + np.log10(ratio) if column == "log_radius" else values
