"""Baseline: voids that a finder finds in the matter, which is reconstructed from the galaxies.

The finder is that of `box_finder`, and its threshold is chosen in the same way. The reconstruction
is fitted to the matter of the training boxes, see `reconstruction`.
"""

from collections.abc import Sequence

from cosmodag.evaluation.baselines.examples import Predictions
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.sphere_search import predict_by_spheres

NAME = "matter_finder"
THRESHOLDS = (-0.5, -0.55, -0.6, -0.65, -0.7)
"""Mean overdensities of the reconstructed matter in a sphere that are tried on validation."""


def fit(
    examples: BoxExamples,
    searches: BoxSearches,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    seed: int = 0,
) -> Predictions:
    """Predict masks, or numbers, by the voids of a finder in the reconstructed matter.

    Parameters
    ----------
    examples : BoxExamples
    searches : BoxSearches
        Those of the label of the examples.
    thresholds : sequence of float
        Mean overdensities to try.
    seed : int
        Without effect: that of the reconstruction is the searches'.

    Raises
    ------
    InputError
        The matter cannot be reconstructed, or no settings suit the boxes.
    """
    searches.reconstruction.check()
    return predict_by_spheres(searches.matter, examples, thresholds)
