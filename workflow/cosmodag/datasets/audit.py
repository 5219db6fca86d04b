"""Audit of a split: what its splits share that they must not."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from cosmodag.datasets.buffer import CORNERS, EDGES, has_boxes
from cosmodag.datasets.content import shared_content
from cosmodag.datasets.sky import shared_sky

Check = Callable[[pd.DataFrame], list[str]]

UNSHARED_COLUMNS = ("id", "group", "seed", "object")
"""Index columns whose values must not occur in more than one split, where an index has them."""

MAX_NAMED = 5
"""Largest number of shared values that a leak lists."""


def audit_split(
    index: pd.DataFrame,
    *,
    unshared: Iterable[str] = UNSHARED_COLUMNS,
    checks: Sequence[Check] | None = None,
) -> list[str]:
    """List what the splits of an index share.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with the columns `split`, `id`, `group` and covariates.
    unshared : iterable of str
        Columns whose values must not occur in more than one split; columns that the index lacks
        are skipped.
    checks : sequence of callable, optional
        Further checks, each from the index to a list of leaks. By default the volumes of sub-boxes,
        the extents of images on the sky and the hashes of the content are compared.

    Returns
    -------
    list of str
        One sentence per leak; empty for a clean split.

    Examples
    --------
    >>> index = pd.DataFrame({"id": ["a", "b"], "group": ["g", "g"], "split": ["train", "test"]})
    >>> audit_split(index)
    ['group shared between splits: g (test and train)']
    """
    leaks = []
    for column in unshared:
        if column in index:
            leaks += shared_values(index, column)
    for check in (shared_volumes, shared_sky, shared_content) if checks is None else checks:
        leaks += check(index)
    return leaks


def shared_values(index: pd.DataFrame, column: str) -> list[str]:
    """List the values of a column that occur in more than one split.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with the columns `split` and `column`.
    column : str
        Name of the column.

    Returns
    -------
    list of str
        A sentence that names the first shared values; empty if there are none.
    """
    pairs = index[[column, "split"]].drop_duplicates()
    shared = pairs[pairs.duplicated(column, keep=False)].groupby(column)["split"].agg(sorted)
    if shared.empty:
        return []
    named = ", ".join(
        f"{value} ({' and '.join(splits)})" for value, splits in shared[:MAX_NAMED].items()
    )
    more = f" and {len(shared) - MAX_NAMED} more" if len(shared) > MAX_NAMED else ""
    return [f"{column} shared between splits: {named}{more}"]


def shared_volumes(index: pd.DataFrame) -> list[str]:
    """List the boxes in which sub-boxes of different splits overlap.

    Examples of the same volume and split count once, so that slices at many redshifts cost no more
    than those at one.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with the columns `id`, `split`, `box`, corners `lower_*` and `upper_*` and sides
        `box_size_*` in Mpc/h, and optionally `periodic`. Corners of a periodic box are not wrapped.
        An index without these columns shares no volume.

    Returns
    -------
    list of str
        One sentence per box.
    """
    if not has_boxes(index):
        return []
    from cosmodag.datasets.overlaps import find_overlaps  # numba takes seconds to import

    leaks = []
    for box, members in index.groupby("box", sort=True):
        if members["split"].nunique() == 1:
            continue
        members = members.drop_duplicates([*CORNERS["lower"], *CORNERS["upper"], "split"])
        lower, upper, box_size = (members[CORNERS[edge]].to_numpy(np.float64) for edge in EDGES)
        split_codes, _ = pd.factorize(members["split"])
        periodic = bool(members["periodic"].any()) if "periodic" in members else False
        n_pairs, (first, second) = find_overlaps(
            lower, upper, box_size[0], split_codes, periodic=periodic
        )
        if n_pairs:
            ids, splits = members["id"].to_numpy(), members["split"].to_numpy()
            leaks.append(
                f"volumes shared between splits in box {box}: {n_pairs} pairs of sub-boxes, such "
                f"as {ids[first]} ({splits[first]}) and {ids[second]} ({splits[second]})"
            )
    return leaks
