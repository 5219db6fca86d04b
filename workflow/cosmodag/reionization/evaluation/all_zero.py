"""Slices that are zero all over, which tell nothing, set apart from those that tell something."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples, Predictions, taken

COLUMN = "all_zero"
TASKS = {"classification", "ordinal", "count", "regression", "reconstruction", "matching"}
"""Tasks that are asked of a slice as a whole."""

Part = tuple[dict[str, Examples], dict[str, dict], dict[str, Predictions]]


class Parts(NamedTuple):
    """Examples, network's and baselines' predictions of the slices that hold something, and of
    those of the test split that are zero; None where there are none.
    """

    informative: Part
    zero: Part | None


def apart(
    kind: str,
    examples: Mapping[str, Examples],
    found: Mapping[str, Mapping[str, np.ndarray]],
    fitted: Mapping[str, Predictions],
) -> Parts:
    """Set slices that are zero all over apart in validation and test, for tasks in `TASKS`."""
    whole = (dict(examples), dict(found), dict(fitted))
    if kind not in TASKS or COLUMN not in examples["test"].index:
        return Parts(whole, None)
    zero = {s: examples[s].index[COLUMN].to_numpy() > 0 for s in ("valid", "test")}
    if zero["test"].all() or zero["valid"].all():
        return Parts(whole, None)
    holds = {split: np.flatnonzero(~each) for split, each in zero.items()}
    empty = {"valid": holds["valid"], "test": np.flatnonzero(zero["test"])}
    rest = _part(*whole, empty) if len(empty["test"]) else None
    return Parts(_part(*whole, holds), rest)


def _part(examples: dict, found: dict, fitted: dict, rows: Mapping[str, np.ndarray]) -> Part:
    """Some rows of validation and test."""
    some = {split: taken(examples[split], each) for split, each in rows.items()}
    return (
        {**examples, **some},
        {split: {n: v[rows[split]] for n, v in each.items()} for split, each in found.items()},
        {
            name: Predictions(each.valid[rows["valid"]], each.test[rows["test"]], each.spread)
            for name, each in fitted.items()
        },
    )
