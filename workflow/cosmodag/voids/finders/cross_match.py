"""Cross-matching of two catalogues of spheres: completeness, purity, offsets and radii."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class SphereMatch:
    """Pairs of spheres of a catalogue and a reference catalogue.

    Attributes
    ----------
    row, reference_row : numpy.ndarray, shape (P,), int64
        Rows of the matched spheres in the catalogue and in the reference.
    offset : numpy.ndarray, shape (P,), float64
        Distance between the centres of a pair in units of the radius of the reference sphere.
    radius_ratio : numpy.ndarray, shape (P,), float64
        Radius in units of the radius of the reference sphere.
    completeness : float
        Matched fraction of the reference; NaN if it is empty.
    purity : float
        Matched fraction of the catalogue; NaN if it is empty.
    """

    row: np.ndarray
    reference_row: np.ndarray
    offset: np.ndarray
    radius_ratio: np.ndarray
    completeness: float
    purity: float


def match_spheres(
    position: ArrayLike,
    radius: ArrayLike,
    reference_position: ArrayLike,
    reference_radius: ArrayLike,
    box_size: ArrayLike,
    *,
    periodic: bool,
    maximum_offset: float = 0.5,
) -> SphereMatch:
    """Match the spheres of a catalogue to those of a reference, closest pairs first.

    Parameters
    ----------
    position : array-like, shape (M, 3)
        Centres in Mpc/h.
    radius : array-like, shape (M,)
        Radii in Mpc/h.
    reference_position : array-like, shape (N, 3)
        Centres of the reference in Mpc/h.
    reference_radius : array-like, shape (N,)
        Radii of the reference in Mpc/h.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    maximum_offset : float
        Largest distance between the centres of a pair in units of the radius of the reference.

    Returns
    -------
    SphereMatch
        Each sphere belongs to at most one pair.

    Examples
    --------
    >>> match = match_spheres([[10, 10, 10]], [5], [[11, 10, 10]], [5], [50] * 3, periodic=True)
    >>> match.completeness, match.offset
    (1.0, array([0.2]))
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    radius, reference_radius = np.asarray(radius), np.asarray(reference_radius)
    rows, reference_rows, distance = _pairs_within(
        np.asarray(position, dtype=np.float64).reshape(-1, 3),
        np.asarray(reference_position, dtype=np.float64).reshape(-1, 3),
        reference_radius * maximum_offset,
        box_size if periodic else None,
    )
    offset = distance / reference_radius[reference_rows]
    matched_rows, matched_reference_rows, pairs = set(), set(), []
    for pair in np.argsort(offset, kind="stable"):
        row, reference_row = rows[pair], reference_rows[pair]
        if row not in matched_rows and reference_row not in matched_reference_rows:
            matched_rows.add(row)
            matched_reference_rows.add(reference_row)
            pairs.append(pair)
    matched = np.asarray(pairs, dtype=np.int64)
    rows, reference_rows = rows[matched], reference_rows[matched]
    return SphereMatch(
        row=rows,
        reference_row=reference_rows,
        offset=offset[matched],
        radius_ratio=radius[rows] / reference_radius[reference_rows],
        completeness=len(pairs) / len(reference_radius) if len(reference_radius) else np.nan,
        purity=len(pairs) / len(radius) if len(radius) else np.nan,
    )


def _pairs_within(
    position: np.ndarray,
    reference_position: np.ndarray,
    reach: np.ndarray,
    box_size: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, reference rows and distances of all pairs within reach of the reference."""
    if len(position) == 0 or len(reference_position) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    if box_size is not None:
        # cKDTree needs coordinates below the box size; a second wrap turns the size itself into 0.
        position = position % box_size % box_size
        reference_position = reference_position % box_size % box_size
    neighbours = cKDTree(position, boxsize=box_size).query_ball_point(reference_position, reach)
    reference_rows = np.repeat(np.arange(len(neighbours)), [len(rows) for rows in neighbours])
    rows = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in neighbours])
    difference = position[rows] - reference_position[reference_rows]
    if box_size is not None:
        difference -= box_size * np.round(difference / box_size)
    return rows, reference_rows, np.sqrt((difference**2).sum(axis=1))
