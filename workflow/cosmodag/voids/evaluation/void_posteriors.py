"""Evaluation of posteriors of cosmological parameters."""

from collections.abc import Mapping
from typing import Any

from cosmodag.evaluation.baselines.examples import LeftOut
from cosmodag.evaluation.evaluation import SplitExamples
from cosmodag.evaluation.posterior_evaluation import PosteriorEvaluation, Summaries


class CosmologyEvaluation(PosteriorEvaluation):
    """Evaluation of posteriors of parameters of whole boxes, such as Ωm and σ8."""

    def summaries(
        self, examples: SplitExamples, *, threads: int | None = None, **options: Any
    ) -> Mapping[str, Summaries]:
        """Return power spectrum, void sizes and one-point distribution of the galaxies of boxes."""
        from cosmodag.voids.baselines.box_summaries import NAMES, box_summaries

        if not self.sources:
            reason = LeftOut("the files that the examples were cut out of were not given")
            return dict.fromkeys(NAMES, reason)
        return box_summaries(self.sources, examples, threads=threads)
