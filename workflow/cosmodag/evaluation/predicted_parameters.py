"""Parameters that a network reads off images of another instrument, with their intervals."""

import numpy as np

from cosmodag.evaluation.trained_run import TrainedRun

LEVEL = 0.6827


def parameters_told(run: TrainedRun, x: np.ndarray, pixel: float) -> dict[str, np.ndarray]:
    """Predict parameters with the ends of their 68 % intervals.

    Intervals reach as many predicted standard deviations, or errors where none are predicted, to
    either side as hold 68 % of the validation split.

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
        error = np.abs(valid["y"][:, number] - valid["mean"][:, number])
        if "std" in found:
            reach = reaching(error / valid["std"][:, number]) * found["std"][:, number]
        else:
            reach = reaching(error)
        mean = found["mean"][:, number]
        for ending, values in (("", mean), ("_low", mean - reach), ("_high", mean + reach)):
            columns[f"{column}{ending}"] = at_scale(column, values, ratio)
    return columns


def reaching(errors: np.ndarray) -> float:
    """Return the size that an error beside errors (N,) keeps to with a probability of 68 % or more.

    Of n errors that is the one of rank ⌈(n + 1) level⌉ (Papadopoulos et al. 2002, ECML, LNAI 2430,
    345), or the largest.
    """
    rank = int(np.ceil((len(errors) + 1) * LEVEL))
    return float(np.sort(errors)[min(rank, len(errors)) - 1])


def at_scale(column: str, values: np.ndarray, ratio: float) -> np.ndarray:
    """Return a parameter read off images whose pixels are so many times those of training.

    Images of the same pixels are the same to a network: an angle grows with what a pixel spans, and
    nothing else changes, magnitudes being those of fluxes.
    """
    if column == "radius":
        return values * ratio
    return values + np.log10(ratio) if column == "log_radius" else values
