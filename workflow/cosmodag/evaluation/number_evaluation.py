"""Numbers predicted by a network and by baselines, scored alike."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from cosmodag.evaluation import conformal, count_scores, figures
from cosmodag.evaluation.baselines import counts
from cosmodag.evaluation.baselines.examples import Examples, Fitted, Predictions, taken
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    NetworkPredictions,
    Scored,
    SplitExamples,
    Subset,
    select_columns,
)
from cosmodag.evaluation.verdict import join_samples, judged

CAPTION = (
    "Predicted against true values in unseen examples, with 68 % intervals; on the grey line they "
    "are equal."
)
ON_FEATURES = ("ridge", "trees", "perceptron")
"""Baselines that take features, whose names carry what the features are measured on."""


class ColumnPredictions(NamedTuple):
    """Predictions of one column of the test split by one predictor.

    Attributes
    ----------
    mean : numpy.ndarray, shape (N,)
        NaN for examples outside the sample of a slow baseline.
    intervals : dict from str to pair of numpy.ndarray
        Lower and upper ends of the 68 % and the 95 % interval.
    reach : dict from str to float
        Half-widths of the intervals in predicted standard deviations, see `conformal`.
    """

    mean: np.ndarray
    intervals: conformal.Intervals
    reach: dict[str, float]

    def select(self, rows: np.ndarray) -> "ColumnPredictions":
        """Return the predictions of some examples."""
        ends = {name: (low[rows], high[rows]) for name, (low, high) in self.intervals.items()}
        return ColumnPredictions(self.mean[rows], ends, self.reach)


ByColumn = Mapping[str, Mapping[str, ColumnPredictions]]
"""Predictions by column and predictor, the network's under "network"."""


