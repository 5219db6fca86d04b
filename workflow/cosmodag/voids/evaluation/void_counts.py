"""Evaluation of counts of voids."""

from collections.abc import Mapping
from typing import Any

from cosmodag.evaluation.baselines.examples import Fitted
from cosmodag.evaluation.evaluation import SplitExamples
from cosmodag.evaluation.number_evaluation import NumberEvaluation


class VoidCountEvaluation(NumberEvaluation):
    """Evaluation of the number and the volume of voids in a sub-box."""

    def fit(
        self,
        examples: SplitExamples,
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Fitted:
        """Fit the baselines of each column, and the finder on whole boxes."""
        from cosmodag.voids.baselines import box_finder

        settings = dict(settings or {})
        of_finder = settings.pop(box_finder.NAME, {})
        fitted = dict(super().fit(examples, settings=settings, **options))
        for number, column in enumerate(self.columns):
            valid, test = (
                examples[split]._replace(y=examples[split].y[:, number])
                for split in ("valid", "test")
            )
            fitted[f"{column}:{box_finder.NAME}"] = box_finder.fit_numbers(
                self.sources, column, valid, test, threads=options.get("threads"), **of_finder
            )
        return fitted
