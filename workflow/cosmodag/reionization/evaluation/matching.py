"""Slices identified among others of the same class, by a network and by correlation."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cosmodag.evaluation import bootstrap, class_figures
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.evaluation import Figure, Scored, SplitExamples, Subset, select_columns
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.baselines import matches
from cosmodag.reionization.evaluation.candidates import top_1
from cosmodag.reionization.evaluation.slice_evaluations import SliceEvaluation
from cosmodag.training.tasks import make_task

CAPTION = (
    "Fraction of unseen slices identified at first by redshift, with 95 % intervals over groups."
)


class MatchingEvaluation(SliceEvaluation):
    """Evaluation of matches among candidates of the same class."""

    BASELINES = matches.BASELINES

    @property
    def candidates(self) -> int:
        """Slices among which the matching one is to be identified, itself among them."""
        return make_task(**self.task).candidates

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with the classes that candidates share as truth, (N, K)."""
        return select_columns(examples, self.task["columns"])

    def fit(self, examples: SplitExamples, **options: Any) -> dict[str, Predictions]:
        """Fit the baselines."""
        return fit_each(self.BASELINES, *examples.values(), candidates=self.candidates, **options)

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score matches."""
        test, candidates = subset.examples["test"], self.candidates
        groups = test.index["group"].to_numpy()
        vectors = {"network": subset.predictions["test"]["embedding"]}
        vectors |= {name: each.test for name, each in subset.baselines.items()}
        hits = {n: top_1(each, test.y, candidates, seed) for n, each in vectors.items()}
        draws = {
            name: bootstrap.draw(_share, _sums(each, groups), replicas=replicas, seed=seed)
            for name, each in hits.items()
        }
        metrics = judged(
            "top_1",
            {name: each.intervals({"top_1": (0, 1)}) for name, each in draws.items()},
            {name: draws["network"].minus(draws[name]) for name in subset.baselines},
            draws["network"].groups,
        )
        metrics["candidates"] = candidates
        drawn = {}
        if "redshift" in test.index:
            redshift = test.index["redshift"].to_numpy()
            shown = ("network", metrics["strongest_baseline"])
            curves = {name: _by(hits[name], groups, redshift, replicas, seed) for name in shown}
            metrics["by_redshift"] = {"matching": curves}
            draw = partial(
                class_figures.score_by_covariate,
                curves=curves,
                covariate="redshift",
                score="identified at first",
            )
            drawn["redshifts_matching"] = Figure(draw, CAPTION)
        return Scored(metrics, {"found": hits["network"]}, drawn)


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
