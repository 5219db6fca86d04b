"""Evaluation of maps of ionized regions, and of their structure."""

from functools import partial
from typing import Any

import numpy as np

from cosmodag.evaluation import bootstrap, map_scores
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import Figure, Scored, Subset
from cosmodag.evaluation.figures import MapLabels
from cosmodag.evaluation.map_evaluation import MapEvaluation
from cosmodag.reionization.evaluation import ionization_scores, slice_figures
from cosmodag.reionization.evaluation.ionization_scores import (
    coherence_curve,
    path_sums,
    structure_draws,
)
from cosmodag.reionization.evaluation.slice_evaluations import SliceEvaluation

COHERENCE = (
    "Cross-coherence of predicted and true ionized regions at each wavenumber; 1 is perfect. Bars "
    "are 95 % intervals over universes."
)
BUBBLES = (
    "Sizes of ionized bubbles, true and predicted, as lengths of lines from ionized pixels to the "
    "first neutral one."
)


class IonizedMapEvaluation(SliceEvaluation, MapEvaluation):
    """Evaluation of the probability that a pixel is ionized.

    Beside the scores of all maps, the structure of the ionized regions is scored.
    """

    LABELS = MapLabels(
        "density contrast (asinh)", "truly ionized", "predicted", "probability of being ionized"
    )
    CAPTION = (
        "Density, truly ionized regions and predicted probability of being ionized in unseen "
        "universes, from the best predicted (top) to the worst, evenly spaced in rank."
    )
    LIMITS = map_scores.LIMITS | ionization_scores.LIMITS

    def without_signal(self, subset: Subset) -> tuple[Subset, Subset | None]:
        """Return all maps, since every pixel of a map is predicted."""
        return subset, None

    def draws(
        self,
        probability: np.ndarray,
        test: Examples,
        *,
        threshold: float,
        base_rate: float,
        replicas: int,
        seed: int,
    ) -> bootstrap.Draws:
        """Return all scores of the maps of one predictor, those of their structure too."""
        options: dict[str, Any] = {"threshold": threshold, "replicas": replicas, "seed": seed}
        draws = super().draws(probability, test, base_rate=base_rate, **options)
        groups = test.index["group"].to_numpy()
        return draws.joined(structure_draws(probability, test.y, groups, **options))

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score maps, with curves of coherence and bubble sizes of the two best baselines."""
        scored = super().score(subset, replicas=replicas, seed=seed)
        metrics, test = scored.metrics, subset.examples["test"]
        groups = test.index["group"].to_numpy()
        ranked = sorted(
            metrics["baselines"], key=lambda n: -metrics["baselines"][n]["mcc"]["value"]
        )
        probability = {"network": subset.predictions["test"]["probability"][:, 0]}
        probability |= {name: subset.baselines[name].test for name in ranked[:2]}
        curves = {
            name: coherence_curve(each, test.y, groups, replicas=replicas, seed=seed)
            for name, each in probability.items()
        }
        masks = {"truth": test.y} | {
            name: each >= metrics["thresholds"][name] for name, each in probability.items()
        }
        sizes = {name: path_sums(mask, groups).sum(0) for name, mask in masks.items()}
        metrics["coherence"] = curves
        metrics["bubble_sizes"] = {name: count.tolist() for name, count in sizes.items()}
        maps, calibration = scored.figures.pop("maps"), scored.figures.pop("reliability")
        scored.figures |= {
            "ionization": maps,
            "coherence": Figure(partial(slice_figures.coherences, curves=curves), COHERENCE),
            "bubbles": Figure(partial(slice_figures.bubble_sizes, counts=sizes), BUBBLES),
            "calibration": calibration,
        }
        return scored
