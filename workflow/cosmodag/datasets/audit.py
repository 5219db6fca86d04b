"""The audit of a split: what its parts share that they must not."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from cosmodag.datasets.overlaps import find_overlaps
from cosmodag.datasets.sky import shared_sky

Check = Callable[[pd.DataFrame], list[str]]

UNSHARED_COLUMNS = ("id", "group", "seed", "object")
"""Columns of an index whose values must stay within one split, where an index has them."""

NAMED_AT_MOST = 5


def audit_split(
    index: pd.DataFrame,
    *,
    unshared: Iterable[str] = UNSHARED_COLUMNS,
    checks: Sequence[Check] | None = None,
) -> list[str]:
    """List what is shared between the splits of an index.

    Parameters
    ----------
    index : pandas.DataFrame
        Columns `split`, `id`, `group` and covariates.
    unshared : iterable of str
        Columns whose values may not occur in two splits; those that the index lacks are passed
        over.
    checks : sequence of callables, optional
        Further checks, each from the index to a list of leaks: how an experiment audits what only
        it knows. By default the volumes of sub-boxes and the places on the sky are compared.

    Returns
    -------
    list of str
        A sentence for each leak; empty for a clean split.
    """
    leaks = []
    for column in unshared:
        if column in index:
            leaks += shared_values(index, column)
    for check in (shared_volumes, shared_sky) if checks is None else checks:
        leaks += check(index)
    return leaks


def shared_values(index: pd.DataFrame, column: str) -> list[str]:
    """Say which values of a column occur in more than one split."""
    pairs = index[[column, "split"]].drop_duplicates()
    shared = pairs[pairs.duplicated(column, keep=False)].groupby(column)["split"].agg(sorted)
    if shared.empty:
        return []
    named = ", ".join(
        f"{value} ({' and '.join(splits)})" for value, splits in shared[:NAMED_AT_MOST].items()
    )
    more = f" and {len(shared) - NAMED_AT_MOST} more" if len(shared) > NAMED_AT_MOST else ""
    return [f"{column} shared between splits: {named}{more}"]


def shared_volumes(index: pd.DataFrame) -> list[str]:
    """Say which sub-boxes of different splits overlap in space.

    Boxes are told apart by the column `box`; corners are `lower_*` and `upper_*` in Mpc/h,
    unwrapped where the box is periodic. An index without these columns has no volumes to share.
    Examples of the same volume in the same split count as one, so that the same slices of many
    redshifts cost no more than those of one.
    """
    needed = [f"{edge}_{letter}" for edge in ("lower", "upper", "box_size") for letter in "xyz"]
    if not {"box", *needed} <= set(index.columns):
        return []
    leaks = []
    for box, members in index.groupby("box", sort=True):
        if members["split"].nunique() == 1:
            continue
        places = [f"{edge}_{letter}" for edge in ("lower", "upper") for letter in "xyz"]
        members = members.drop_duplicates([*places, "split"])
        corners = [
            members[[f"{edge}_{letter}" for letter in "xyz"]].to_numpy(np.float64)
            for edge in ("lower", "upper", "box_size")
        ]
        split_codes, _ = pd.factorize(members["split"])
        periodic = bool(members["periodic"].any()) if "periodic" in members else False
        pairs, first = find_overlaps(*corners[:2], corners[2][0], split_codes, periodic=periodic)
        if pairs:
            ids, splits = members["id"].to_numpy(), members["split"].to_numpy()
            a, b = first
            leaks.append(
                f"volumes shared between splits in box {box}: {pairs} pairs of sub-boxes, such as "
                f"{ids[a]} ({splits[a]}) and {ids[b]} ({splits[b]})"
            )
    return leaks
