"""Test whether position, name or seed of an example predict its target without its content.

On independent groups they do not. If a predictor that sees no content succeeds on the test split,
training and test examples share structure, and a network can reach its score by memorizing
positions: the run leaks.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.baselines import neighbour_kernel
from cosmodag.evaluation.baselines.positions import Space, Units, all_spaces
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.evaluation.verdict import MIN_GROUPS

LEAKING = "leaking"
MARGIN = 0.1
"""Correlation with the truth up to which a probe is not successful."""
LEAST_EXPLAINED = 0.01
"""Part of the variance of the truth up to which it is not."""
LEVEL = 0.95
_TRAIN, _JUDGED = 200_000, 20_000
"""Units of the training split that are remembered, and of the other splits that are judged."""


class Probed(NamedTuple):
    """A target of one split as the probe sees it.

    Attributes
    ----------
    units : Units
        Examples, or pixels of their maps.
    values : numpy.ndarray, shape (U, K)
        Target of each unit: numbers, or indicators of classes.
    blocks : numpy.ndarray, shape (U,), int, optional
        Of pixels, the part of the map that they lie in.
    """

    units: Units
    values: np.ndarray
    blocks: np.ndarray | None = None


def probe(
    splits: Mapping[str, Mapping[str, Probed]], *, replicas: int, seed: int
) -> dict[str, Any]:
    """Predict each target from places, names and seeds alone.

    Parameters
    ----------
    splits : mapping from split to mapping from target to Probed
        Training, validation and test.
    replicas, seed : int
        Bootstrap replicas, and the seed of their draws and of subsamples.

    Returns
    -------
    dict
        `leaking` (whether one target is predicted) and `targets`: for each the `feature` that was
        chosen on validation (None if nothing helps), the `length` of its kernel with its `unit`,
        the `correlation` of the prediction with the truth, both as deviations from the mean, with
        its interval over `by` (groups, examples, or blocks of maps), `explained`, the part of the
        variance of the truth by which the prediction reduces the squared error, and `leaking`.
    """
    level = 1 - (1 - LEVEL) / len(splits["test"])
    targets = {}
    for name in splits["test"]:
        train, valid, test = (
            _sampled(splits[split][name], most, seed)
            for split, most in (("train", _TRAIN), ("valid", _JUDGED), ("test", _JUDGED))
        )
        fitted = neighbour_kernel.fit(
            all_spaces(train.units.index), train.units, train.values, valid.units, valid.values
        )
        scale = np.maximum(train.values.std(0), 1e-12)
        targets[name] = _judge(fitted, test, scale, level=level, replicas=replicas, seed=seed)
    return {"leaking": any(each["leaking"] for each in targets.values()), "targets": targets}


def _judge(
    fitted: neighbour_kernel.Fitted,
    test: Probed,
    scale: np.ndarray,
    *,
    level: float,
    replicas: int,
    seed: int,
) -> dict[str, Any]:
    """Return the result of one target."""
    kernel, space = fitted.kernel, fitted.space
    by, clusters = _clusters(space, test)
    result = {"feature": None, "length": None, "unit": space.unit, "by": by}
    if kernel is None:
        nothing = {"correlation": dict.fromkeys(("value", "low", "high")), "explained": 0.0}
        return result | nothing | {"leaking": False}
    reference = fitted.reference(test.units)
    predicted, truth = ((e - reference) / scale for e in (fitted.predict(test.units), test.values))
    total = (((test.values - fitted.memory.mean) / scale) ** 2).sum()
    gain = (truth**2 - (truth - predicted) ** 2).sum()
    explained = float(gain / total) if total > 0 else 0.0
    products = (predicted * truth, predicted**2, truth**2)
    sums = bootstrap.group_sums(clusters, np.stack([each.sum(1) for each in products], 1))
    draws = bootstrap.draw(_correlation, (sums,), replicas=replicas, seed=seed)
    correlation = draws.intervals({"correlation": (-1.0, 1.0)}, level)["correlation"]
    if len(sums) < MIN_GROUPS:
        correlation |= {"low": None, "high": None}
    return result | {
        "feature": space.name,
        "length": kernel.length if np.isfinite(kernel.length) else None,
        "correlation": correlation,
        "explained": explained,
        "leaking": correlation["low"] is not None
        and bool(correlation["low"] > MARGIN and explained > LEAST_EXPLAINED),
    }


def _clusters(space: Space, test: Probed) -> tuple[str, np.ndarray]:
    """Return the independent units of an interval: their name, and that of each unit.

    Few regions of one box would have no power. Where training examples lie in the same box or
    sky, the parts of their maps, or with few groups the examples, serve instead: a prediction that
    differs from the mean there is already a sign of a leak.
    """
    index, rows = test.units.index, test.units.rows
    groups = index["group"].to_numpy(str)
    if space.local and test.blocks is not None:
        return "block", test.blocks
    if space.local and len(set(groups)) < MIN_GROUPS:
        return "example", rows
    return "group", groups[rows]


def sentence(result: Mapping[str, Any]) -> str:
    """Return one sentence on a run that leaks.

    Parameters
    ----------
    result : mapping
        What `probe` returns.
    """
    leaking = {name: each for name, each in result["targets"].items() if each["leaking"]}
    name = max(leaking, key=lambda each: leaking[each]["correlation"]["value"])
    correlation = leaking[name]["correlation"]
    target = name or "the target"
    return (
        f"Leaking: {leaking[name]['feature']} alone predicts {target} in the test set with a "
        f"correlation of {number(correlation['value'])} ({bounds(correlation)}), so training and "
        "test sets share structure and no score of this run counts"
    )


def apply(metrics: dict[str, Any], result: Mapping[str, Any]) -> None:
    """Add the result of the probe to metrics.json; a run that leaks has no other verdict.

    Parameters
    ----------
    metrics : dict
        Content of metrics.json, changed in place.
    result : mapping
        What `probe` returns.
    """
    metrics["position_probe"] = dict(result)
    if not result["leaking"]:
        return
    text = sentence(result)
    metrics["verdict"] = f"{text}. Without regard to that: {metrics['verdict']}"
    metrics["outcome"] = LEAKING
    metrics["targets"] = {
        name: {**each, "outcome": LEAKING} for name, each in metrics["targets"].items()
    }
    metrics["notes"] = [f"{text}.", *metrics["notes"]]


def image_summaries(x: np.ndarray, blocks: int = 4) -> np.ndarray:
    """Return the means of blocks of images, (N, K).

    Parameters
    ----------
    x : numpy.ndarray, shape (N, *space, C)
        Images, channels last.
    blocks : int
        Blocks along each axis.
    """
    for axis in range(1, x.ndim - 1):
        edges = np.unique(np.linspace(0, x.shape[axis], blocks + 1).astype(int)[:-1])
        counts = np.diff([*edges, x.shape[axis]])
        shape = [-1 if each == axis else 1 for each in range(x.ndim)]
        x = np.add.reduceat(x, edges, axis=axis) / counts.reshape(shape)
    return x.reshape(len(x), -1).astype(np.float64)


def _sampled(probed: Probed, most: int, seed: int) -> Probed:
    if len(probed.values) <= most:
        return probed
    chosen = np.sort(np.random.default_rng(seed).choice(len(probed.values), most, replace=False))
    blocks = None if probed.blocks is None else probed.blocks[chosen]
    return Probed(probed.units.taken(chosen), probed.values[chosen], blocks)


def _correlation(totals: np.ndarray) -> dict[str, np.ndarray]:
    product, predicted, truth = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(predicted * truth)
        return {"correlation": np.where(scale > 0, product / scale, np.nan)}
