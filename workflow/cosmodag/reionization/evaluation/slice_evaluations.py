"""Evaluations of slices of the 21-cm sky."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cosmodag.evaluation.baselines import counts, ordered_classes, perceptrons
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
from cosmodag.evaluation.posterior_evaluation import PosteriorEvaluation, Summaries
from cosmodag.evaluation.reconstruction_evaluation import ReconstructionEvaluation
from cosmodag.reionization.baselines import slice_features
from cosmodag.reionization.baselines.slice_spectra import slice_spectra
from cosmodag.reionization.evaluation import slice_figures
from cosmodag.reionization.evaluation.empty_slices import separate_empty
from cosmodag.reionization.evaluation.slice_saliency import salient_slices

SLICES = "One unseen slice per redshift: the middle one in the order of the test split."
SALIENCY = (
    "Saliency: the gradient of the expected value with respect to each pixel. More signal raises "
    "the prediction in red pixels and lowers it in blue pixels."
)


class SliceEvaluation(Evaluation):
    """Base class of the evaluations of slices: separates empty slices and draws slices."""

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
    """Evaluation of quantities predicted from slices, such as the neutral fraction."""

    BASELINES = counts.BASELINES | {"perceptron": perceptrons.numbers}
    FEATURE_PREFIX = "slice_"

    def features(self, examples: Examples) -> Examples:
        """Return the examples with features of slices, shape (N, F), as input."""
        return slice_features.replace_by_features(examples)


class SlicePosteriorEvaluation(SliceEvaluation, PosteriorEvaluation):
    """Evaluation of posteriors of parameters of slices, such as redshift and escape fraction."""

    def summaries(self, examples: SplitExamples, **options: Any) -> Mapping[str, Summaries]:
        """Return the power spectrum of slices, and their histogram and power spectrum."""
        spectra = {split: slice_spectra(each.x) for split, each in examples.items()}
        return {"spectrum": spectra, **super().summaries(examples, **options)}

    def features(self, examples: Examples) -> Examples:
        """Return the examples with features of slices, shape (N, F), as input."""
        return slice_features.replace_by_features(examples)


class SliceClassEvaluation(SliceEvaluation, OrderedEvaluation):
    """Evaluation of the redshift and the escape fraction of slices."""

    BASELINES = ordered_classes.BASELINES | {"slice_perceptron": ordered_classes.perceptron}
    COVARIATE = "redshift"

    def features(self, examples: Examples) -> np.ndarray:
        """Return the features of slices, shape (N, F)."""
        return slice_features.replace_by_features(examples).x

    def run_figures(
        self, run: RunToEvaluate, examples: SplitExamples, test: Subset
    ) -> dict[str, Figure]:
        """Return the figures of slices and of the saliency of the network."""
        figures: dict[str, Figure] = {}
        if self.COVARIATE in examples["test"].index:
            options: dict[str, Any] = {"device": run.device, "threads": run.threads}
            slices = salient_slices(run.folder, run.dataset_folder, examples["test"], **options)
            draw = partial(slice_figures.saliency, slices=slices)
            figures["saliency"] = Figure(draw, SALIENCY, wide=True)
        return figures | super().run_figures(run, examples, test)


class SliceReconstructionEvaluation(SliceEvaluation, ReconstructionEvaluation):
    """Evaluation of reconstructed slices."""

    STYLE = slice_figures.STYLE
