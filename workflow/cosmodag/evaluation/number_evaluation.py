"""Numbers predicted by a network and by baselines, scored alike."""

from collections.abc import Callable, Mapping

import numpy as np

from cosmodag.evaluation import count_scores, figures
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.verdict import judged


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
    """
    valid, test = examples["valid"], examples["test"]
    groups = test.index["group"].to_numpy()
    scores: dict[str, dict] = {}
    differences: dict[str, dict] = {}
    drawings: dict[str, Callable] = {}
    several = len(task["columns"]) > 1
    for number, column in enumerate(task["columns"]):
        prefix = f"{column}." if several else ""
        truth, mean = test.y[:, number], found["test"]["mean"][:, number]
        on_valid = valid.y[:, number] - found["valid"]["mean"][:, number]
        intervals = _network_intervals(found["test"], number, np.sqrt(np.mean(on_valid**2)))
        predicted = {"network": (mean, intervals)}
        for name, predictions in fitted.items():
            if name.startswith(f"{column}:"):
                spread = count_scores.normal_intervals(predictions.test, predictions.spread)
                predicted[name.removeprefix(f"{column}:")] = (predictions.test, spread)
        draws = {
            name: count_scores.count_draws(
                centre, truth, groups, intervals=bounds, replicas=replicas, seed=seed
            )
            for name, (centre, bounds) in predicted.items()
        }
        for name, each in draws.items():
            bounded = each.intervals(count_scores.LIMITS)
            scores.setdefault(name, {}).update(_prefixed(prefix, bounded))
            if name != "network":
                paired = draws["network"].minus(each)
                differences.setdefault(name, {}).update(_prefixed(prefix, paired))
        drawings[f"numbers_{column}"] = figures.numbers_drawing(column, truth, mean, intervals)
    headline = f"{task['columns'][0]}.r2" if several else "r2"
    kept = {k: v for k, v in found["test"].items() if k in ("mean", "std", "dispersion")}
    return judged(headline, scores, differences), kept | {"truth": test.y}, drawings


def _network_intervals(found: Mapping[str, np.ndarray], number: int, error: float) -> dict:
    """Predicted intervals; a network that gives no spread takes its error on validation."""
    mean = found["mean"][:, number]
    if "dispersion" in found:
        return count_scores.negative_binomial_intervals(mean, found["dispersion"][:, number])
    spread = found["std"][:, number] if "std" in found else error
    return count_scores.normal_intervals(mean, spread)


def _prefixed(prefix: str, scores: dict) -> dict:
    return {f"{prefix}{name}": value for name, value in scores.items()}
