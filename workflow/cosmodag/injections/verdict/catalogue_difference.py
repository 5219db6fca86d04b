"""Whether the catalogues of two classes differ, so that no network is needed to separate them."""

from collections.abc import Mapping
from typing import NamedTuple

from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.names import baseline_title
from cosmodag.injections.verdict.two_sample import LEVEL, Sample, mann_whitney

POSITION = "index_only"
"""The baseline that sees positions on the sky instead of measurements."""


class BaselineScore(NamedTuple):
    """A baseline and its AUC."""

    name: str
    auc: float

    @property
    def note(self) -> str:
        """A few words for a table, beside the outcome of the test."""
        source = "position" if self.name == POSITION else "catalogue"
        return f"{source} baseline alone: AUC {number(self.auc)}"

    @property
    def sentence(self) -> str:
        """One sentence for the verdict."""
        baseline = baseline_title(self.name)
        difference = "positions on the sky" if self.name == POSITION else "catalogues"
        return (
            f"The {difference} of the classes already differ: the baseline {baseline} reaches an "
            f"AUC of {number(self.auc)} without the images."
        )


def best_significant_baseline(
    samples: Mapping[str, Sample], scores: Mapping[str, Mapping]
) -> BaselineScore | None:
    """Return the baseline of the highest AUC among those that separate the classes significantly.

    A baseline counts if its p-value is below the 5 % level divided by the count of baselines, and
    if the interval of its AUC lies above 0.5.

    Parameters
    ----------
    samples : mapping of str to Sample
        Scores of each baseline on the test set.
    scores : mapping of str to mapping
        For each baseline the interval of its `auc`: `value`, `low` and `high`.

    Returns
    -------
    BaselineScore or None
        None if no baseline separates the classes.
    """
    significant = {
        name: scores[name]["auc"]["value"]
        for name, sample in samples.items()
        if (p_value := mann_whitney(sample)) is not None
        and p_value < LEVEL / len(samples)
        and (scores[name]["auc"]["low"] or 0) > 0.5
    }
    if not significant:
        return None
    best = max(significant, key=significant.get)
    return BaselineScore(best, significant[best])
