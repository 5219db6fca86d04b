"""Evaluation of galaxy parameters, by signal-to-noise and beside Sérsic fits."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from cosmodag.evaluation.baselines.examples import Examples, Fitted
from cosmodag.evaluation.evaluation import Figure, Scored, SplitExamples, Subset
from cosmodag.evaluation.number_evaluation import ByColumn, NumberEvaluation
from cosmodag.galaxies.baselines import photometric_features, sersic_sample
from cosmodag.galaxies.evaluation import signal_figures, signal_scores

CAPTION = (
    "Median error of test galaxies by signal-to-noise: the network beside the best baseline on all "
    "of them, and beside Sérsic profiles fitted to a sample. Bars are 95 % intervals over "
    "galaxies."
)


class ParameterEvaluation(NumberEvaluation):
    """Evaluation of galaxy parameters.

    Errors are also scored by signal-to-noise if it is a column of the index.
    """

    FEATURE_PREFIX = "stamp_"

    def features(self, examples: Examples) -> Examples:
        """Return the examples with photometric features (N, F) in the place of their stamps."""
        return photometric_features.with_features(examples)

    def fit(
        self,
        examples: SplitExamples,
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Fitted:
        """Fit the baselines of each column, and Sérsic profiles to a sample."""
        settings = dict(settings or {})
        sample = settings.pop(sersic_sample.NAME, {})
        baselines = super().fit(examples, settings=settings, **options)
        with threadpool_limits(options.get("threads")):
            fits = sersic_sample.fit_sample(
                examples["valid"],
                examples["test"],
                self.columns,
                seed=options.get("seed", 0),
                **sample,
            )
        of_fits = {f"{column}:{sersic_sample.NAME}": each for column, each in fits.items()}
        return {**baselines, **of_fits}

    def compare(
        self, predicted: ByColumn, test: Examples, *, replicas: int, seed: int, **options: Any
    ) -> dict[str, Any]:
        """Score predictors, and add `by_signal_to_noise` by column if it is in the index."""
        metrics = super().compare(predicted, test, replicas=replicas, seed=seed, **options)
        metrics["by_signal_to_noise"] = {}
        if signal_scores.COLUMN in test.index:
            for column, predictors in predicted.items():
                metrics["by_signal_to_noise"][column] = signal_scores.errors_by_signal(
                    column,
                    test.y[:, self.columns.index(column)],
                    {name: predictor.mean for name, predictor in predictors.items()},
                    test.index["group"].to_numpy(),
                    test.index[signal_scores.COLUMN].to_numpy(),
                    replicas=replicas,
                    seed=seed,
                )
        return metrics

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score parameters, with figures and tables by signal-to-noise."""
        scored = super().score(subset, replicas=replicas, seed=seed)
        by_column, samples = scored.metrics["by_signal_to_noise"], scored.metrics["samples"]
        for column, rows in by_column.items():
            curves = signal_figures.error_curves(column, rows, samples)
            draw = partial(signal_figures.draw_error_curves, column=column, curves=curves)
            scored.figures[f"signal_{column}"] = Figure(draw, CAPTION)
        if by_column:
            scored.tables.append(signal_scores.table(by_column, "all test galaxies"))
        for name, sample in samples.items():
            if sample["by_signal_to_noise"]:
                galaxies = f"the {sample['n']} galaxies of {name}"
                scored.tables.append(signal_scores.table(sample["by_signal_to_noise"], galaxies))
        scored.notes.extend(filter(None, [signal_scores.summary(by_column)]))
        return scored
