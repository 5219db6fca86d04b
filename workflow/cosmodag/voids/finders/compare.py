"""How well one catalogue of spheres finds the spheres of another."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class SphereComparison:
    """Spheres of two catalogues, matched one to one.

    Attributes
    ----------
    found, reference : (P,) int64 arrays
        Rows of the matched spheres in either catalogue.
    offset : (P,) float64 array
        Distance between the centres of a pair in units of the reference's radius.
    radius_ratio : (P,) float64 array
        Radius found over the reference's.
    completeness : float
        Share of the reference spheres that are matched.
    purity : float
        Share of the found spheres that are matched.
    """

    found: np.ndarray
    reference: np.ndarray
    offset: np.ndarray
    radius_ratio: np.ndarray
    completeness: float
    purity: float


def compare_spheres(
    position: np.ndarray,
    radius: np.ndarray,
    reference_position: np.ndarray,
    reference_radius: np.ndarray,
    box_size: np.ndarray,
    *,
    periodic: bool,
    within: float = 0.5,
) -> SphereComparison:
    """Match each reference sphere to the nearest found sphere, closest pairs first.

    Parameters
    ----------
    position, radius : (M, 3) and (M,) arrays
        Spheres found, in Mpc/h.
    reference_position, reference_radius : (N, 3) and (N,) arrays
        Spheres to be found, in Mpc/h.
    box_size : (3,) array
        Sides of the box in Mpc/h.
    periodic : bool
        Whether the box repeats.
    within : float
        Largest distance between the centres of a pair in units of the reference's radius.

    Returns
    -------
    SphereComparison
        Shares are NaN where a catalogue is empty.
    """
    box_size = np.asarray(box_size, dtype=np.float64)
    radius, reference_radius = np.asarray(radius), np.asarray(reference_radius)
    found, reference, offset = _pairs(
        np.asarray(position, dtype=np.float64).reshape(-1, 3),
        np.asarray(reference_position, dtype=np.float64).reshape(-1, 3),
        reference_radius * within,
        box_size if periodic else None,
    )
    offset = offset / reference_radius[reference]
    closest_first = np.argsort(offset, kind="stable")
    taken_found, taken_reference = set(), set()
    pairs = []
    for pair in closest_first:
        if found[pair] not in taken_found and reference[pair] not in taken_reference:
            taken_found.add(found[pair])
            taken_reference.add(reference[pair])
            pairs.append(pair)
    pairs = np.asarray(pairs, dtype=np.int64)
    found, reference = found[pairs], reference[pairs]
    return SphereComparison(
        found=found,
        reference=reference,
        offset=offset[pairs],
        radius_ratio=radius[found] / reference_radius[reference],
        completeness=len(pairs) / len(reference_radius) if len(reference_radius) else np.nan,
        purity=len(pairs) / len(radius) if len(radius) else np.nan,
    )


def _pairs(position, reference_position, reach, box_size):
    """All pairs of a found and a reference sphere within the reference's reach, and distances."""
    if len(position) == 0 or len(reference_position) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    if box_size is not None:
        # cKDTree wants coordinates below the box size; a second wrap turns the size itself into 0.
        position = position % box_size % box_size
        reference_position = reference_position % box_size % box_size
    near = cKDTree(position, boxsize=box_size).query_ball_point(reference_position, reach)
    reference = np.repeat(np.arange(len(near)), [len(rows) for rows in near])
    found = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in near])
    difference = position[found] - reference_position[reference]
    if box_size is not None:
        difference -= box_size * np.round(difference / box_size)
    return found, reference, np.sqrt((difference**2).sum(axis=1))
