"""Probability maps of a network and of baselines, scored alike."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from cosmodag.evaluation import figures, map_scores
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.evaluation import ionization_scores, slice_figures
from cosmodag.reionization.evaluation.ionization_scores import (
    coherence_curve,
    path_sums,
    structure_draws,
)

IONIZED = "ionized"
"""The target channel whose structure is scored."""
WORDS = figures.MapWords(
    "density contrast (asinh)", "truly ionized", "predicted", "probability of being ionized"
)


def evaluate_maps(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of probability maps, the network's and baselines'.

    Of ionized regions the structure is scored besides, see `ionization_scores`.
    """
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
    ionized = task.get("channel") == IONIZED
    if ionized:
        draws = {
            name: each.joined(
                structure_draws(
                    predicted[name],
                    test.y,
                    groups,
                    threshold=thresholds[name],
                    replicas=replicas,
                    seed=seed,
                )
            )
            for name, each in draws.items()
        }
    limits = map_scores.LIMITS | ionization_scores.LIMITS
    scores = {
        name: each.intervals(limits) | map_scores.extremes(predicted[name])
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
    if ionized:
        scored |= _structure(scored, predicted, test, thresholds, replicas, seed)
        return scored, _kept(network["test"], test), _ionized_drawings(scored, test, network, rows)
    drawings = {
        "maps": lambda path: figures.map_examples(path, test, network["test"], rows),
        "reliability": lambda path: figures.reliability_diagram(path, curve),
    }
    return scored, _kept(network["test"], test), drawings


def _kept(probability: np.ndarray, test: Examples) -> dict[str, np.ndarray]:
    return {"probability": probability, "truth": test.y.astype(np.uint8)}


def _structure(
    scored: Mapping,
    predicted: Mapping[str, np.ndarray],
    test: Examples,
    thresholds: Mapping[str, float],
    replicas: int,
    seed: int,
) -> dict:
    """Cross-coherence and sizes of bubbles, of the network and of the two strongest baselines."""
    groups = test.index["group"].to_numpy()
    ranked = sorted(scored["baselines"], key=lambda n: -scored["baselines"][n]["mcc"]["value"])
    shown = ["network", *ranked[:2]]
    curves = {
        name: coherence_curve(predicted[name], test.y, groups, replicas=replicas, seed=seed)
        for name in shown
    }
    masks = {"truth": test.y} | {name: predicted[name] >= thresholds[name] for name in shown}
    sizes = {name: path_sums(mask, groups).sum(0).tolist() for name, mask in masks.items()}
    return {"coherence": curves, "bubble_sizes": sizes}


def _ionized_drawings(
    scored: Mapping, test: Examples, network: Mapping[str, np.ndarray], rows: np.ndarray
) -> dict[str, Callable]:
    sizes = {name: np.array(count) for name, count in scored["bubble_sizes"].items()}
    return {
        "ionization": partial(
            figures.map_examples,
            examples=test,
            probability=network["test"],
            rows=rows,
            words=WORDS,
        ),
        "coherence": partial(slice_figures.coherences, curves=scored["coherence"]),
        "bubbles": partial(slice_figures.bubble_sizes, counts=sizes),
        "calibration": partial(figures.reliability_diagram, curve=scored["reliability"]),
    }
