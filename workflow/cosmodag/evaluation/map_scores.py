"""Scores of probability maps against binary masks, with intervals over groups.

Pixels enter through histograms: for each group the predictions inside and outside the mask are
counted in some thousand bins whose edges hold the threshold, the calibration bins and the
quantiles of the predictions. Every score follows from these counts, so that a bootstrap replica
costs additions of histograms rather than passes over pixels. A map may have any number of
dimensions: squares of pixels and cubes of voxels are scored alike. Pixels whose mask is NaN are
unknown and do not count.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cosmodag.cutouts.known_pixels import flat_pixels
from cosmodag.evaluation import bootstrap

CALIBRATION_BINS = 15
_QUANTILES = 1000
# Quantiles of the predictions are found on at most this many pixels.
_SAMPLE = 1_000_000

# Lowest and highest possible value of each score.
LIMITS = {
    "mcc": (-1, 1),
    "f1": (0, 1),
    "iou": (0, 1),
    "average_precision": (0, 1),
    "brier": (0, 1),
    "brier_skill": (-np.inf, 1),
    "expected_calibration_error": (0, 1),
    "prediction_p01": (0, 1),
    "prediction_p99": (0, 1),
    "prediction_std": (0, 1),
}


class MapSums(NamedTuple):
    """What the scores of a map depend on, for each of G groups and B bins of the prediction.

    `count` (G, 2, B): pixels outside (0) and inside (1) the mask; `probability` (G, 2, B): sum of
    their predictions; `square` (G,): sum of the squared predictions of all pixels.
    """

    count: np.ndarray
    probability: np.ndarray
    square: np.ndarray


def bin_edges(probability: np.ndarray, thresholds: tuple[float, ...] = ()) -> np.ndarray:
    """Inner edges of the bins: quantiles of the predictions, calibration bins and thresholds.

    A value equal to an edge falls in the bin above it, so a threshold on an edge splits exactly
    into `probability < threshold` and `probability >= threshold`.
    """
    flat = np.asarray(probability).ravel()
    sample = flat[:: max(1, flat.size // _SAMPLE)]
    quantiles = np.quantile(sample, np.linspace(0, 1, _QUANTILES + 1))
    calibration = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    return np.unique(np.concatenate([quantiles, calibration, thresholds]))


def map_sums(
    probability: np.ndarray, mask: np.ndarray, groups: np.ndarray, edges: np.ndarray
) -> MapSums:
    """Histograms of the predictions of each group, in the groups' sorted order.

    Parameters
    ----------
    probability : float array of shape (N, ...)
        Predicted probability that a pixel lies inside a void.
    mask : bool array of shape (N, ...), or float with NaN in unknown pixels
        Whether it does.
    groups : array of shape (N,)
        Group of each map.
    edges : float array
        From `bin_edges`.
    """
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    bins = len(edges) + 1
    count = np.zeros((len(names), 2 * bins))
    total = np.zeros_like(count)
    square = np.zeros(len(names))
    for predicted, truth, group in zip(probability, mask, code):
        inside, flat = flat_pixels(truth, np.asarray(predicted, dtype=np.float64))
        place = np.searchsorted(edges, flat, side="right") + bins * (inside > 0)
        count[group] += np.bincount(place, minlength=2 * bins)
        total[group] += np.bincount(place, weights=flat, minlength=2 * bins)
        square[group] += flat @ flat
    shape = (len(names), 2, bins)
    return MapSums(count.reshape(shape), total.reshape(shape), square)


def scores(
    totals: MapSums, edges: np.ndarray, threshold: float, base_rate: float
) -> dict[str, np.ndarray]:
    """Every score of R sets of totals, each an array of shape (R,); NaN where undefined.

    Parameters
    ----------
    totals : MapSums
        Sums over groups, with R in the place of the groups.
    edges : float array
        The bins' edges; must hold `threshold`.
    threshold : float
        A pixel counts as predicted inside where its probability is at least this; chosen on the
        validation split.
    base_rate : float
        Fraction of pixels inside the mask in the training split: the reference of Brier skill.
    """
    count, probability, square = totals
    positive, pixels = count[:, 1].sum(1), count.sum((1, 2))
    brier = (square - 2 * probability[:, 1].sum(1) + positive) / pixels
    reference = (positive * (1 - base_rate) ** 2 + (pixels - positive) * base_rate**2) / pixels
    mean = probability.sum((1, 2)) / pixels
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            **_binary_scores(count, edges, threshold),
            "average_precision": _average_precision(count),
            "brier": brier,
            "brier_skill": np.where(reference > 0, 1 - brier / reference, np.nan),
            "expected_calibration_error": _calibration_error(count, probability, edges),
            "prediction_p01": _percentile(count, probability, 0.01),
            "prediction_p99": _percentile(count, probability, 0.99),
            "prediction_std": np.sqrt(np.maximum(square / pixels - mean**2, 0)),
        }


def map_draws(
    probability: np.ndarray,
    mask: np.ndarray,
    groups: np.ndarray,
    *,
    threshold: float,
    base_rate: float,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> bootstrap.Draws:
    """All scores of one predictor with replicas over groups; see `map_sums` and `scores`."""
    edges = bin_edges(flat_pixels(mask, probability)[1], (threshold,))
    sums = map_sums(probability, mask, groups, edges)
    return bootstrap.draw(
        lambda *totals: scores(MapSums(*totals), edges, threshold, base_rate),
        sums,
        replicas=replicas,
        seed=seed,
    )


def extremes(probability: np.ndarray) -> dict[str, bootstrap.Interval]:
    """Lowest and highest prediction, without bounds: the bootstrap says nothing of an extreme."""
    return {
        f"prediction_{name}": {"value": float(value), "low": None, "high": None}
        for name, value in (("min", np.min(probability)), ("max", np.max(probability)))
    }


def choose_threshold(probability: np.ndarray, mask: np.ndarray) -> float:
    """Threshold of largest MCC; to be called with predictions for the validation split alone.

    Returns the training-free default 0.5 where no threshold separates anything, as for a constant
    prediction.
    """
    edges, mcc = _mcc_by_threshold(probability, mask)
    best = int(np.argmax(mcc))
    return float(edges[best]) if mcc[best] > 0 else 0.5


def largest_mcc(probability: np.ndarray, mask: np.ndarray) -> float:
    """MCC at the threshold that is best for these predictions; for the validation split alone."""
    return float(_mcc_by_threshold(probability, mask)[1].max())


def reliability(
    probability: np.ndarray, mask: np.ndarray, groups: np.ndarray, *, seed: int = 0
) -> dict[str, list]:
    """Reliability diagram: for each occupied calibration bin the mean prediction, the observed
    fraction inside the mask with its interval over groups, and the bin's share of the pixels.
    """
    edges = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    sums = map_sums(probability, mask, groups, edges)

    def curve(count: np.ndarray, total: np.ndarray, square: np.ndarray) -> Mapping:
        with np.errstate(invalid="ignore", divide="ignore"):
            observed = count[:, 1] / count.sum(1)
        return {str(i): observed[:, i] for i in range(CALIBRATION_BINS)}

    limits = {str(i): (0, 1) for i in range(CALIBRATION_BINS)}
    observed = bootstrap.draw(curve, sums, seed=seed).intervals(limits)
    count, total = sums.count.sum((0, 1)), sums.probability.sum((0, 1))
    used = np.flatnonzero(count)
    return {
        "predicted": [float(total[i] / count[i]) for i in used],
        "observed": [observed[str(i)] for i in used],
        "share": [float(count[i] / count.sum()) for i in used],
    }


def _mcc_by_threshold(probability: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return thresholds and the MCC at each."""
    edges = bin_edges(flat_pixels(mask, probability)[1])
    count = map_sums(probability, mask, np.zeros(len(mask)), edges).count[0]
    # At edge i everything in the bins above i is predicted inside.
    inside = count[:, ::-1].cumsum(1)[:, ::-1][:, 1:]
    mcc = _mcc(inside[1], inside[0], count[1].sum() - inside[1], count[0].sum() - inside[0])
    return edges, mcc


