"""Evaluations of slices of the 21-cm sky."""

from functools import partial
from typing import Any

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    RunToEvaluate,
    SplitExamples,
    Subset,
)
from cosmodag.evaluation.number_evaluation import NumberEvaluation
from cosmodag.evaluation.ordered_evaluation import OrderedEvaluation
from cosmodag.evaluation.reconstruction_evaluation import ReconstructionEvaluation
from cosmodag.reionization.baselines import slice_features
from cosmodag.reionization.evaluation import slice_figures
from cosmodag.reionization.evaluation.empty_slices import separate_empty
from cosmodag.reionization.evaluation.slice_saliency import slice_cases

SLICES = "Unseen slices at each redshift, from the middle of the order of the split."
SALIENCY = (
    "Saliency: the gradient of the expected value with respect to each pixel. More signal in red "
    "pixels raises the prediction, in blue pixels it lowers it."
)


class SliceEvaluation(Evaluation):
    """What evaluations of slices share: slices without signal, and a figure of slices."""

    def without_signal(self, subset: Subset) -> tuple[Subset, Subset | None]:
        """Separate slices that are zero everywhere."""
        return separate_empty(subset)

    def run_figures(
        self, run: RunToEvaluate, examples: SplitExamples, test: Subset
    ) -> dict[str, Figure]:
        """Return the figure of slices at each redshift."""
        shown = test.examples["test"]
        if not slice_features.CHANNELS & set(shown.channels):
            return {}
        draw = partial(slice_figures.slices, examples=shown)
        return {"slices": Figure(draw, SLICES, wide=True)}


class SliceNumberEvaluation(SliceEvaluation, NumberEvaluation):
    """Evaluation of numbers predicted from slices, such as the neutral fraction."""

    FEATURE_PREFIX = "slice_"

    def features(self, examples: Examples) -> Examples:
        """Return the examples with slice statistics (N, F) in the place of their slices."""
        return slice_features.described(examples)


class SliceClassEvaluation(SliceEvaluation, OrderedEvaluation):
    """Evaluation of the redshift and the escape fraction of slices."""

    COVARIATE = "redshift"

    def features(self, examples: Examples) -> np.ndarray:
        """Return slice statistics (N, F)."""
        return slice_features.described(examples).x

    def run_figures(
        self, run: RunToEvaluate, examples: SplitExamples, test: Subset
    ) -> dict[str, Figure]:
        """Return the figures of slices and of the network's saliency."""
        drawn: dict[str, Figure] = {}
        if self.COVARIATE in examples["test"].index:
            options: dict[str, Any] = {"device": run.device, "threads": run.threads}
            cases = slice_cases(run.folder, run.dataset_folder, examples["test"], **options)
            draw = partial(slice_figures.saliency, cases=cases)
            drawn["saliency"] = Figure(draw, SALIENCY, wide=True)
        return drawn | super().run_figures(run, examples, test)


class SliceReconstructionEvaluation(SliceEvaluation, ReconstructionEvaluation):
    """Evaluation of reconstructed slices."""

    STYLE = slice_figures.STYLE
