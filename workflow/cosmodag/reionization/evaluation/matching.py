"""Evaluation of the matching of slices among candidates of the same class."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cosmodag.evaluation import bootstrap, class_figures
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_each
from cosmodag.evaluation.baselines.positions import Units
from cosmodag.evaluation.evaluation import Figure, Scored, SplitExamples, Subset, select_columns
from cosmodag.evaluation.position_probe import Probed, image_summaries
from cosmodag.evaluation.verdict import judged
from cosmodag.reionization.baselines import slice_matching
from cosmodag.reionization.evaluation.retrieval import top_1_hits
from cosmodag.reionization.evaluation.slice_evaluations import SliceEvaluation
from cosmodag.training.tasks import make_task

CAPTION = (
    "Top-1 accuracy of matching unseen slices by redshift, with 95 % intervals over realizations."
)


class MatchingEvaluation(SliceEvaluation):
    """Evaluation of the matching of slices by their top-1 accuracy."""

    BASELINES = slice_matching.BASELINES

    @property
    def candidates(self) -> int:
        """Number of slices among which the matching one is to be identified."""
        task: Any = make_task(**self.task)
        return int(task.candidates)

    def with_truth(self, examples: Examples, dataset: Mapping[str, Any]) -> Examples:
        """Return the examples with the classes that candidates share as truth, shape (N, K)."""
        return select_columns(examples, self.task["columns"])

    def fit(self, examples: SplitExamples, **options: Any) -> dict[str, Predictions]:
        """Fit the baselines, which return embeddings of both slices."""
        return fit_each(self.BASELINES, *examples.values(), candidates=self.candidates, **options)

    def probe_targets(self, examples: Examples) -> dict[str, Probed]:
        """Return the mean brightness of parts of the images."""
        return {"": Probed(Units.examples(examples.index), image_summaries(examples.x))}

    def score(self, subset: Subset, *, replicas: int, seed: int) -> Scored:
        """Score the matching of the network and of the baselines, and of both by redshift."""
        test, candidates = subset.examples["test"], self.candidates
        groups = test.index["group"].to_numpy()
        embeddings = {"network": subset.predictions["test"]["embedding"]}
        embeddings |= {name: baseline.test for name, baseline in subset.baselines.items()}
        hits = {
            name: top_1_hits(values, test.y, candidates, seed)
            for name, values in embeddings.items()
        }
        draws = {
            name: bootstrap.draw(_accuracy, _hit_sums(values, groups), replicas=replicas, seed=seed)
            for name, values in hits.items()
        }
        metrics = judged(
            "top_1",
            {name: scores.intervals({"top_1": (0, 1)}) for name, scores in draws.items()},
            {name: draws["network"].minus(draws[name]) for name in subset.baselines},
            draws["network"].groups,
        )
        _, sizes = np.unique(test.y, axis=0, return_counts=True)
        metrics["candidates"] = min(candidates, int(sizes.max()))
        figures = {}
        if "redshift" in test.index:
            redshift = test.index["redshift"].to_numpy()
            shown = ("network", metrics["strongest_baseline"])
            curves = {
                name: _accuracy_by(hits[name], groups, redshift, replicas, seed) for name in shown
            }
            metrics["by_redshift"] = {"matching": curves}
            draw = partial(
                class_figures.score_by_covariate,
                curves=curves,
                covariate="redshift",
                score="top-1 accuracy",
            )
            figures["redshifts_matching"] = Figure(draw, CAPTION)
        return Scored(metrics, {"found": hits["network"]}, figures)


def _hit_sums(hits: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray]:
    """Return the numbers of examples with candidates and of hits per group, shape (G, 2)."""
    valid = np.isfinite(hits)
    return (bootstrap.group_sums(groups, np.stack([valid, np.where(valid, hits, 0)], 1)),)


def _accuracy(totals: np.ndarray) -> dict[str, np.ndarray]:
    """Return the top-1 accuracy of each replica from its totals, shape (R, 2)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"top_1": totals[:, 1] / totals[:, 0]}


def _accuracy_by(
    hits: np.ndarray, groups: np.ndarray, covariate: np.ndarray, replicas: int, seed: int
) -> list[dict]:
    """Return the top-1 accuracy with its interval at each value of a covariate."""
    curve = []
    for value in np.unique(covariate):
        rows = covariate == value
        draws = bootstrap.draw(
            _accuracy, _hit_sums(hits[rows], groups[rows]), replicas=replicas, seed=seed
        )
        curve.append({"at": float(value), **draws.intervals({"top_1": (0, 1)})["top_1"]})
    return curve
