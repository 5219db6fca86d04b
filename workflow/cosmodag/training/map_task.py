"""Maps and cubes of probabilities."""

from typing import ClassVar

import numpy as np
import torch
from torch.nn import functional

from cosmodag.training.calibration import fit_temperature
from cosmodag.training.task import Task

_BINS = 512


class MapTask(Task):
    """The probability that a sight line (or cell) is void, cell by cell.

    Parameters
    ----------
    channel
        The target's channel, such as ``"fraction_matter"``, in [0, 1].
    threshold
        Fraction from which a cell counts as void; None learns the fraction itself.
    positive_weight
        Weight of void cells in the loss. The default of 1 keeps probabilities calibrated.
    head
        ``"map"``, or ``"cube"`` for three dimensions.
    """

    calibrates = True
    scores: ClassVar = {"brier": False, "brier_skill": True, "mcc": True, "mcc_best": True}

    def __init__(
        self,
        channel: str,
        threshold: float | None = 0.5,
        positive_weight: float = 1.0,
        head: str = "map",
    ):
        self.head, self.outputs, self.target = head, 1, {"channels": [channel]}
        self.threshold, self.positive_weight = threshold, positive_weight

    def truth(self, y: torch.Tensor) -> torch.Tensor:
        """Return what is to be learned from fractions `y`: 0 or 1, or the fraction."""
        return y if self.threshold is None else (y >= self.threshold).to(y.dtype)

    def loss(self, output, y):
        weight = output.new_tensor(self.positive_weight)
        cells = functional.binary_cross_entropy_with_logits(
            output, self.truth(y), pos_weight=weight, reduction="none"
        )
        return cells.flatten(1).mean(1)

    def sums(self, output, y):
        probability, truth = output.sigmoid().flatten(), self.truth(y).flatten()
        bins = (probability * _BINS).long().clamp(0, _BINS - 1)
        positive = truth >= (self.threshold or 0.5)
        histogram = torch.bincount(bins + _BINS * positive, minlength=2 * _BINS)
        squares = (probability.double() - truth.double()).square().sum()
        return {
            "histogram": histogram.view(2, _BINS).double(),
            "squares": squares,
            "truth": truth.double().sum(),
            "cells": squares.new_tensor(truth.numel()),
        }

    def metrics(self, sums):
        """Return Brier score, its skill over the base rate, and the Matthews correlation.

        The correlation is given at probability 0.5 (``mcc``) and at the best of 512 thresholds
        (``mcc_best``).
        """
        cells, truth = sums["cells"].item(), sums["truth"].item()
        brier, rate = sums["squares"].item() / cells, truth / cells
        reference = rate * (1 - rate)
        correlation = matthews(sums["histogram"].cpu().numpy())
        return {
            "brier": brier,
            "brier_skill": 1 - brier / reference if reference > 0 else 0.0,
            "mcc": float(correlation[_BINS // 2]),
            "mcc_best": float(correlation.max()),
        }

    def predict(self, output):
        return {"logit": output.cpu().numpy(), "probability": output.sigmoid().cpu().numpy()}

    def fit_temperature(self, logit, y):
        return fit_temperature(logit, y)

    def probability(self, logit):
        return torch.from_numpy(logit).sigmoid().numpy()

    def observed(self, y):
        return self.truth(y).cpu().numpy()


def matthews(histogram: np.ndarray) -> np.ndarray:
    """Return the Matthews correlation when all bins from the i-th on are called positive.

    Parameters
    ----------
    histogram : (2, n) array
        Negative and positive cells in each bin of predicted probability.

    Returns
    -------
    (n,) array
        0 where all cells fall on one side.
    """
    false, true = np.cumsum(histogram[:, ::-1], axis=1)[:, ::-1]
    negatives, positives = histogram.sum(1)
    scale = np.sqrt(positives * negatives * (true + false) * (positives + negatives - true - false))
    covariance = true * (negatives - false) - false * (positives - true)
    return np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
