"""Examples that lie too near an example of another split, which are left out.

Regions of one box or of the sky may adjoin. Examples of both then contain parts of a structure that
crosses their border, and its part in the training set predicts its part in the test set.
"""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cosmodag.datasets.sky import HALF_SIDE, has_sky, sky_neighbours
from cosmodag.errors import InputError

log = logging.getLogger(__name__)

STRUCTURE_SIZE = "structure_size"
"""Attribute of examples files: extent of the largest structures in Mpc/h."""
LARGEST_SHARE = 0.5
"""Share of the training and validation sets that a buffer by default may take."""

EDGES = ("lower", "upper", "box_size")
CORNERS = {edge: [f"{edge}_{axis}" for axis in "xyz"] for edge in EDGES}
"""Index columns with corners of sub-boxes and sides of their box in Mpc/h."""


def has_boxes(index: pd.DataFrame) -> bool:
    """Return whether an index has the corners of sub-boxes and their boxes."""
    return {"box", *(name for names in CORNERS.values() for name in names)} <= set(index)


def structure_size(index: pd.DataFrame, attributes: Sequence[Mapping]) -> float:
    """Return the extent of the structures that examples of neighbouring regions can share.

    Parameters
    ----------
    index : pandas.DataFrame
        Index of the examples.
    attributes : sequence of mapping
        Root attributes of the examples files.

    Returns
    -------
    float
        In a box the largest `structure_size` of the files (Mpc/h), on the sky the side of the
        largest image (arcsec); 0 where nothing is known.
    """
    if has_boxes(index):
        return max((float(each.get(STRUCTURE_SIZE, 0)) for each in attributes), default=0.0)
    if has_sky(index) and HALF_SIDE in index:
        return 2 * float(index[HALF_SIDE].max())
    return 0.0


def drop_near(
    index: pd.DataFrame, buffer: float, *, largest_share: float = 1.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out training and validation examples within a buffer of another split.

    Validation examples near the test set go first, then training examples near the test set or
    near what is left of the validation set. The test set stays whole.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with `id`, `group`, `split` and the extents of sub-boxes or of images on the sky.
    buffer : float
        Smallest distance between examples of different splits: Mpc/h in a box, with wrap where it
        is periodic, or arcsec on the sky.
    largest_share : float
        Largest share of the training and validation sets that may be left out.

    Returns
    -------
    kept : pandas.DataFrame
        The index without them, its rows in the same order.
    dropped : pandas.DataFrame
        `id`, `group`, `split`, `reason`, and `near`, the example of another split.

    Raises
    ------
    InputError
        If too few examples are left.
    """
    unit = "Mpc/h" if has_boxes(index) else "arcsec"
    split = index["split"].to_numpy()
    near = np.full(len(index), -1, np.int64)
    if buffer > 0:
        for candidates, others in (("valid", ("test",)), ("train", ("valid", "test"))):
            judged = split == candidates
            against = np.isin(split, others) & (near < 0)
            neighbours = _neighbours(index, judged, against, buffer)
            near = np.where(judged, neighbours, near)
    dropped = near >= 0
    _check_left(split, dropped, f"{buffer:.4g} {unit}", largest_share)
    ids = index["id"].to_numpy()
    table = index.loc[dropped, ["id", "group", "split"]].assign(
        reason=[f"within {buffer:.4g} {unit} of the {each} set" for each in split[near[dropped]]],
        near=ids[near[dropped]],
    )
    if len(table):
        log.warning(
            "%d of %d examples lie within %s of another set and are left out",
            len(table),
            len(index),
            f"{buffer:.4g} {unit}",
        )
    return index[~dropped].reset_index(drop=True), table.reset_index(drop=True)


def _check_left(split: np.ndarray, dropped: np.ndarray, buffer: str, largest_share: float) -> None:
    """Refuse a buffer that leaves too few examples."""
    judged = split != "test"
    n_dropped, n_judged = int(dropped.sum()), int(judged.sum())
    empty = [each for each in ("train", "valid") if not (~dropped[split == each]).any()]
    if n_dropped and (empty or n_dropped > largest_share * n_judged):
        raise InputError(
            f"a buffer of {buffer} between the sets leaves out {n_dropped} of {n_judged} training "
            "and validation examples: cut smaller examples or fewer, larger regions, or set a "
            "smaller buffer (0 for none; structures that cross a border then leak)"
        )


def _neighbours(
    index: pd.DataFrame, candidates: np.ndarray, others: np.ndarray, buffer: float
) -> np.ndarray:
    """Return for each candidate the row of one of the others within the buffer, or -1."""
    if has_boxes(index):
        return _in_boxes(index, candidates, others, buffer)
    if has_sky(index):
        return sky_neighbours(index, candidates, others, buffer=buffer)
    return np.full(len(index), -1, np.int64)


def _in_boxes(
    index: pd.DataFrame, candidates: np.ndarray, others: np.ndarray, buffer: float
) -> np.ndarray:
    neighbours = np.full(len(index), -1, np.int64)
    from cosmodag.datasets.overlaps import box_neighbours  # numba takes seconds to import

    used = candidates | others
    for rows in index.reset_index(drop=True)[used].groupby("box", sort=True).indices.values():
        rows = np.flatnonzero(used)[rows]
        if not candidates[rows].any() or not others[rows].any():
            continue
        members = index.iloc[rows].assign(other=others[rows])
        # Slices at many redshifts have the same volume, which is compared once.
        volumes = members.groupby(
            [*CORNERS["lower"], *CORNERS["upper"], "other"], sort=False
        ).ngroup()
        _, first, volume = np.unique(volumes.to_numpy(), return_index=True, return_inverse=True)
        lower, upper, box_size = (
            members[CORNERS[edge]].to_numpy(np.float64)[first] for edge in EDGES
        )
        found = box_neighbours(
            lower,
            upper,
            box_size[0],
            members["other"].to_numpy()[first],
            periodic=bool(members["periodic"].any()) if "periodic" in members else False,
            buffer=buffer,
        )
        near = np.where(found >= 0, rows[first[found]], -1)[volume]
        neighbours[rows] = np.where(candidates[rows], near, -1)
    return neighbours
