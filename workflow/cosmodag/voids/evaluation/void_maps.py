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
        """Fit the baselines of maps, and those on whole boxes."""
        from cosmodag.voids.baselines.whole_box_baselines import OF_MAPS, fit_whole_boxes

        settings = dict(settings or {})
        of_boxes = {name: settings.pop(name) for name in OF_MAPS if name in settings}
        fitted = super().fit(examples, settings=settings, **options)
        on_boxes = fit_whole_boxes(
            OF_MAPS, self.sources, {self.channel: examples}, settings=of_boxes, **options
        )
        return {**fitted, **on_boxes[self.channel]}
