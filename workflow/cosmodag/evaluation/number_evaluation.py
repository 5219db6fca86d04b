"""Numbers predicted by a network and by baselines, scored alike."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from cosmodag.evaluation import conformal, count_scores, figures
from cosmodag.evaluation.baselines.examples import Examples, Predictions, taken
from cosmodag.evaluation.verdict import joined, judged
from cosmodag.galaxies.evaluation import signal_figures, signal_scores


class Predictor(NamedTuple):
    """What one method says of one column of the test split.

    `mean` (N,), NaN where it was not asked; `intervals` around it; `reach`, how many predicted
    standard deviations these reach, see `conformal`.
    """

    mean: np.ndarray
    intervals: conformal.Intervals
    reach: dict[str, float]

    def of(self, rows: np.ndarray) -> "Predictor":
        """The same of some examples."""
        held = {name: (low[rows], high[rows]) for name, (low, high) in self.intervals.items()}
        return Predictor(self.mean[rows], held, self.reach)


Predicted = Mapping[str, Mapping[str, Predictor]]
"""By column and predictor, the network's under "network"."""


def evaluate_numbers(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of counts and other numbers.

    With several columns each score's name carries its column; the first column decides the verdict.
    A method that was asked of a sample of the test split, or of some columns, is scored apart,
    beside all others on the same examples. Where signal-to-noise is known, errors are told by it
    too.
    """
    test, options = examples["test"], {"replicas": replicas, "seed": seed}
    columns = list(task["columns"])
    predicted = {
        column: predictors(column, number, examples["valid"].y[:, number], found, fitted)
        for number, column in enumerate(columns)
    }
    asked = sampled(predicted)
    everyone = {
        c: {n: p for n, p in each.items() if n not in asked} for c, each in predicted.items()
    }
    scored = compared(everyone, test, columns, **options)
    samples = {}
    for name, rows in asked.items():
        some = {
            column: {n: p.of(rows) for n, p in each.items() if n == name or n not in asked}
            for column, each in predicted.items()
            if name in each
        }
        beside = compared(some, taken(test, rows), columns, rival=name, **options)
        samples[name] = {"n": len(rows), **beside}
    scored = joined(scored, samples)
    scored["reach"] = {c: {n: p.reach for n, p in each.items()} for c, each in predicted.items()}
    drawings: dict[str, Callable] = {}
    for number, (column, each) in enumerate(predicted.items()):
        mine = each["network"]
        drawings[f"numbers_{column}"] = figures.numbers_drawing(
            column, test.y[:, number], mine.mean, mine.intervals
        )
    for column, rows in scored["by_signal_to_noise"].items():
        curves = signal_figures.curves(column, rows, samples)
        drawings[f"signal_{column}"] = partial(
            signal_figures.by_signal, column=column, curves=curves
        )
    kept = {k: v for k, v in found["test"].items() if k in ("mean", "std", "dispersion")}
    return scored, kept | {"truth": test.y}, drawings


def predictors(
    column: str,
    number: int,
    truth: np.ndarray,
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
) -> dict[str, Predictor]:
    """All methods' predictions of a column, with intervals calibrated on validation's `truth`."""
    means = {split: found[split]["mean"][:, number] for split in ("valid", "test")}
    if "std" in found["test"]:
        spreads = {split: found[split]["std"][:, number] for split in means}
    else:  # a network that gives no spread takes its error on validation
        spreads = dict.fromkeys(means, float(np.sqrt(np.mean((truth - means["valid"]) ** 2))))
    methods = {"network": (means["valid"], means["test"], spreads["valid"], spreads["test"])}
    for name, each in fitted.items():
        if name.startswith(f"{column}:"):
            methods[name.removeprefix(f"{column}:")] = (each.valid, each.test, *2 * [each.spread])
    told = {}
    for name, (on_valid, on_test, valid_spread, test_spread) in methods.items():
        asked = np.isfinite(on_valid)
        spread = np.broadcast_to(valid_spread, on_valid.shape)[asked]
        reach = conformal.reaches(truth[asked], on_valid[asked], spread)
        told[name] = Predictor(on_test, conformal.intervals(on_test, test_spread, reach), reach)
    return told


def sampled(predicted: Predicted) -> dict[str, np.ndarray]:
    """Rows that each method was asked of, for those not asked of all examples and columns."""
    asked = {}
    for each in predicted.values():
        for name, method in each.items():
            known = np.isfinite(method.mean)
            if not (known.all() and all(name in others for others in predicted.values())):
                asked[name] = np.flatnonzero(known)
    return asked


def compared(
    predicted: Predicted,
    test: Examples,
    columns: list[str],
    *,
    rival: str | None = None,
    replicas: int,
    seed: int,
) -> dict:
    """Scores of all methods on examples that all were asked of, and the verdict.

    Parameters
    ----------
    predicted
        Of the columns that are scored, in order.
    test : Examples
        `y` holds all `columns`.
    rival : str, optional
        The method that the network is judged against; by default all are.

    Returns
    -------
    dict
        As `judged` returns it, with `by_signal_to_noise`: what `by_signal` returns, by column;
        empty where signal-to-noise is not known.
    """
    groups = test.index["group"].to_numpy()
    scores: dict[str, dict] = {}
    differences: dict[str, dict] = {}
    by_signal = {}
    several = len(columns) > 1
    for column, methods in predicted.items():
        prefix, truth = f"{column}." if several else "", test.y[:, columns.index(column)]
        draws = {
            name: count_scores.count_draws(
                each.mean, truth, groups, intervals=each.intervals, replicas=replicas, seed=seed
            )
            for name, each in methods.items()
        }
        for name, each in draws.items():
            bounded = each.intervals(count_scores.LIMITS)
            scores.setdefault(name, {}).update(_prefixed(prefix, bounded))
            if name != "network":
                paired = draws["network"].minus(each)
                differences.setdefault(name, {}).update(_prefixed(prefix, paired))
        if signal_scores.COLUMN in test.index:
            by_signal[column] = signal_scores.by_signal(
                column,
                truth,
                {name: each.mean for name, each in methods.items()},
                groups,
                test.index[signal_scores.COLUMN].to_numpy(),
                replicas=replicas,
                seed=seed,
            )
    first = next(iter(predicted))
    headline = f"{first}.r2" if several else "r2"
    return judged(headline, scores, differences, rival) | {"by_signal_to_noise": by_signal}


def _prefixed(prefix: str, scores: dict) -> dict:
    return {f"{prefix}{name}": value for name, value in scores.items()}
