"""Evaluation of classes of galaxies, beside baselines on apertures and moments."""

from typing import ClassVar

import numpy as np

from cosmodag.evaluation.baselines import ordered_classes
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.ordered_evaluation import OrderedEvaluation
from cosmodag.galaxies.baselines import photometric_features


class LabelEvaluation(OrderedEvaluation):
    """Evaluation of classes of galaxies, such as labels of a catalogue."""

    BASELINES: ClassVar = {
        "shares": ordered_classes.shares,
        "discriminant": ordered_classes.discriminant,
        "stamp_ridge": ordered_classes.ridge,
        "stamp_trees": ordered_classes.trees,
        "neighbours": ordered_classes.neighbours,
    }

    def features(self, examples: Examples) -> np.ndarray:
        """Return photometric features (N, F) of the stamps."""
        return photometric_features.with_features(examples).x
