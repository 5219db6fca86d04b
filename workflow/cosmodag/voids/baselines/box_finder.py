"""Baseline: voids that a finder finds among the galaxies of the whole box.

They are spheres of low mean galaxy density, projected as the targets are. A network sees sub-boxes,
at whose faces voids are cut; a finder has no such limit. Its density threshold is chosen on the
validation split, where its maps also become probabilities and its counts expected counts.
"""

from collections.abc import Sequence

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Predictions
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.sphere_search import predict_by_spheres

NAME = "box_finder"
THRESHOLDS = (-0.8, -0.85, -0.875)
"""Mean overdensities of galaxies inside a sphere that are tried on the validation split."""
OF_GALAXIES = "underdensity"
"""The label that this finder itself defines."""


def fit(
    examples: BoxExamples,
    searches: BoxSearches,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    seed: int = 0,
) -> Predictions:
    """Predict masks, or numbers, by the voids of a finder among the galaxies.

    Parameters
    ----------
    examples : BoxExamples
    searches : BoxSearches
        Those of the label of the examples.
    thresholds : sequence of float
        Mean overdensities to try.
    seed : int
        Without effect.

    Raises
    ------
    InputError
        The finder defines the target itself, or no settings suit the boxes.
    """
    if examples.label == OF_GALAXIES:
        raise InputError("the target is what it finds itself")
    return predict_by_spheres(searches.galaxies, examples, thresholds)
