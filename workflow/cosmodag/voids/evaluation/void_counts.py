"""Evaluation of counts of voids."""

from collections.abc import Mapping
from typing import Any

from cosmodag.evaluation.baselines.examples import Fitted
from cosmodag.evaluation.evaluation import SplitExamples
from cosmodag.evaluation.number_evaluation import NumberEvaluation
from cosmodag.voids.evaluation.void_maps import only_galaxies


class VoidCountEvaluation(NumberEvaluation):
    """Evaluation of the number and the volume of voids in a sub-box."""

    def fit(
        self,
        examples: SplitExamples,
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Fitted:
        """Fit the baselines of each column, and those on whole boxes."""
        from cosmodag.voids.baselines.whole_box_baselines import OF_NUMBERS, fit_whole_boxes

        settings = dict(settings or {})
        of_boxes = {name: settings.pop(name) for name in OF_NUMBERS if name in settings}
        galaxies = {name: only_galaxies(split) for name, split in examples.items()}
        fitted = super().fit(galaxies, settings=settings, **options)
        by_column = {
            column: {split: each._replace(y=each.y[:, n]) for split, each in examples.items()}
            for n, column in enumerate(self.columns)
        }
        on_boxes = fit_whole_boxes(
            OF_NUMBERS, self.sources, by_column, settings=of_boxes, **options
        )
        named = {f"{column}:{k}": v for column, each in on_boxes.items() for k, v in each.items()}
        return {**fitted, **named}
