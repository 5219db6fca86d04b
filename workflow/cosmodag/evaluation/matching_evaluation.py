"""Slices found among others of the same class, by a network and by correlation, scored alike."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.evaluation import slice_figures
from cosmodag.reionization.evaluation.candidates import top_1
from cosmodag.training.tasks import make_task


def evaluate_matching(
    task: Mapping,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
    *,
    replicas: int,
    seed: int,
) -> tuple[dict, dict, dict[str, Callable]]:
    """Scores, predictions to keep and figures of matches among candidates of the same class."""
    test, candidates = examples["test"], make_task(**task).candidates
    groups = test.index["group"].to_numpy()
    vectors = {"network": found["test"]["embedding"]}
    vectors |= {name: each.test for name, each in fitted.items()}
    hits = {n: top_1(each, test.y, candidates, seed) for n, each in vectors.items()}
    draws = {
        name: bootstrap.draw(_share, _sums(each, groups), replicas=replicas, seed=seed)
        for name, each in hits.items()
    }
    scored = judged(
        "top_1",
        {name: each.intervals({"top_1": (0, 1)}) for name, each in draws.items()},
        {name: draws["network"].minus(draws[name]) for name in fitted},
    )
    drawings = {}
    if "redshift" in test.index:
        redshift = test.index["redshift"].to_numpy()
        shown = ("network", scored["strongest_baseline"])
        curves = {name: _by(hits[name], groups, redshift, replicas, seed) for name in shown}
        scored["by_redshift"] = {"matching": curves}
        drawings["redshifts_matching"] = partial(
            slice_figures.by_redshift, curves=curves, score="found at first"
        )
    return scored | {"candidates": candidates}, {"found": hits["network"]}, drawings


def _sums(hits: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray]:
    """Number of examples that have candidates, and hits, of each group, (G, 2)."""
    asked = np.isfinite(hits)
    return (bootstrap.group_sums(groups, np.stack([asked, np.where(asked, hits, 0)], 1)),)


def _share(totals: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"top_1": totals[:, 1] / totals[:, 0]}


def _by(
    hits: np.ndarray, groups: np.ndarray, covariate: np.ndarray, replicas: int, seed: int
) -> list[dict]:
    """Share of hits at each value of a covariate."""
    found = []
    for place in np.unique(covariate):
        here = covariate == place
        draws = bootstrap.draw(
            _share, _sums(hits[here], groups[here]), replicas=replicas, seed=seed
        )
        found.append({"at": float(place), **draws.intervals({"top_1": (0, 1)})["top_1"]})
    return found
