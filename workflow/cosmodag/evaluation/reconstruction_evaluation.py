"""Slices given back by an auto-encoder and by methods of the same size, scored alike."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.evaluation import slice_figures

LIMITS = {"mse": (0, np.inf), "explained_variance": (-np.inf, 1)}


def evaluate_reconstructions(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of slices given back, in the slices' own units.

    `mse` is the mean squared error of a pixel, `explained_variance` the part of the variance about
    the mean of all test pixels that is given back.
    """
    test = examples["test"]
    groups = test.index["group"].to_numpy()
    given = {"network": found["test"]["reconstruction"]}
    given |= {name: each.test for name, each in fitted.items()}
    draws = {
        name: bootstrap.draw(scores, error_sums(each, test.y, groups), replicas=replicas, seed=seed)
        for name, each in given.items()
    }
    scored = judged(
        "explained_variance",
        {name: each.intervals(LIMITS) for name, each in draws.items()},
        {name: draws["network"].minus(draws[name]) for name in fitted},
    )
    error = ((given["network"] - test.y) ** 2).mean((1, 2, 3))
    rows = slice_figures.spread_of(error)
    shown = [name for name in ("network", "principal", "cosines") if name in given]
    drawings = {
        "reconstructions": partial(
            slice_figures.reconstructions,
            examples=test,
            given={name: given[name] for name in shown},
            rows=rows,
        )
    }
    return scored, {"squared_error": error}, drawings


def error_sums(given: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray]:
    """Number of pixels, their sum and sum of squares, and squared errors of each group, (G, 4)."""
    truth = np.asarray(truth, np.float64)
    axes = tuple(range(1, truth.ndim))
    columns = [
        np.full(len(truth), truth[0].size),
        truth.sum(axes),
        (truth**2).sum(axes),
        ((given - truth) ** 2).sum(axes),
    ]
    return (bootstrap.group_sums(groups, np.stack(columns, 1)),)


def scores(totals: np.ndarray) -> dict[str, np.ndarray]:
    """Both scores of R sets of totals (R, 4)."""
    n, total, square, error = totals.T
    variance = square / n - (total / n) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = np.where(variance > 0, 1 - error / n / variance, np.nan)
    return {"mse": error / n, "explained_variance": explained}