class NumberEvaluation(Evaluation):
    """Evaluation of counts and other numbers.

    With several columns each score's name carries its column, and each column is judged. A baseline
    that predicts only a sample of the test split, or some columns, is scored separately, beside all
    others on the same examples.

    Attributes
    ----------
    FEATURE_PREFIX : str
        Prefix of the baselines in `ON_FEATURES`.
    """

    BASELINES = counts.BASELINES
    FEATURE_PREFIX: ClassVar[str] = ""

    @property
    def columns(self) -> list[str]:
        """Columns that are predicted."""
        return list(self.task["columns"])

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with the task's columns as truth, (N, K) float32."""
        return select_columns(examples, self.columns)

    def features(self, examples: Examples) -> Examples:
        """Return the examples with features (N, F) in the place of their images."""
        return counts.with_density_features(examples)

    def fit(self, examples: SplitExamples, **options: Any) -> Fitted:
        """Fit the baselines of each column."""
        splits = [self.features(each) for each in examples.values()]
        fitted = {}
        for number, column in enumerate(self.columns):
            one = [each._replace(y=each.y[:, number]) for each in splits]
            for name, predictions in fit_each(self.BASELINES, *one, **options).items():
                prefix = self.FEATURE_PREFIX if name in ON_FEATURES else ""
                fitted[f"{column}:{prefix}{name}"] = predictions
        return fitted

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score numbers, with intervals calibrated on the validation split."""
        examples, options = subset.examples, {"replicas": replicas, "seed": seed}
        test = examples["test"]
        predicted = {
            column: column_predictions(
                column,
                number,
                examples["valid"].y[:, number],
                subset.predictions,
                subset.baselines,
            )
            for number, column in enumerate(self.columns)
        }
        samples = sampled_rows(predicted)
        on_all = {
            c: {n: p for n, p in each.items() if n not in samples} for c, each in predicted.items()
        }
        metrics = self.compare(on_all, test, **options)
        on_samples = {}
        for name, rows in samples.items():
            some = {
                column: {
                    n: p.select(rows) for n, p in each.items() if n == name or n not in samples
                }
                for column, each in predicted.items()
                if name in each
            }
            beside = self.compare(some, taken(test, rows), rival=name, **options)
            on_samples[name] = {"n": len(rows), **beside}
        metrics = join_samples(metrics, on_samples)
        metrics["reach"] = {c: {n: p.reach for n, p in e.items()} for c, e in predicted.items()}
        drawn = {}
        for number, (column, each) in enumerate(predicted.items()):
            draw = partial(
                figures.predicted_numbers,
                column=column,
                truth=test.y[:, number],
                predicted=each["network"].mean,
                intervals=each["network"].intervals,
            )
            drawn[f"numbers_{column}"] = Figure(draw, CAPTION)
        network = subset.predictions["test"]
        kept = {k: v for k, v in network.items() if k in ("mean", "std", "dispersion")}
        return Scored(metrics, kept | {"truth": test.y}, drawn)

    def compare(
        self,
        predicted: ByColumn,
        test: Examples,
        *,
        rival: str | None = None,
        replicas: int,
        seed: int,
    ) -> dict[str, Any]:
        """Score predictors on examples that all of them predict.

        Parameters
        ----------
        predicted : mapping
            Predictions of the columns to score.
        test : Examples
            Their examples; `y` contains all columns of the task.
        rival : str, optional
            The baseline that the network is judged against; by default all are.
        replicas, seed : int
            Bootstrap replicas over groups, and the seed of their draws.

        Returns
        -------
        dict
            As `cosmodag.evaluation.verdict.judged` returns it.
        """
        groups = test.index["group"].to_numpy()
        scores: dict[str, dict] = {}
        differences: dict[str, dict] = {}
        headlines, n_groups = [], 0
        for column, predictors in predicted.items():
            prefix = f"{column}." if len(self.columns) > 1 else ""
            truth = test.y[:, self.columns.index(column)]
            draws = {
                name: count_scores.count_draws(
                    each.mean, truth, groups, intervals=each.intervals, replicas=replicas, seed=seed
                )
                for name, each in predictors.items()
            }
            for name, each in draws.items():
                intervals = each.intervals(count_scores.LIMITS)
                scores.setdefault(name, {}).update(_prefixed(prefix, intervals))
                if name != "network":
                    paired = draws["network"].minus(each)
                    differences.setdefault(name, {}).update(_prefixed(prefix, paired))
            headlines.append(f"{prefix}r2")
            n_groups = draws["network"].groups
        return judged(headlines, scores, differences, n_groups, rival)


def column_predictions(
    column: str,
    number: int,
    truth: np.ndarray,
    network: NetworkPredictions,
    baselines: Mapping[str, Predictions],
) -> dict[str, ColumnPredictions]:
    """Return all predictions of a column, with intervals calibrated on the validation split.

    Parameters
    ----------
    column : str
    number : int
        Place of the column among those of the task.
    truth : numpy.ndarray, shape (N,)
        Truth of the validation split.
    network : mapping
        The network's predictions by split.
    baselines : mapping
        Predictions of the baselines, by "column:name".
    """
    means = {split: network[split]["mean"][:, number] for split in ("valid", "test")}
    if "std" in network["test"]:
        spreads = {split: network[split]["std"][:, number] for split in means}
    else:  # A network without a predicted spread takes its error on the validation split.
        spreads = dict.fromkeys(means, float(np.sqrt(np.mean((truth - means["valid"]) ** 2))))
    predictors = {"network": (means["valid"], means["test"], spreads["valid"], spreads["test"])}
    for name, each in baselines.items():
        if name.startswith(f"{column}:"):
            predictors[name.removeprefix(f"{column}:")] = (
                each.valid,
                each.test,
                *2 * [each.spread],
            )
    predictions = {}
    for name, (on_valid, on_test, valid_spread, test_spread) in predictors.items():
        predicted = np.isfinite(on_valid)
        spread = np.broadcast_to(valid_spread, on_valid.shape)[predicted]
        reach = conformal.reaches(truth[predicted], on_valid[predicted], spread)
        intervals = conformal.intervals(on_test, test_spread, reach)
        predictions[name] = ColumnPredictions(on_test, intervals, reach)
    return predictions


def sampled_rows(predicted: ByColumn) -> dict[str, np.ndarray]:
    """Return the rows that each predictor of a sample predicts.

    Predictors of all examples and all columns are left out.
    """
    rows = {}
    for predictors in predicted.values():
        for name, each in predictors.items():
            finite = np.isfinite(each.mean)
            if not (finite.all() and all(name in others for others in predicted.values())):
                rows[name] = np.flatnonzero(finite)
    return rows


def _prefixed(prefix: str, scores: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in scores.items()}
