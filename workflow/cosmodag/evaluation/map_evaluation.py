"""Probability maps of a network and of baselines, scored alike."""

from collections.abc import Callable, Mapping

import numpy as np

from cosmodag.evaluation import figures, map_scores
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.verdict import judged


def evaluate_maps(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of probability maps, the network's and baselines'."""
    valid, test = examples["valid"], examples["test"]
    groups = test.index["group"].to_numpy()
    base_rate = float(examples["train"].y.mean())
    network = {split: found[split]["probability"][:, 0] for split in found}
    predicted = {"network": network["test"]} | {k: v.test for k, v in fitted.items()}
    on_valid = {"network": network["valid"]} | {k: v.valid for k, v in fitted.items()}
    thresholds = {k: map_scores.choose_threshold(p, valid.y) for k, p in on_valid.items()}
    draws = {
        name: map_scores.map_draws(
            probability,
            test.y,
            groups,
            threshold=thresholds[name],
            base_rate=base_rate,
            replicas=replicas,
            seed=seed,
        )
        for name, probability in predicted.items()
    }
    scores = {
        name: each.intervals(map_scores.LIMITS) | map_scores.extremes(predicted[name])
        for name, each in draws.items()
    }
    differences = {name: draws["network"].minus(draws[name]) for name in fitted}
    curve = map_scores.reliability(network["test"], test.y, groups, seed=seed)
    scored = {
        **judged("mcc", scores, differences),
        "thresholds": thresholds,
        "base_rate": base_rate,
        "reliability": curve,
    }
    rows = figures.spread_of_examples(network["test"], test.y)
    drawings = {
        "maps": lambda path: figures.map_examples(path, test, network["test"], rows),
        "reliability": lambda path: figures.reliability_diagram(path, curve),
    }
    kept = {"probability": network["test"], "truth": test.y.astype(np.uint8)}
    return scored, kept, drawings
