"""Probability maps of a network and of baselines, scored alike."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from cosmodag.cutouts.known_pixels import flat_pixels, known_pixels, with_unknown
from cosmodag.cutouts.survey_channels import KNOWN
from cosmodag.errors import InputError
from cosmodag.evaluation import bootstrap, figures, map_scores
from cosmodag.evaluation.baselines import maps
from cosmodag.evaluation.baselines.examples import Examples, Fitted
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.baselines.positions import Units, pixel_units
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    Scored,
    SplitExamples,
    Subset,
    require_classes,
)
from cosmodag.evaluation.position_probe import Probed
from cosmodag.evaluation.verdict import judged

CALIBRATION = (
    "Calibration: the observed fraction of pixels at each predicted probability; calibrated "
    "predictions lie on the grey line. Below, the distribution of the predicted probabilities."
)


PROBED_PIXELS = 200_000
"""Pixels of a split from which the probe of positions draws."""


def map_blocks(shape: tuple[int, ...], chosen: np.ndarray, n_blocks: int = 4) -> np.ndarray:
    """Return the part of its map that each pixel lies in, numbered over all maps.

    Parameters
    ----------
    shape : tuple of int
        Shape of all maps, (N, *map).
    chosen : numpy.ndarray, shape (U,), int
        Indices of pixels, flattened.
    n_blocks : int
        Parts along each axis.
    """
    block, *pixel = np.unravel_index(chosen, shape)
    for position, length in zip(pixel, shape[1:]):
        block = block * n_blocks + position * n_blocks // length
    return block


class MapEvaluation(Evaluation):
    """Evaluation of probability maps.

    Attributes
    ----------
    LABELS : MapLabels
        Labels of the figure of maps.
    CAPTION : str
        Its caption.
    LIMITS : mapping from str to pair of float
        Bounds of the scores.
    """

    BASELINES = maps.BASELINES
    LABELS: ClassVar[figures.MapLabels] = figures.MapLabels(
        "input (overdensity, asinh)", "truth", "prediction", "predicted probability"
    )
    CAPTION: ClassVar[str] = (
        "Input, truth and predicted probability in unseen examples, from the best predicted (top) "
        "to the worst, evenly spaced in rank."
    )
    LIMITS: ClassVar[Mapping[str, tuple[float, float]]] = map_scores.LIMITS
    predicts_shape_of_truth = True

    @property
    def channel(self) -> str:
        """The target channel that maps are scored on."""
        return self.truth or self.task["channel"]

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with masks (N, *map) as truth.

        A mask is where the channel reaches the task's threshold, or 0.5 for a task that learns the
        fraction itself. Where the examples have unknown pixels, it is float with NaN there.
        """
        channels = dataset["y_channels"]
        if self.channel not in channels:
            raise InputError(f"no target channel {self.channel!r} among {', '.join(channels)}")
        threshold = self.task.get("threshold", 0.5)
        fraction = examples.y[..., channels.index(self.channel)]
        mask = fraction >= (0.5 if threshold is None else threshold)
        if KNOWN in channels:
            mask = with_unknown(mask, examples.y[..., channels.index(KNOWN)])
        (known,) = flat_pixels(mask)
        require_classes(known, self.channel, "change its definition, or the threshold of the task")
        return examples._replace(y=mask)

    def shown(self, examples: Examples) -> Examples:
        """Return what is drawn of the input of examples; all channels here."""
        return examples

    def fit(self, examples: SplitExamples, **options: Any) -> Fitted:
        """Fit the baselines of maps."""
        return fit_each(self.BASELINES, *examples.values(), **options)

    def probe_targets(self, examples: Examples) -> dict[str, Probed]:
        """Return pixels of the masks, or, where examples lie in no box, the mean of each mask."""
        if "lower_x" not in examples.index:
            means = np.nanmean(examples.y.reshape(len(examples.y), -1), 1, keepdims=True)
            return {"": Probed(Units.examples(examples.index), means)}
        random = np.random.default_rng(len(examples.y))
        chosen = np.unique(random.integers(0, examples.y.size, PROBED_PIXELS))
        chosen = chosen[known_pixels(examples.y.ravel()[chosen])]
        units = pixel_units(examples.index, examples.y.shape[1:], chosen)
        values = examples.y.reshape(-1, 1)[chosen].astype(np.float64)
        return {"": Probed(units, values, map_blocks(examples.y.shape, chosen))}

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score probability maps; thresholds are chosen on the validation split."""
        examples, baselines = subset.examples, subset.baselines
        valid, test = examples["valid"], examples["test"]
        groups = test.index["group"].to_numpy()
        base_rate = float(np.nanmean(examples["train"].y))
        network = {s: each["probability"][:, 0] for s, each in subset.predictions.items()}
        on_valid = {"network": network["valid"]} | {k: v.valid for k, v in baselines.items()}
        on_test = {"network": network["test"]} | {k: v.test for k, v in baselines.items()}
        thresholds = {k: map_scores.choose_threshold(p, valid.y) for k, p in on_valid.items()}
        draws = {
            name: self.draws(
                probability,
                test,
                threshold=thresholds[name],
                base_rate=base_rate,
                replicas=replicas,
                seed=seed,
            )
            for name, probability in on_test.items()
        }
        scores = {
            name: each.intervals(self.LIMITS)
            | map_scores.extremes(flat_pixels(test.y, on_test[name])[1])
            for name, each in draws.items()
        }
        differences = {name: draws["network"].minus(draws[name]) for name in baselines}
        curve = map_scores.reliability(network["test"], test.y, groups, seed=seed)
        metrics = {
            **judged("mcc", scores, differences, draws["network"].groups),
            "thresholds": thresholds,
            "base_rate": base_rate,
            "reliability": curve,
        }
        rows = figures.spread_of_examples(network["test"], test.y)
        known = known_pixels(test.y)
        shown = network["test"] if known.all() else np.where(known, network["test"], np.nan)
        drawn = {
            "maps": Figure(
                partial(
                    figures.map_examples,
                    examples=self.shown(test),
                    probability=shown,
                    rows=rows,
                    labels=self.LABELS,
                ),
                self.CAPTION,
                wide=True,
            ),
            "reliability": Figure(partial(figures.reliability_diagram, curve=curve), CALIBRATION),
        }
        truth = test.y.astype(np.uint8) if known.all() else test.y
        kept = {"probability": network["test"], "truth": truth}
        return Scored(metrics, kept, drawn)

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
        """Return all scores of the maps of one predictor, with replicas over groups."""
        return map_scores.map_draws(
            probability,
            test.y,
            test.index["group"].to_numpy(),
            threshold=threshold,
            base_rate=base_rate,
            replicas=replicas,
            seed=seed,
        )
