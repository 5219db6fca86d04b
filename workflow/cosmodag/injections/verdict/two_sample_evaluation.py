"""Two classes distinguished by a network and by baselines, as a two-sample test."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    RunToEvaluate,
    Scored,
    SplitExamples,
    Subset,
    require_classes,
)
from cosmodag.evaluation.verdict import judged
from cosmodag.injections.baselines import catalogue_classifiers
from cosmodag.injections.diagnosis import cause_report
from cosmodag.injections.diagnosis.dataset_causes import diagnose
from cosmodag.injections.verdict import two_sample_figures
from cosmodag.injections.verdict.catalogue_difference import best_significant_baseline
from cosmodag.injections.verdict.occlusion import logit_difference, occlusion_examples
from cosmodag.injections.verdict.rank_tests import Sample, auc_draws
from cosmodag.injections.verdict.two_sample import two_sample_test

LIMITS = {"auc": (0.0, 1.0), "accuracy": (0.0, 1.0)}
ROC = (
    "ROC curve: the fraction of injected objects recognised against that of real objects mistaken "
    "for injected, on unseen bricks. The band contains 95 % of the bootstrap replicas over bricks; "
    "the grey line is chance."
)
MAGNITUDES = (
    "Area under the ROC curve by g magnitude, with 95 % intervals over bricks; at 0.5 the classes "
    "are indistinguishable."
)
GALLERY = (
    "Real and injected objects of similar brightness, at the 99th, 75th, 50th, 25th and 1st "
    "percentile of the g flux: colour images with the g magnitude and the predicted probability P "
    "that the object was injected; then image and inverse variance of each band, the real object's "
    "above."
)
OCCLUSION = (
    "Occlusion maps of the objects that the network classifies correctly with the highest "
    "confidence: below each, the change of the prediction where a patch is covered with sky. Blue "
    "is evidence for a real object, ochre for an injected one."
)


class TwoSampleEvaluation(Evaluation):
    """Evaluation of a two-sample test of real and injected objects.

    The score is that of the network's probability of class 1. `two_sample` of the metrics is the
    test, see `cosmodag.injections.verdict.two_sample`; the verdict is its sentence. If a baseline
    separates the classes without the images, `note` names its AUC, for tables of outcomes. `causes`
    is the result of `cosmodag.injections.diagnosis.dataset_causes.diagnose`.
    """

    BASELINES = catalogue_classifiers.BASELINES

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with their class as truth, (N,) float32."""
        y = examples.index[self.task["column"]].to_numpy(np.float32)
        require_classes(y, self.task["column"], "both classes are needed: loosen the cuts")
        return examples._replace(y=y)

    def fit(self, examples: SplitExamples, **options: Any) -> dict[str, Predictions]:
        """Fit the baselines to the measurements of the catalogue."""
        splits = map(catalogue_classifiers.with_measurements, examples.values())
        return fit_each(self.BASELINES, *splits, **options)

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Test whether the network distinguishes the classes."""
        test, options = subset.examples["test"], {"replicas": replicas, "seed": seed}
        groups = test.index["group"].to_numpy()
        probability = subset.predictions["test"]["probability"]
        sample = Sample(probability[:, 1], test.y, groups)
        magnitude = test.index["g"].to_numpy() if "g" in test.index else None
        verdict, draws = two_sample_test(sample, magnitude, **options)
        samples = {n: Sample(each.test, test.y, groups) for n, each in subset.baselines.items()}
        baseline_draws = {name: auc_draws(each, **options) for name, each in samples.items()}
        all_draws = {"network": draws, **baseline_draws}
        scores = {name: each.intervals(LIMITS) for name, each in all_draws.items()}
        differences = {name: draws.minus(each) for name, each in baseline_draws.items()}
        metrics = judged("auc", scores, differences, draws.groups)
        metrics |= {
            "outcome": verdict["outcome"],
            "verdict": verdict["sentence"],
            "two_sample": verdict,
        }
        if baseline := best_significant_baseline(samples, scores):
            metrics["verdict"] += f" {baseline.sentence}"
            metrics["note"] = baseline.note
        roc = partial(
            two_sample_figures.roc, sample=sample, others=samples, scores=scores, seed=seed
        )
        drawn = {"roc": Figure(roc, ROC)}
        if verdict["bins"]:
            by_magnitude = partial(two_sample_figures.by_magnitude, test=verdict)
            gallery = partial(two_sample_figures.gallery, test=test, score=sample.score)
            drawn["magnitudes"] = Figure(by_magnitude, MAGNITUDES)
            drawn["gallery"] = Figure(gallery, GALLERY, wide=True)
        return Scored(metrics, {"probability": probability, "truth": test.y}, drawn)

    def run_figures(
        self, run: RunToEvaluate, examples: SplitExamples, test: Subset
    ) -> dict[str, Figure]:
        """Return the occlusion maps of the network."""
        shown = test.examples["test"]
        if "g" not in shown.index:
            return {}
        predict = logit_difference(
            run.folder, run.dataset_folder, device=run.device, threads=run.threads
        )
        probability = test.predictions["test"]["probability"][:, 1]
        drawn = partial(
            two_sample_figures.occlusion_maps,
            examples=occlusion_examples(predict, shown, probability),
        )
        return {"attention": Figure(drawn, OCCLUSION)}

    def with_causes(self, scored: Scored, run: RunToEvaluate) -> Scored:
        """Return the scores with the causes of a difference that the dataset alone shows."""
        causes = diagnose(run.dataset_folder, column=self.task["column"])
        scored.metrics["causes"] = causes
        scored.metrics["verdict"] += f" {cause_report.cause_sentence(causes)}"
        scored.tables.append(cause_report.cause_table(causes))
        drawn = partial(cause_report.draw_causes, found=causes)
        scored.figures["causes"] = Figure(drawn, cause_report.CAPTION)
        return scored
