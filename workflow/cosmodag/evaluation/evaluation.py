"""How the runs of one task are evaluated: what an experiment can refine."""

from __future__ import annotations

import abc
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, Fitted, Predictions
from cosmodag.evaluation.baselines.positions import Units
from cosmodag.evaluation.position_probe import Probed, image_summaries

SplitExamples = Mapping[str, Examples]
"""Examples of the splits "train", "valid" and "test"."""
NetworkPredictions = Mapping[str, Mapping[str, np.ndarray]]
"""The network's arrays for the splits "valid" and "test"."""


class Figure(NamedTuple):
    """A figure of a run.

    Attributes
    ----------
    draw : callable
        Draws the figure as SVG into the path that it takes.
    caption : str
        What the figure shows, for the report.
    wide : bool
        Whether the figure takes the full width of the report.
    """

    draw: Callable[[Path], None]
    caption: str
    wide: bool = False


class Table(NamedTuple):
    """A table of a run beside that of its scores, its cells written for readers."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Scored:
    """What an evaluation returns.

    Attributes
    ----------
    metrics : dict
        Part of metrics.json, see `cosmodag.evaluation.verdict.judged`.
    predictions : dict from str to numpy.ndarray
        Arrays of the test split to keep in predictions.h5.
    figures : dict from str to Figure
        By file name, in the order in which the report shows them.
    tables : list of Table
    notes : list of str
        Sentences for the summary and the report.
    """

    metrics: dict[str, Any]
    predictions: dict[str, np.ndarray]
    figures: dict[str, Figure]
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class RunToEvaluate(NamedTuple):
    """A trained run with its dataset.

    `description` is the content of run.json, `dataset` that of dataset.json; `device` and `threads`
    are those of `cosmodag.training.prediction.predict`.
    """

    folder: Path
    dataset_folder: Path
    description: Mapping[str, Any]
    dataset: Mapping[str, Any]
    device: str = "auto"
    threads: int | None = None


class Subset(NamedTuple):
    """Examples with the predictions of the network and of the baselines."""

    examples: SplitExamples
    predictions: NetworkPredictions
    baselines: Mapping[str, Predictions]


class Evaluation(abc.ABC):
    """Evaluation of the runs of one task.

    Experiments refine a shared evaluation in a subclass that their declaration names.

    Parameters
    ----------
    task : mapping
        A completed task, as in run.json.
    truth : str, optional
        Channel that maps are scored on where it is not the one that was learned.
    transform : str, optional
        Transform of the network's input.
    sources : mapping from str to sequence of path, optional
        Files that the examples were cut out of, by kind, for baselines that see more of them.

    Attributes
    ----------
    BASELINES : mapping from str to callable
        Baselines that `fit` fits, by name.
    """

    BASELINES: ClassVar[Mapping[str, Callable[..., Predictions]]]

    predicts_shape_of_truth: ClassVar[bool] = False
    """Whether a baseline's predictions have the shape of the truth, as maps do."""

    def __init__(
        self,
        task: Mapping[str, Any],
        *,
        truth: str | None = None,
        transform: str | None = None,
        sources: Mapping[str, Sequence[str | os.PathLike]] | None = None,
    ):
        self.task, self.truth, self.transform = task, truth, transform
        self.sources = sources or {}

    @property
    def columns(self) -> list[str]:
        """Target columns whose names the baselines carry, as in "count:trees"; empty if none do."""
        return []

    @abc.abstractmethod
    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples of one split with the truth of the task.

        Parameters
        ----------
        examples : Examples
            `y` contains the targets of the shards, (N, *space, K) float32.
        dataset : mapping
            Content of dataset.json.

        Raises
        ------
        InputError
            If the dataset lacks the target, or the target has one value only.
        """

    @abc.abstractmethod
    def fit(self, examples: SplitExamples, **options: Any) -> Fitted:
        """Fit the baselines on the training split.

        Parameters
        ----------
        examples : mapping from split to Examples
        **options
            `seed`, `threads` and `settings` of `cosmodag.evaluation.baselines.fitting.fit_each`.

        Returns
        -------
        mapping from str to Predictions or LeftOut
            Those of one of several columns carry its name, as in "count:trees".
        """

    @abc.abstractmethod
    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score the predictions of the network and of the baselines alike.

        Parameters
        ----------
        subset : Subset
        replicas, seed : int
            Bootstrap replicas over groups, and the seed of their draws.
        """

    def in_target_units(
        self, predictions: NetworkPredictions, run: RunToEvaluate
    ) -> NetworkPredictions:
        """Return the network's predictions in the units of the truth."""
        return predictions

    def probe_targets(self, examples: Examples) -> dict[str, Probed]:
        """Return what `cosmodag.evaluation.position_probe` predicts from places and names alone.

        Parameters
        ----------
        examples : Examples
            One split, with the truth.

        Returns
        -------
        dict from str to Probed
            Numbers and classes by column; the mean brightness of parts of images for other tasks.
        """
        units, y = Units.examples(examples.index), np.asarray(examples.y)
        if y.ndim == 1:
            return {"": Probed(units, y[:, np.newaxis])}
        if y.ndim == 2:
            names = self.columns or [str(number) for number in range(y.shape[1])]
            return {name: Probed(units, y[:, [k]]) for k, name in enumerate(names)}
        return {"": Probed(units, image_summaries(examples.x))}

    def without_signal(self, subset: Subset) -> tuple[Subset, Subset | None]:
        """Split examples into those with a signal and those without, which are scored separately.

        Returns
        -------
        with_signal : Subset
        without_signal : Subset or None
            Examples of the test split that cannot be distinguished; None where there are
            none.
        """
        return subset, None

    def run_figures(
        self, run: RunToEvaluate, examples: SplitExamples, test: Subset
    ) -> dict[str, Figure]:
        """Return figures that need the network itself.

        Parameters
        ----------
        run : RunToEvaluate
        examples : mapping from split to Examples
            All examples, in the order of the dataset.
        test : Subset
            Those that are scored.
        """
        return {}

    def with_causes(self, scored: Scored, run: RunToEvaluate) -> Scored:
        """Return the scores with the causes of the outcome that the files of the dataset show.

        Parameters
        ----------
        scored : Scored
            What `score` returned.
        run : RunToEvaluate
        """
        return scored

    def check_baselines(
        self, path: Path, baselines: Mapping[str, Predictions], test: Examples
    ) -> None:
        """Refuse baselines that were fitted to another dataset or target.

        Raises
        ------
        InputError
        """
        missing = [c for c in self.columns if not any(n.startswith(f"{c}:") for n in baselines)]
        unexpected = not self.columns and any(":" in name for name in baselines)
        shape = test.y.shape if self.predicts_shape_of_truth else test.y.shape[:1]
        misshapen = any(each.test.shape[: len(shape)] != shape for each in baselines.values())
        if missing or unexpected or misshapen:
            raise InputError(f"{path}: made for another dataset or target; fit the baselines anew")


def select_columns(examples: Examples, columns: Sequence[str]) -> Examples:
    """Return the examples with columns of their index as truth, (N, K) float32."""
    return examples._replace(y=examples.index[list(columns)].to_numpy(np.float32))


def require_classes(y: np.ndarray, target: str, cure: str) -> None:
    """Refuse a truth that has the same value everywhere, which no score can judge.

    Parameters
    ----------
    y : numpy.ndarray
        Classes or masks of one split.
    target : str
        Name of the target, for the message.
    cure : str
        What to change.

    Raises
    ------
    InputError
    """
    if y.size and (y == y.flat[0]).all():
        raise InputError(f"target {target}: its only value is {y.flat[0]:g} in a split; {cure}")
