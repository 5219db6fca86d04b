"""Evaluation of void maps."""

import re
from collections.abc import Mapping
from typing import Any

from cosmodag.cutouts.survey_channels import SELECTION
from cosmodag.evaluation.baselines.examples import Examples, Fitted
from cosmodag.evaluation.evaluation import SplitExamples
from cosmodag.evaluation.figures import MapLabels
from cosmodag.evaluation.map_evaluation import MapEvaluation

GALAXIES = re.compile(r"overdensity(_\d+)?")
"""Channels of the galaxies inside a sub-box."""


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
        """Fit the baselines of maps to the galaxies, and those on whole boxes."""
        from cosmodag.voids.baselines.whole_box_baselines import OF_MAPS, fit_whole_boxes

        settings = dict(settings or {})
        of_boxes = {name: settings.pop(name) for name in OF_MAPS if name in settings}
        galaxies = {name: only_galaxies(split) for name, split in examples.items()}
        fitted = super().fit(galaxies, settings=settings, **options)
        on_boxes = fit_whole_boxes(
            OF_MAPS, self.sources, {self.channel: examples}, settings=of_boxes, **options
        )
        return {**fitted, **on_boxes[self.channel]}

    def shown(self, examples: Examples) -> Examples:
        """Return the galaxies of examples, to be drawn."""
        return only_galaxies(examples)


def only_galaxies(examples: Examples) -> Examples:
    """Return the galaxies of the sub-boxes alone.

    Networks get fields beside them, and margins before and after the sub-boxes. The selection
    function of a survey is kept beside the galaxies.
    """
    places = [n for n, name in enumerate(examples.channels) if GALAXIES.fullmatch(name)]
    if len(places) == len(examples.channels):
        return examples
    channels = tuple(examples.channels[n] for n in places)
    selection = None
    if SELECTION in examples.channels:
        selection = examples.x[..., examples.channels.index(SELECTION)]
    return examples._replace(x=examples.x[..., places], channels=channels, selection=selection)
