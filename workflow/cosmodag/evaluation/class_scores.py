"""Scores of distributions over classes that stand for values, with intervals over groups.

All follow from sums over examples, formed once per group. An interval of a distribution over few
classes cannot contain just 68 %: how often it contains the truth is counted by the probability
integral transform of discrete predictions (Czado, Gneiting & Held 2009, Biometrics 65, 1254), in
which the truth is spread evenly over its class.
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.evaluation import bootstrap

LEVELS = {"68": 0.6827, "95": 0.9545}
CALIBRATION_BINS = 10

LIMITS = {
    "accuracy": (0, 1),
    "mae": (0, np.inf),
    "mae_skill": (-np.inf, 1),
    "crps": (0, np.inf),
    "log_loss": (0, np.inf),
    "coverage_68": (0, 1),
    "coverage_95": (0, 1),
    "expected_calibration_error": (0, 1),
}


def class_sums(
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    values: Sequence[float],
    guess: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return sums over the examples of each group, in sorted order.

    Parameters
    ----------
    probability : array of shape (N, K)
        Of each class.
    truth : integer array of shape (N,)
        The class of each example.
    groups : array of shape (N,)
    values : sequence of K floats
        What the classes stand for, ascending.
    guess : float
        The prediction without any information: the training split's median.

    Returns
    -------
    tuple of array
        (G, 8): number, hits of the likeliest class, absolute errors of the median and of the guess,
        continuous ranked probability scores, log losses, hits of the 68 and 95 % intervals. And
        (G, bins, 3): number, probability and hits of the likeliest class by its probability.
    """
    p, values = np.asarray(probability, np.float64), np.asarray(values, np.float64)
    truth = np.asarray(truth).astype(int)
    cumulated, rows = np.minimum(p.cumsum(1), 1.0), np.arange(len(p))
    likeliest = p.argmax(1)
    right = likeliest == truth
    error = np.abs(median_value(p, values) - values[truth])
    # The integral of (F(x) - [x >= truth])² over the steps of F (Gneiting & Raftery 2007).
    beyond = np.arange(len(values) - 1) >= truth[:, None]
    crps = ((cumulated[:, :-1] - beyond) ** 2 @ np.diff(values)).ravel()
    own = p[rows, truth]
    columns = [np.ones(len(p)), right, error, np.abs(guess - values[truth]), crps]
    columns.append(-np.log(np.maximum(own, 1e-12)))
    columns += [_inside(cumulated[rows, truth] - own, own, level) for level in LEVELS.values()]
    sure = p[rows, likeliest]
    bins = np.minimum((sure * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    calibration = np.zeros((len(p), CALIBRATION_BINS, 3))
    calibration[rows, bins] = np.stack([np.ones(len(p)), sure, right], 1)
    return tuple(bootstrap.group_sums(groups, each) for each in (np.stack(columns, 1), calibration))


def scores(totals: np.ndarray, calibration: np.ndarray) -> dict[str, np.ndarray]:
    """Every score of R sets of totals, each of shape (R,).

    `mae` is the mean absolute error of the median in units of the value, `mae_skill` the part of
    the guess's error that it saves.
    """
    n, right, error, guess, crps, log_loss, *inside = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "accuracy": right / n,
            "mae": error / n,
            "mae_skill": np.where(guess > 0, 1 - error / guess, np.nan),
            "crps": crps / n,
            "log_loss": log_loss / n,
            **{f"coverage_{name}": hits / n for name, hits in zip(LEVELS, inside)},
            "expected_calibration_error": np.abs(calibration[..., 1] - calibration[..., 2]).sum(1)
            / n,
        }


def class_draws(
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    values: Sequence[float],
    guess: float,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> bootstrap.Draws:
    """All scores of one predictor with replicas over groups; see `class_sums` and `scores`."""
    sums = class_sums(probability, truth, groups, values, guess)
    return bootstrap.draw(scores, sums, replicas=replicas, seed=seed)


def hits_by(
    probability: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    covariate: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> list[dict]:
    """Accuracy at each value of a covariate, such as the redshift: `at`, `value`, `low`, `high`."""
    places, code = np.unique(covariate, return_inverse=True)
    counted = np.zeros((len(truth), len(places), 2))
    right = np.asarray(probability).argmax(1) == truth
    counted[np.arange(len(truth)), code] = np.stack([np.ones(len(truth)), right], 1)

    def accuracy(total: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {str(i): total[:, i, 1] / total[:, i, 0] for i in range(len(places))}

    sums = (bootstrap.group_sums(groups, counted),)
    draws = bootstrap.draw(accuracy, sums, replicas=replicas, seed=seed)
    found = draws.intervals({str(i): (0, 1) for i in range(len(places))})
    return [{"at": float(place), **found[str(i)]} for i, place in enumerate(places)]


def confusion(probability: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """Number of examples of each true class (row) that are taken for each class (column)."""
    count = np.zeros((classes, classes), int)
    np.add.at(count, (np.asarray(truth, int), np.asarray(probability).argmax(1)), 1)
    return count


def median_value(probability: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The value (N,) whose class reaches half of the probability: of least expected error."""
    half = np.asarray(probability, np.float64).cumsum(1) < 0.5 - 1e-9
    return np.asarray(values)[np.minimum(half.sum(1), len(values) - 1)]


def value_intervals(
    probability: np.ndarray, values: Sequence[float]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Central intervals of 68 and 95 % with each class spread evenly over its cell of values."""
    values = np.asarray(values, np.float64)
    middle = (values[1:] + values[:-1]) / 2
    edges = np.r_[2 * values[0] - middle[0], middle, 2 * values[-1] - middle[-1]]
    cumulated = np.pad(np.asarray(probability, np.float64).cumsum(1), ((0, 0), (1, 0)))
    cumulated /= cumulated[:, -1:]
    return {
        name: tuple(
            np.array([np.interp(at, each, edges) for each in cumulated])
            for at in ((1 - level) / 2, (1 + level) / 2)
        )
        for name, level in LEVELS.items()
    }


def _inside(below: np.ndarray, own: np.ndarray, level: float) -> np.ndarray:
    """Part of the truth's own probability that lies in the central interval of a level."""
    low, high = (1 - level) / 2, (1 + level) / 2
    overlap = np.minimum(below + own, high) - np.maximum(below, low)
    impossible = (below >= low) & (below <= high)
    return np.where(own > 0, np.clip(overlap, 0, None) / np.maximum(own, 1e-300), impossible)
