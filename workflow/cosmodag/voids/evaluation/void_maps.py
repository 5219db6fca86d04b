"""Evaluation of void maps."""

from collections.abc import Mapping
from typing import Any

from cosmodag.evaluation.baselines.examples import Fitted
from cosmodag.evaluation.evaluation import SplitExamples
from cosmodag.evaluation.figures import MapLabels
from cosmodag.evaluation.map_evaluation import MapEvaluation


class VoidMapEvaluation(MapEvaluation):
    """Evaluation of the probability that a sight line, or a cell, lies in a void."""

    LABELS = MapLabels(
        "galaxies (overdensity, asinh)", "true voids", "predicted voids", "probability of a void"
    )
    CAPTION = (
        "Galaxy overdensity, true voids and predicted probability of a void in unseen examples, "
        "from the best predicted (top) to the worst, evenly spaced in rank."
    )

    def fit(
        self,
        examples: SplitExamples,
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Fitted:
        """Fit the baselines of maps, and the finder on whole boxes."""
        from cosmodag.voids.baselines import box_finder

        settings = dict(settings or {})
        of_finder = settings.pop(box_finder.NAME, {})
        fitted = super().fit(examples, settings=settings, **options)
        of_boxes = box_finder.fit_maps(
            self.sources,
            self.channel,
            examples["valid"],
            examples["test"],
            threads=options.get("threads"),
            **of_finder,
        )
        return {**fitted, box_finder.NAME: of_boxes}
