"""Classes that stand for values, told by a network and by simple methods, scored alike."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from cosmodag.evaluation import class_scores, figures, map_scores
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.targets import ordered_columns
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.evaluation import slice_figures

HEADLINES = {"classification": "accuracy", "ordinal": "mae_skill"}


def evaluate_ordered(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of distributions over ordered classes.

    With several columns each score's name carries its column; the first column decides the verdict,
    a classification by its accuracy, an ordinal regression by its mean absolute error.
    """
    test, options = examples["test"], {"replicas": replicas, "seed": seed}
    groups = test.index["group"].to_numpy()
    columns = ordered_columns(task)
    ends = np.cumsum([len(values) for values in columns.values()])[:-1]
    parts = np.split(found["test"]["probability"], ends, axis=1)
    scores: dict[str, dict] = {}
    differences: dict[str, dict] = {}
    drawings: dict[str, Callable] = {}
    counted: dict[str, list] = {}
    by_redshift: dict[str, dict] = {}
    for number, (column, values) in enumerate(columns.items()):
        prefix = f"{column}." if len(columns) > 1 else ""
        truth, learned = (_labels(examples[split].y, number) for split in ("test", "train"))
        guess = float(np.median(np.asarray(values)[learned]))
        predicted = {"network": parts[number]} | {
            name.removeprefix(f"{column}:"): each.test
            for name, each in fitted.items()
            if name.startswith(f"{column}:")
        }
        draws = {
            name: class_scores.class_draws(p, truth, groups, values, guess, **options)
            for name, p in predicted.items()
        }
        for name, each in draws.items():
            bounded = each.intervals(class_scores.LIMITS)
            scores.setdefault(name, {}).update({prefix + k: v for k, v in bounded.items()})
            if name != "network":
                paired = draws["network"].minus(each)
                differences.setdefault(name, {}).update({prefix + k: v for k, v in paired.items()})
        counted[column] = class_scores.confusion(parts[number], truth, len(values)).tolist()
        if "redshift" in test.index:
            redshift = test.index["redshift"].to_numpy()
            by_redshift[column] = {
                name: class_scores.hits_by(p, truth, groups, redshift, **options)
                for name, p in predicted.items()
            }
        drawings |= _drawings(column, parts[number], truth, values, groups, seed)
    headline = HEADLINES[task["name"]]
    headline = f"{next(iter(columns))}.{headline}" if len(columns) > 1 else headline
    scored = judged(headline, scores, differences)
    scored |= {"confusion": counted, "by_redshift": by_redshift}
    for column, curves in by_redshift.items():
        shown = {name: curves[name] for name in ("network", scored["strongest_baseline"])}
        if len(shown["network"]) > 1:
            drawings[f"redshifts_{column}"] = partial(slice_figures.by_redshift, curves=shown)
    kept = {"probability": found["test"]["probability"], "truth": test.y}
    return scored, kept, drawings


def _drawings(
    column: str,
    probability: np.ndarray,
    truth: np.ndarray,
    values: list[float],
    groups: np.ndarray,
    seed: int,
) -> dict[str, Callable]:
    """Figures of one column: confusion, predicted against true values, calibration."""
    name = column.removesuffix("_class")
    count = class_scores.confusion(probability, truth, len(values))
    ranked = np.asarray(values)
    hot = np.eye(len(values), dtype=bool)[truth]
    curve = map_scores.reliability(probability, hot, groups, seed=seed)
    return {
        f"confusion_{column}": partial(
            slice_figures.confusion, count=count, values=values, name=name
        ),
        f"values_{column}": partial(
            slice_figures.predicted_values,
            name=name,
            truth=ranked[truth],
            predicted=probability @ ranked,
            intervals=class_scores.value_intervals(probability, values),
        ),
        f"calibration_{column}": partial(
            figures.reliability_diagram, curve=curve, counted="classes"
        ),
    }


def _labels(y: np.ndarray, number: int) -> np.ndarray:
    """Classes of one column, as integers."""
    return (y if y.ndim == 1 else y[:, number]).astype(int)