def _binary_scores(count: np.ndarray, edges: np.ndarray, threshold: float) -> dict[str, np.ndarray]:
    above = np.searchsorted(edges, threshold, side="right")
    if above == 0 or edges[above - 1] != threshold:
        raise ValueError(f"threshold {threshold} is none of the bins' edges")
    false_negative, false_positive = count[:, 1, :above].sum(1), count[:, 0, above:].sum(1)
    true_positive, true_negative = count[:, 1, above:].sum(1), count[:, 0, :above].sum(1)
    union = true_positive + false_positive + false_negative
    return {
        "mcc": _mcc(true_positive, false_positive, false_negative, true_negative),
        "f1": 2 * true_positive / (true_positive + union),
        "iou": true_positive / union,
    }


def _mcc(
    true_positive: np.ndarray,
    false_positive: np.ndarray,
    false_negative: np.ndarray,
    true_negative: np.ndarray,
) -> np.ndarray:
    """Matthews correlation; 0 where prediction or truth is constant, as in scikit-learn."""
    product = np.sqrt(true_positive + false_positive) * np.sqrt(true_positive + false_negative)
    product *= np.sqrt(true_negative + false_positive) * np.sqrt(true_negative + false_negative)
    numerator = true_positive * true_negative - false_positive * false_negative
    return np.divide(numerator, product, out=np.zeros_like(product), where=product > 0)


def _average_precision(count: np.ndarray) -> np.ndarray:
    """Sum of precision times the step of recall, from the highest prediction down."""
    inside, outside = (count[:, truth, ::-1] for truth in (1, 0))
    found = inside.cumsum(1)
    predicted = found + outside.cumsum(1)
    precision = np.divide(found, predicted, out=np.zeros_like(found), where=predicted > 0)
    return (precision * inside).sum(1) / found[:, -1]


def _calibration_error(count: np.ndarray, probability: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean distance of prediction and observed fraction in equal bins (Naeini et al. 2015)."""
    inner = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    starts = np.concatenate([[0], np.searchsorted(edges, inner, side="left") + 1])
    observed = np.add.reduceat(count[:, 1], starts, axis=1)
    predicted = np.add.reduceat(probability.sum(1), starts, axis=1)
    return np.abs(observed - predicted).sum(1) / count.sum((1, 2))


def _percentile(count: np.ndarray, probability: np.ndarray, level: float) -> np.ndarray:
    """Mean prediction of the bin in which the cumulated pixels pass `level`."""
    each = count.sum(1)
    passed = each.cumsum(1) >= level * each.sum(1, keepdims=True)
    bin_ = passed.argmax(1)[:, None]
    take = np.take_along_axis
    return (take(probability.sum(1), bin_, 1) / take(each, bin_, 1))[:, 0]
