"""Separation of slices that are zero everywhere, which have no signal, from the others."""

from collections.abc import Mapping

import numpy as np

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Predictions, taken
from cosmodag.evaluation.evaluation import Subset

COLUMN = "all_zero"
"""Column of the index that is above 0 for slices that are zero everywhere."""


def separate_empty(subset: Subset) -> tuple[Subset, Subset | None]:
    """Separate slices that are zero everywhere in the validation and the test split.

    Parameters
    ----------
    subset : Subset
        Examples with the predictions of the network and of the baselines.

    Returns
    -------
    with_signal : Subset
        Slices with a signal; all slices if the validation split has only empty ones.
    empty : Subset or None
        Empty slices of the test split, with the validation split with signal; None if there are
        none.

    Raises
    ------
    InputError
        If all slices of the test split are empty.
    """
    examples = subset.examples
    if COLUMN not in examples["test"].index:
        return subset, None
    empty = {split: examples[split].index[COLUMN].to_numpy() > 0 for split in ("valid", "test")}
    if empty["test"].all():
        raise InputError(
            f"test split: all {len(empty['test'])} slices are 0 everywhere, since their boxes are "
            "fully ionized, which no score can judge: add cubes of higher redshift or lower escape "
            "fraction"
        )
    if empty["valid"].all():
        return subset, None
    rows = {split: np.flatnonzero(~mask) for split, mask in empty.items()}
    with_signal = _select_rows(subset, rows)
    if not empty["test"].any():
        return with_signal, None
    empty_rows = {"valid": rows["valid"], "test": np.flatnonzero(empty["test"])}
    return with_signal, _select_rows(subset, empty_rows)


def _select_rows(subset: Subset, rows: Mapping[str, np.ndarray]) -> Subset:
    """Return a subset with the given rows of the validation and the test split."""
    selected = {split: taken(subset.examples[split], indices) for split, indices in rows.items()}
    return Subset(
        {**subset.examples, **selected},
        {
            split: {name: values[rows[split]] for name, values in arrays.items()}
            for split, arrays in subset.predictions.items()
        },
        {
            name: Predictions(
                predictions.valid[rows["valid"]],
                predictions.test[rows["test"]],
                predictions.spread,
            )
            for name, predictions in subset.baselines.items()
        },
    )
