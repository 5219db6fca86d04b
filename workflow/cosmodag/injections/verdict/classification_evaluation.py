"""Two classes told apart by a network and by simple methods, as a two-sample test."""

from collections.abc import Callable, Mapping

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.verdict import judged
from cosmodag.injections.verdict import two_sample_figures
from cosmodag.injections.verdict.catalogue_difference import best_significant_baseline
from cosmodag.injections.verdict.two_sample import Sample, auc_draws, two_sample_test

LIMITS = {"auc": (0.0, 1.0), "accuracy": (0.0, 1.0)}


def evaluate_classes(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of a test of two classes.

    The score is that of the network's probability of class 1. `two_sample` of the scores holds the
    test, see `cosmodag.injections.verdict.two_sample`; the verdict is its sentence. If a baseline
    separates the classes without the images, `note` names its AUC, for tables of outcomes.
    """
    test = examples["test"]
    groups = test.index["group"].to_numpy()
    sample = Sample(found["test"]["probability"][:, 1], test.y, groups)
    magnitude = test.index["g"].to_numpy() if "g" in test.index else None
    verdict, draws = two_sample_test(sample, magnitude, replicas=replicas, seed=seed)
    samples = {name: Sample(each.test, test.y, groups) for name, each in fitted.items()}
    drawn = {n: auc_draws(each, replicas=replicas, seed=seed) for n, each in samples.items()}
    scores = {n: each.intervals(LIMITS) for n, each in {"network": draws, **drawn}.items()}
    differences = {name: draws.minus(each) for name, each in drawn.items()}
    scored = judged("auc", scores, differences)
    scored |= {
        "outcome": verdict["outcome"],
        "verdict": verdict["sentence"],
        "two_sample": verdict,
    }
    if baseline := best_significant_baseline(samples, scores):
        scored["verdict"] += f" {baseline.sentence}"
        scored["note"] = baseline.note
    drawings = {
        "roc": lambda path: two_sample_figures.roc(path, sample, samples, scores, seed=seed)
    }
    if verdict["bins"]:
        drawings["magnitudes"] = lambda path: two_sample_figures.by_magnitude(path, verdict)
        drawings["gallery"] = lambda path: two_sample_figures.gallery(path, test, sample.score)
    kept = {"probability": found["test"]["probability"], "truth": test.y}
    return scored, kept, drawings
