"""Evaluation of predicted maps of ionized regions and of their structure."""

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
    free_path_counts,
    structure_draws,
)
from cosmodag.reionization.evaluation.slice_evaluations import SliceEvaluation

COHERENCE = (
    "Cross-coherence of predicted and true ionized regions by wavenumber; 1 is perfect. Bars are "
    "95 % intervals over realizations."
)
BUBBLES = (
    "Sizes of ionized bubbles, true and predicted: distances from ionized pixels to the first "
    "neutral pixel along the axes."
)


class IonizedMapEvaluation(SliceEvaluation, MapEvaluation):
    """Evaluation of the predicted probability that a pixel is ionized.

    The evaluation adds scores of the structure of ionized regions to the scores of all maps.
    """

    LABELS = MapLabels(
        "density contrast (asinh)", "truly ionized", "predicted", "probability of being ionized"
    )
    CAPTION = (
        "Density, truly ionized regions and predicted probability of being ionized in unseen "
        "realizations, from the best prediction (top) to the worst, evenly spaced in rank."
    )
    LIMITS = map_scores.LIMITS | ionization_scores.LIMITS

    def without_signal(self, subset: Subset) -> tuple[Subset, Subset | None]:
        """Return all maps: a map without signal in its input still has a target."""
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
        """Return the scores of the maps of one predictor, including those of their structure."""
        options: dict[str, Any] = {"threshold": threshold, "replicas": replicas, "seed": seed}
        draws = super().draws(probability, test, base_rate=base_rate, **options)
        groups = test.index["group"].to_numpy()
        return draws.joined(structure_draws(probability, test.y, groups, **options))

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score maps, with the coherence and the bubble sizes of network and two best baselines."""
        scored = super().score(subset, replicas=replicas, seed=seed)
        metrics, test = scored.metrics, subset.examples["test"]
        groups = test.index["group"].to_numpy()
        ranked = sorted(
            metrics["baselines"], key=lambda n: -metrics["baselines"][n]["mcc"]["value"]
        )
        probability = {"network": subset.predictions["test"]["probability"][:, 0]}
        probability |= {name: subset.baselines[name].test for name in ranked[:2]}
        curves = {
            name: coherence_curve(values, test.y, groups, replicas=replicas, seed=seed)
            for name, values in probability.items()
        }
        masks = {"truth": test.y} | {
            name: values >= metrics["thresholds"][name] for name, values in probability.items()
        }
        sizes = {name: free_path_counts(mask, groups).sum(0) for name, mask in masks.items()}
        metrics["coherence"] = curves
        metrics["bubble_sizes"] = {name: counts.tolist() for name, counts in sizes.items()}
        maps, calibration = scored.figures.pop("maps"), scored.figures.pop("reliability")
        scored.figures |= {
            "ionization": maps,
            "coherence": Figure(partial(slice_figures.coherences, curves=curves), COHERENCE),
            "bubbles": Figure(partial(slice_figures.bubble_sizes, counts=sizes), BUBBLES),
            "calibration": calibration,
        }
        return scored
