"""Number of objects of each class that the cuts of a selection removed, for the report."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from cosmodag.checksums import require_named

KEPT = "kept"


class SelectionTable(NamedTuple):
    """Number of objects that each cut removed in all batches of several selections.

    Attributes
    ----------
    experiment : str
        Name of the experiment.
    selections : list of str
        Names of the selections.
    classes : list of str
        Names of the classes.
    rows : list of tuple
        Name of the cut, then the number of removed objects of each class of each selection. The
        last row gives the numbers of selected objects.
    """

    experiment: str
    selections: list[str]
    classes: list[str]
    rows: list[tuple]


def read_selections(paths: Sequence[str | os.PathLike]) -> list[SelectionTable]:
    """Read the tables of selections and add up their batches.

    Parameters
    ----------
    paths : sequence of path
        Files ``<experiment>/selections/<selection>/<batch>.csv``.

    Returns
    -------
    list of SelectionTable
        One table per experiment.
    """
    experiments: dict[str, dict[str, pd.DataFrame]] = {}
    for path in map(Path, paths):
        require_named(path, path.with_suffix(".parquet"), "select the objects again")
        table = pd.read_csv(path).set_index("cut")
        selections = experiments.setdefault(path.parents[2].name, {})
        name = path.parent.name
        selections[name] = selections[name] + table if name in selections else table
    return [_table(experiment, selections) for experiment, selections in experiments.items()]


def _table(experiment: str, selections: dict[str, pd.DataFrame]) -> SelectionTable:
    """Return the table of an experiment from the tables of its selections."""
    joined = pd.concat(selections, axis=1)
    cuts = list(dict.fromkeys(cut for table in selections.values() for cut in table.index))
    cuts = [cut for cut in cuts if cut != KEPT] + [KEPT]
    counts = joined.reindex(cuts).fillna(0).astype(int)
    classes = list(next(iter(selections.values())).columns)
    return SelectionTable(experiment, list(selections), classes, list(counts.itertuples(name=None)))
