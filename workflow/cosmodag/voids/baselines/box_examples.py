"""Examples of one target, with the files of the whole boxes that they were cut out of."""

from collections.abc import Mapping
from dataclasses import dataclass

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.voids.baselines.calibration import CALIBRATIONS
from cosmodag.voids.baselines.whole_boxes import BoxKey, Sources, box_keys


@dataclass(frozen=True)
class BoxExamples:
    """Examples of one target and their whole boxes.

    Parameters
    ----------
    sources : mapping from {"grid", "labels", "matter"} to sequence of path
        Files of the boxes, see `whole_boxes`; empty where they are not known.
    target : str
        Target channel or column, such as ``fraction_matter_spheres`` or ``count_matter_spheres``.
    splits : mapping from {"train", "valid", "test"} to Examples
        `y` holds masks of a channel, or numbers (N,) of a column.

    Raises
    ------
    InputError
        The files are not known, or the target is no fraction, count or volume of voids.
    """

    sources: Sources
    target: str
    splits: Mapping[str, Examples]

    def __post_init__(self):
        if not self.sources:
            raise InputError("the files that the examples were cut out of were not given")
        if self.quantity not in CALIBRATIONS:
            raise InputError(
                f"the target {self.target} is neither the fraction of a sight line inside voids "
                "nor the number or the volume of voids"
            )

    @property
    def quantity(self) -> str:
        """What is predicted of the voids: "fraction", "count" or "volume"."""
        return self.target.partition("_")[0]

    @property
    def label(self) -> str:
        """Definition of the voids."""
        return self.target.partition("_")[2]

    def boxes(self, split: str) -> set[BoxKey]:
        """Return the boxes of a split."""
        return set(box_keys(self.splits[split].index))
