"""Maps and cubes of probabilities."""

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from cosmodag.cutouts.known_pixels import flat_pixels, with_unknown
from cosmodag.cutouts.survey_channels import KNOWN
from cosmodag.datasets.dataset import Dataset
from cosmodag.training.calibration import fit_temperature
from cosmodag.training.task import Task

_N_BINS = 512


class MapTask(Task):
    """Probability of each cell of a map or cube that it belongs to a void.

    Parameters
    ----------
    channel : str
        Channel of the target, such as ``"fraction_matter"``, with values in [0, 1].
    threshold : float or None
        Fraction from which a cell is positive; None trains on the fraction itself.
    positive_weight : float
        Weight of positive cells in the loss. The default of 1 keeps probabilities calibrated.
    head : {"map", "cube"}
        Form of the output.
    known : str, optional
        Channel of the target that is 1 in cells that are known and 0 in others, which have no part
        in losses and scores; it follows from the dataset. Without it all cells are known.
    """

    calibrates = True
    scores: Mapping[str, bool] = {
        "brier": False,
        "brier_skill": True,
        "mcc": True,
        "mcc_best": True,
    }

    def __init__(
        self,
        channel: str,
        threshold: float | None = 0.5,
        positive_weight: float = 1.0,
        head: str = "map",
        known: str | None = None,
    ):
        channels = [channel] if known is None else [channel, known]
        self.head, self.outputs, self.target = head, 1, {"channels": channels}
        self.threshold, self.positive_weight = threshold, positive_weight

    @classmethod
    def complete(cls, settings: Mapping, dataset: Dataset) -> dict:
        """Return the settings with the channel of known cells, if the dataset has one."""
        return dict(settings) | ({"known": KNOWN} if KNOWN in dataset.y_channels else {})

    def truth(self, y: torch.Tensor) -> torch.Tensor:
        """Return the values to predict from fractions `y`: 0 or 1, or the fraction."""
        return y if self.threshold is None else (y >= self.threshold).to(y.dtype)

    def loss(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the mean cross entropy of the cells of each example, (b,); 0 in unknown cells."""
        y, known = y[:, :1], y[:, 1:]
        cells = functional.binary_cross_entropy_with_logits(
            output,
            self.truth(y),
            weight=known if known.shape[1] else None,
            pos_weight=output.new_tensor(self.positive_weight),
            reduction="none",
        )
        return cells.flatten(1).mean(1)

    def sums(self, output: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return a histogram of cells by truth and probability, and sums of truth and errors."""
        probability, truth = output.sigmoid().flatten(), self.truth(y[:, :1]).flatten()
        if y.shape[1] > 1:
            known = y[:, 1:].flatten() > 0
            probability, truth = probability[known], truth[known]
        bins = (probability * _N_BINS).long().clamp(0, _N_BINS - 1)
        positive = truth >= (self.threshold or 0.5)
        histogram = torch.bincount(bins + _N_BINS * positive, minlength=2 * _N_BINS)
        squares = (probability.double() - truth.double()).square().sum()
        return {
            "histogram": histogram.view(2, _N_BINS).double(),
            "squares": squares,
            "truth": truth.double().sum(),
            "cells": squares.new_tensor(truth.numel()),
        }

    def metrics(self, sums: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return Brier score, its skill relative to the base rate, and the Matthews correlation.

        The correlation is computed at probability 0.5 (``mcc``) and at the best of 512 thresholds
        (``mcc_best``).
        """
        cells, truth = sums["cells"].item(), sums["truth"].item()
        brier, rate = sums["squares"].item() / cells, truth / cells
        reference = rate * (1 - rate)
        correlation = matthews(sums["histogram"].cpu().numpy())
        return {
            "brier": brier,
            "brier_skill": 1 - brier / reference if reference > 0 else 0.0,
            "mcc": float(correlation[_N_BINS // 2]),
            "mcc_best": float(correlation.max()),
        }

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``logit`` and ``probability``, of the shape of `output`."""
        return {"logit": output.cpu().numpy(), "probability": output.sigmoid().cpu().numpy()}

    def fit_temperature(self, logit: np.ndarray, y: np.ndarray) -> float:
        """Return the temperature of the least cross entropy in known cells."""
        truth, logit = flat_pixels(y, logit)
        return fit_temperature(logit, truth)

    def probability(self, logit: np.ndarray) -> np.ndarray:
        """Return the probability of each cell, of the shape of `logit`."""
        return torch.from_numpy(logit).sigmoid().numpy()

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return the values to predict, 0 or 1, or the fraction; NaN in unknown cells."""
        truth = self.truth(y[:, :1]).cpu().numpy()
        return with_unknown(truth, y[:, 1:].cpu().numpy()) if y.shape[1] > 1 else truth


def matthews(histogram: np.ndarray) -> np.ndarray:
    """Return the Matthews correlation for each threshold between bins of probability.

    Parameters
    ----------
    histogram : numpy.ndarray, shape (2, n)
        Number of negative and of positive cells in each bin of predicted probability.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Correlation if all bins from the i-th on are predicted positive; 0 where all cells are
        predicted alike.

    Examples
    --------
    >>> float(matthews(np.array([[5, 0], [0, 5]]))[1])
    1.0
    """
    false, true = np.cumsum(histogram[:, ::-1], axis=1)[:, ::-1]
    negatives, positives = histogram.sum(1)
    scale = np.sqrt(positives * negatives * (true + false) * (positives + negatives - true - false))
    covariance = true * (negatives - false) - false * (positives - true)
    return np.divide(
        covariance, scale, out=np.zeros_like(covariance, dtype=np.float64), where=scale > 0
    )
