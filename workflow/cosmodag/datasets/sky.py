"""Sky areas that examples of different splits share, or that lie too close to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.imaging.sky_positions import chord_length, unit_vectors

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

HALF_SIDE = "half_side"
"""Index column with half the side of a square image on the sky in arcsec."""
CHUNK_ROWS = 4096
"""Positions that are searched at once; it bounds the memory in dense fields."""


def has_sky(index: pd.DataFrame) -> bool:
    """Return whether an index has positions on the sky."""
    return {"ra", "dec"} <= set(index.columns)


def shared_sky(index: pd.DataFrame) -> list[str]:
    """List the pairs of splits with images that share sky.

    The orientation of images on the sky is not known. Two count as overlapping where the circles
    around them overlap: no rotation can then make images overlap that do not count.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with the columns `id`, `split`, `ra` and `dec` (degrees), and `half_side` (arcsec). An
        index without positions shares no sky; rows without a position are left out.

    Returns
    -------
    list of str
        One sentence per pair of splits.

    Raises
    ------
    InputError
        If there are positions but no extents.
    """
    if not has_sky(index):
        return []
    split, ids = index["split"].to_numpy(), index["id"].to_numpy()
    splits = sorted(set(split))
    leaks = []
    for number, one in enumerate(splits):
        for other in splits[number + 1 :]:
            neighbours = sky_neighbours(index, split == other, split == one)
            near = np.flatnonzero(neighbours >= 0)
            if len(near):
                first = near[0]
                leaks.append(
                    f"sky shared between splits: {len(near)} examples of {other} overlap one of "
                    f"{one}, such as {ids[neighbours[first]]} ({one}) and {ids[first]} ({other})"
                )
    return leaks


def sky_neighbours(
    index: pd.DataFrame, candidates: np.ndarray, others: np.ndarray, *, buffer: float = 0.0
) -> np.ndarray:
    """Return for each candidate an image of another set that overlaps it or is too near.

    Parameters
    ----------
    index : pandas.DataFrame, N rows
        Index with `ra`, `dec` and `half_side`.
    candidates, others : numpy.ndarray, shape (N,), bool
        The rows to judge, and those that they are compared with.
    buffer : float
        Smallest distance in arcsec between the circles around two images.

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        Row of an image nearer than that; -1 where there is none.
    """
    neighbours = np.full(len(index), -1, np.int64)
    for first, second in _near_pairs(index, candidates, others, buffer):
        neighbours[first] = second
    return neighbours


def groups_adjoin(index: pd.DataFrame, *, buffer: float = 0.0) -> bool:
    """Return whether images of different groups overlap or are nearer than a buffer.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with `group`, `ra`, `dec` and `half_side`.
    buffer : float
        As of `sky_neighbours`.

    Returns
    -------
    bool
    """
    group, _ = pd.factorize(index["group"])
    every = np.ones(len(index), bool)
    pairs = _near_pairs(index, every, every, buffer)
    return any(bool((group[first] != group[second]).any()) for first, second in pairs)


def too_near(index: pd.DataFrame, buffer: float) -> float:
    """Return the distance between the centres of the largest images that a buffer still rejects.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with `half_side`.
    buffer : float
        Distance between the circles around two images in arcsec.

    Returns
    -------
    float
        In arcsec.
    """
    return 2 * np.sqrt(2) * float(index[HALF_SIDE].max()) + buffer


def _near_pairs(
    index: pd.DataFrame, candidates: np.ndarray, others: np.ndarray, buffer: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows of candidates and of others that are nearer than the buffer, chunk by chunk."""
    if HALF_SIDE not in index:
        raise InputError(
            f"index column {HALF_SIDE!r} is missing: positions on the sky need the half side of "
            "each image in arcsec to be audited; cut the examples anew"
        )
    ra, dec = index["ra"].to_numpy(np.float64), index["dec"].to_numpy(np.float64)
    placed = np.isfinite(ra) & np.isfinite(dec)
    rows, of = np.flatnonzero(candidates & placed), np.flatnonzero(others & placed)
    if not len(rows) or not len(of):
        return
    position = unit_vectors(np.where(placed, ra, 0), np.where(placed, dec, 0))
    radius = np.sqrt(2) * index[HALF_SIDE].to_numpy(np.float64)
    widest = radius[rows].max() + radius[of].max() + buffer
    from scipy.spatial import cKDTree  # takes a second, and most examples are of no sky

    tree = cKDTree(position[of])
    for first, second, distance in _pairs(tree, position[rows], chord_length(widest)):
        reach = radius[rows[first]] + radius[of[second]] + buffer
        near = distance < chord_length(reach)
        yield rows[first[near]], of[second[near]]


def _pairs(
    tree: cKDTree, positions: np.ndarray, limit: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield pairs nearer than a limit: rows of `positions`, rows of the tree, distances."""
    for start in range(0, len(positions), CHUNK_ROWS):
        chunk = type(tree)(positions[start : start + CHUNK_ROWS])
        pairs = chunk.sparse_distance_matrix(tree, limit, output_type="ndarray")
        yield pairs["i"] + start, pairs["j"], pairs["v"]
