"""Whether catalogues or positions alone distinguish two classes, without images."""

from collections.abc import Mapping
from typing import NamedTuple

from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.names import baseline_title
from cosmodag.injections.verdict.rank_tests import Sample, mann_whitney
from cosmodag.injections.verdict.two_sample import LEVEL

POSITION_BASELINE = "index_only"
"""Baseline that uses positions on the sky instead of measurements."""


class BaselineScore(NamedTuple):
    """AUC of a baseline.

    Attributes
    ----------
    name : str
        Name of the baseline.
    auc : float
        Area under its ROC curve on the test set.
    """

    name: str
    auc: float

    @property
    def note(self) -> str:
        """A few words for the row of the test in a table of outcomes."""
        source = "position" if self.name == POSITION_BASELINE else "catalogue"
        return f"{source} baseline alone: AUC {number(self.auc)}"

    @property
    def sentence(self) -> str:
        """One sentence for the verdict."""
        position = self.name == POSITION_BASELINE
        difference = "positions on the sky" if position else "catalogues"
        return (
            f"The {difference} of the classes already differ: the baseline "
            f"{baseline_title(self.name)} reaches an AUC of {number(self.auc)} without the images."
        )


def best_significant_baseline(
    samples: Mapping[str, Sample], scores: Mapping[str, Mapping]
) -> BaselineScore | None:
    """Return the baseline of the highest AUC among those that distinguish the classes.

    A baseline counts if its p-value is below the significance level divided by the number of
    baselines, and if the interval of its AUC lies above 0.5.

    Parameters
    ----------
    samples : mapping of str to Sample
        Scores of each baseline on the test set.
    scores : mapping of str to mapping
        For each baseline the interval of its `auc`: `value`, `low` and `high`.

    Returns
    -------
    BaselineScore or None
        None if no baseline distinguishes the classes.
    """
    significant = {}
    for name, sample in samples.items():
        p_value, auc = mann_whitney(sample), scores[name]["auc"]
        below_level = p_value is not None and p_value < LEVEL / len(samples)
        if below_level and (auc["low"] or 0) > 0.5:
            significant[name] = auc["value"]
    if not significant:
        return None
    best = max(significant, key=lambda name: significant[name])
    return BaselineScore(best, significant[best])
