"""How many objects of each class the cuts of a selection left out, for the report."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

KEPT = "kept"


class SelectionTable(NamedTuple):
    """What each cut removed in all batches of some selections.

    Attributes
    ----------
    experiment : str
    selections : list of str
    classes : list of str
    rows : list of tuple
        Cut, and of each selection the number of each class that it removed, in this order; the last
        row counts what is left.
    """

    experiment: str
    selections: list[str]
    classes: list[str]
    rows: list[tuple]


def read_selections(paths: Sequence[str | os.PathLike]) -> list[SelectionTable]:
    """Add up the batches of each selection, <experiment>/selections/<selection>/<batch>.csv."""
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for path in map(Path, paths):
        table = pd.read_csv(path).set_index("cut")
        selections = found.setdefault(path.parents[2].name, {})
        name = path.parent.name
        selections[name] = selections[name] + table if name in selections else table
    return [_table(experiment, selections) for experiment, selections in found.items()]


def _table(experiment: str, selections: dict[str, pd.DataFrame]) -> SelectionTable:
    joined = pd.concat(selections, axis=1)
    cuts = list(dict.fromkeys(cut for table in selections.values() for cut in table.index))
    cuts = [cut for cut in cuts if cut != KEPT] + [KEPT]
    counts = joined.reindex(cuts).fillna(0).astype(int)
    classes = list(next(iter(selections.values())).columns)
    return SelectionTable(experiment, list(selections), classes, list(counts.itertuples(name=None)))
