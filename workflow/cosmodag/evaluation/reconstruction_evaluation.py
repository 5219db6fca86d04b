"""Images reconstructed by an auto-encoder and by baselines of the same size, scored alike."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from cosmodag.datasets.transforms import input_scale
from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.baselines import reconstructions
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    NetworkPredictions,
    RunToEvaluate,
    Scored,
    SplitExamples,
    Subset,
)
from cosmodag.evaluation.reconstruction_figures import ChannelStyle, rows_by_error
from cosmodag.evaluation.reconstruction_figures import reconstructions as draw_reconstructions
from cosmodag.evaluation.verdict import judged

LIMITS = {"mse": (0, np.inf), "explained_variance": (-np.inf, 1)}
SHOWN = ("network", "principal", "cosines")
"""Predictors whose reconstructions are drawn."""
CAPTION = (
    "Unseen images beside their reconstructions by the network and by baselines of the same size, "
    "from the smallest error (top) to the largest, evenly spaced in rank."
)


class ReconstructionEvaluation(Evaluation):
    """Evaluation of reconstructed images, in the units of the images.

    `mse` is the mean squared error of a pixel, `explained_variance` the part of the variance about
    the mean of all test pixels that is explained.

    Attributes
    ----------
    STYLE : ChannelStyle
        How images are drawn.
    """

    BASELINES = reconstructions.BASELINES
    STYLE: ClassVar[ChannelStyle] = ChannelStyle()
    predicts_shape_of_truth = True

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with their images as truth."""
        return examples._replace(y=examples.x)

    def latent_size(self, image: np.ndarray) -> int:
        """Return the numbers to which baselines compress an image (H, W, C)."""
        return self.task.get("latent_dim") or image.size // reconstructions.PART

    def fit(self, examples: SplitExamples, **options: Any) -> dict[str, Predictions]:
        """Fit the baselines, which compress to as many numbers as the network's latent has."""
        size = self.latent_size(examples["train"].x[0])
        return fit_each(self.BASELINES, *examples.values(), size=size, **options)

    def in_target_units(
        self, predictions: NetworkPredictions, run: RunToEvaluate
    ) -> NetworkPredictions:
        """Return the reconstructions with channels last, in the units of the dataset."""
        statistics = run.description.get("statistics", run.dataset["statistics"])
        origin, unit = input_scale(run.description["transform"], statistics)
        return {
            split: {
                **each,
                "reconstruction": np.moveaxis(each["reconstruction"], 1, -1) * unit + origin,
            }
            for split, each in predictions.items()
        }

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score reconstructed images."""
        test = subset.examples["test"]
        groups = test.index["group"].to_numpy()
        reconstructed = {"network": subset.predictions["test"]["reconstruction"]}
        reconstructed |= {name: each.test for name, each in subset.baselines.items()}
        draws = {
            name: bootstrap.draw(
                scores, error_sums(each, test.y, groups), replicas=replicas, seed=seed
            )
            for name, each in reconstructed.items()
        }
        metrics = judged(
            "explained_variance",
            {name: each.intervals(LIMITS) for name, each in draws.items()},
            {name: draws["network"].minus(draws[name]) for name in subset.baselines},
            draws["network"].groups,
        )
        error = ((reconstructed["network"] - test.y) ** 2).mean((1, 2, 3))
        figure = reconstruction_figure(test, reconstructed, error, self.STYLE)
        return Scored(metrics, {"squared_error": error}, {"reconstructions": figure})


def reconstruction_figure(
    test: Examples, reconstructed: Mapping[str, np.ndarray], error: np.ndarray, style: ChannelStyle
) -> Figure:
    """Return the figure of images beside their reconstructions."""
    draw = partial(
        draw_reconstructions,
        examples=test,
        reconstructed={name: reconstructed[name] for name in SHOWN if name in reconstructed},
        rows=rows_by_error(error),
        style=style,
    )
    return Figure(draw, CAPTION, wide=True)


def error_sums(
    reconstructed: np.ndarray, truth: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray]:
    """Return pixels, their sum, sum of squares and squared errors per group, (G, 4)."""
    truth = np.asarray(truth, np.float64)
    axes = tuple(range(1, truth.ndim))
    columns = [
        np.full(len(truth), truth[0].size),
        truth.sum(axes),
        (truth**2).sum(axes),
        ((reconstructed - truth) ** 2).sum(axes),
    ]
    return (bootstrap.group_sums(groups, np.stack(columns, 1)),)


def scores(totals: np.ndarray) -> dict[str, np.ndarray]:
    """Return both scores of R sets of totals (R, 4)."""
    n, total, square, error = totals.T
    variance = square / n - (total / n) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = np.where(variance > 0, 1 - error / n / variance, np.nan)
    return {"mse": error / n, "explained_variance": explained}
