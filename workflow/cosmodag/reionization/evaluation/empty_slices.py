"""Slices that are zero everywhere, which hold no information, separated from the others."""

from collections.abc import Mapping

import numpy as np

from cosmodag.evaluation.baselines.examples import Predictions, taken
from cosmodag.evaluation.evaluation import Subset

COLUMN = "all_zero"
"""Column of the index that is above 0 for slices that are zero everywhere."""


def separate_empty(subset: Subset) -> tuple[Subset, Subset | None]:
    """Separate slices that are zero everywhere, in the validation and the test split.

    Returns
    -------
    with_signal : Subset
    empty : Subset or None
        Empty slices of the test split, beside the validation split with signal; None where there
        are none.
    """
    examples = subset.examples
    if COLUMN not in examples["test"].index:
        return subset, None
    zero = {s: examples[s].index[COLUMN].to_numpy() > 0 for s in ("valid", "test")}
    if zero["test"].all() or zero["valid"].all():
        return subset, None
    rows = {split: np.flatnonzero(~each) for split, each in zero.items()}
    empty = {"valid": rows["valid"], "test": np.flatnonzero(zero["test"])}
    return _select(subset, rows), _select(subset, empty) if len(empty["test"]) else None


def _select(subset: Subset, rows: Mapping[str, np.ndarray]) -> Subset:
    """Select rows of the validation and the test split."""
    examples = {split: taken(subset.examples[split], each) for split, each in rows.items()}
    return Subset(
        {**subset.examples, **examples},
        {
            split: {name: values[rows[split]] for name, values in arrays.items()}
            for split, arrays in subset.predictions.items()
        },
        {
            name: Predictions(each.valid[rows["valid"]], each.test[rows["test"]], each.spread)
            for name, each in subset.baselines.items()
        },
    )
