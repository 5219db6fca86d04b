"""Classes that stand for values, predicted by a network and by baselines, scored alike."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from cosmodag.errors import InputError
from cosmodag.evaluation import class_figures, class_scores, figures, map_scores
from cosmodag.evaluation.baselines import counts, ordered_classes
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.baselines.positions import Units
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    Scored,
    SplitExamples,
    Subset,
    require_classes,
    select_columns,
)
from cosmodag.evaluation.position_probe import Probed
from cosmodag.evaluation.verdict import judged

HEADLINES = {"classification": "accuracy", "ordinal": "mae_skill"}
CONFUSION = "Predicted against true classes in unseen examples, as shares of the true class."
VALUES = (
    "Expected against true values in unseen examples, with 68 % intervals; examples of one true "
    "value are drawn side by side, and on the grey line both are equal."
)
CALIBRATION = (
    "Calibration: the observed fraction of examples at each predicted probability; calibrated "
    "predictions lie on the grey line. Below, the distribution of the predicted probabilities."
)


class OrderedEvaluation(Evaluation):
    """Evaluation of distributions over ordered classes.

    With several columns each score's name carries its column, and each column is judged: a
    classification by its accuracy, an ordinal regression by its mean absolute error.

    Attributes
    ----------
    COVARIATE : str or None
        Column of the index by which the accuracy is drawn.
    """

    BASELINES = ordered_classes.BASELINES
    COVARIATE: ClassVar[str | None] = None

    @property
    def values(self) -> dict[str, list[float]]:
        """Columns of classes with the values that these stand for."""
        return class_values(self.task)

    @property
    def columns(self) -> list[str]:
        """Columns that are predicted."""
        return list(self.values)

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with their classes as truth: (N,), of an ordinal task (N, K)."""
        if self.task["name"] == "ordinal":
            return select_columns(examples, self.columns)
        classes = examples.index[self.task["column"]].to_numpy(np.float32)
        require_classes(classes, self.task["column"], "use more values, or leave the run out")
        return examples._replace(y=classes)

    def features(self, examples: Examples) -> np.ndarray:
        """Return features (N, F) of the images."""
        return counts.with_density_features(examples).x

    def fit(self, examples: SplitExamples, **options: Any) -> dict[str, Predictions]:
        """Fit the baselines of each column."""
        splits = list(examples.values())
        features = [self.features(each) for each in splits]
        fitted: dict[str, Predictions] = {}
        for number, (column, values) in enumerate(self.values.items()):
            one = [
                ordered_classes.with_features(each, described, number if each.y.ndim > 1 else None)
                for each, described in zip(splits, features)
            ]
            predictions = fit_each(self.BASELINES, *one, values=values, **options)
            fitted |= {f"{column}:{name}": each for name, each in predictions.items()}
        return fitted

    def probe_targets(self, examples: Examples) -> dict[str, Probed]:
        """Return the classes of each column as indicators."""
        units = Units.examples(examples.index)
        return {
            column: Probed(units, np.eye(len(values))[_labels(examples.y, number)])
            for number, (column, values) in enumerate(self.values.items())
        }

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score distributions over classes."""
        examples, options = subset.examples, {"replicas": replicas, "seed": seed}
        test = examples["test"]
        groups = test.index["group"].to_numpy()
        probability = subset.predictions["test"]["probability"]
        ends = np.cumsum([len(values) for values in self.values.values()])[:-1]
        by_column = np.split(probability, ends, axis=1)
        scores: dict[str, dict] = {}
        differences: dict[str, dict] = {}
        confusions: dict[str, list] = {}
        curves: dict[str, dict] = {}
        headlines, n_groups = [], 0
        drawn: dict[str, dict[str, Figure]] = {"values": {}, "confusion": {}, "calibration": {}}
        for number, (column, values) in enumerate(self.values.items()):
            prefix = f"{column}." if len(self.values) > 1 else ""
            truth, learned = (_labels(examples[split].y, number) for split in ("test", "train"))
            guess = float(np.median(np.asarray(values)[learned]))
            predicted = {"network": by_column[number]} | {
                name.removeprefix(f"{column}:"): each.test
                for name, each in subset.baselines.items()
                if name.startswith(f"{column}:")
            }
            draws = {
                name: class_scores.class_draws(p, truth, groups, values, guess, **options)
                for name, p in predicted.items()
            }
            for name, each in draws.items():
                bounded = each.intervals(class_scores.LIMITS)
                scores.setdefault(name, {}).update({prefix + k: v for k, v in bounded.items()})
                if name != "network":
                    paired = {prefix + k: v for k, v in draws["network"].minus(each).items()}
                    differences.setdefault(name, {}).update(paired)
            headlines.append(f"{prefix}{HEADLINES[self.task['name']]}")
            n_groups = draws["network"].groups
            confusion = class_scores.confusion(by_column[number], truth, len(values))
            confusions[column] = confusion.tolist()
            if self.COVARIATE in test.index:
                covariate = test.index[self.COVARIATE].to_numpy()
                curves[column] = {
                    name: class_scores.hits_by(p, truth, groups, covariate, **options)
                    for name, p in predicted.items()
                }
            for kind, figure in column_figures(
                column, by_column[number], truth, values, groups, seed
            ).items():
                drawn[kind][f"{kind}_{column}"] = figure
        metrics = judged(headlines, scores, differences, n_groups)
        metrics["confusion"] = confusions
        figures_by_name = drawn["values"] | drawn["confusion"]
        if self.COVARIATE is not None:
            metrics[f"by_{self.COVARIATE}"] = curves
            figures_by_name |= self._by_covariate(curves, metrics["strongest_baseline"])
        kept = {"probability": probability, "truth": test.y}
        return Scored(metrics, kept, figures_by_name | drawn["calibration"])

    def _by_covariate(self, curves: Mapping[str, Mapping], best: str) -> dict[str, Figure]:
        """Return figures of the accuracy of network and best baseline by the covariate."""
        name = str(self.COVARIATE)
        caption = f"Accuracy by {name} in unseen examples, with 95 % intervals over groups."
        shown = {c: {n: each[n] for n in ("network", best)} for c, each in curves.items()}
        return {
            f"{name}s_{column}": Figure(
                partial(class_figures.score_by_covariate, curves=each, covariate=name), caption
            )
            for column, each in shown.items()
            if len(each["network"]) > 1
        }


def class_values(task: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the columns of classes of a task with the values that these stand for.

    Raises
    ------
    InputError
        If the classes stand for no values.
    """
    if task["name"] == "ordinal":
        return dict(zip(task["columns"], task["values"]))
    if "values" not in task:
        raise InputError(
            f"task.column: the classes of {task['column']!r} stand for no values in the dataset, "
            "so they have no order; choose a column of classes that stand for values"
        )
    return {task["column"]: task["values"]}


def column_figures(
    column: str,
    probability: np.ndarray,
    truth: np.ndarray,
    values: list[float],
    groups: np.ndarray,
    seed: int,
) -> dict[str, Figure]:
    """Return the figures of one column: confusion, predicted against true values, calibration."""
    name = column.removesuffix("_class")
    count = class_scores.confusion(probability, truth, len(values))
    ranked = np.asarray(values)
    one_hot = np.eye(len(values), dtype=bool)[truth]
    curve = map_scores.reliability(probability, one_hot, groups, seed=seed)
    draw_values = partial(
        class_figures.predicted_values,
        name=name,
        truth=ranked[truth],
        predicted=probability @ ranked,
        intervals=class_scores.value_intervals(probability, values),
    )
    return {
        "confusion": Figure(
            partial(class_figures.confusion, count=count, values=values, name=name), CONFUSION
        ),
        "values": Figure(draw_values, VALUES),
        "calibration": Figure(
            partial(figures.reliability_diagram, curve=curve, counted="classes"), CALIBRATION
        ),
    }


def _labels(y: np.ndarray, number: int) -> np.ndarray:
    """Return the classes of one column as integers."""
    return (y if y.ndim == 1 else y[:, number]).astype(int)
