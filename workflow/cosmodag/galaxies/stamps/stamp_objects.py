"""Which stamps show the same object: by the names of their files, and by their sky."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from cosmodag.galaxies.stamps.stamp_headers import FITS, PICTURES
from cosmodag.imaging.sky_positions import chord_length, unit_vectors


def file_stem(path: str | os.PathLike) -> str:
    """Return the name of a file without its folder and its extension.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    str

    Examples
    --------
    >>> file_stem("a/J1.5+2.fits.gz")
    'J1.5+2'
    """
    name = Path(path).name
    for ending in sorted((*FITS, *PICTURES), key=len, reverse=True):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def object_names(
    paths: Sequence[str],
    names: Sequence[str],
    positions: np.ndarray,
    radii: np.ndarray,
    groups: Sequence[str] = (),
) -> list[str]:
    """Name the object that each stamp shows.

    Two stamps show the same object if the circles around them overlap on the sky, directly or
    through others. They also do if they have the same name, unless their positions are known and
    the circles do not overlap, or each of the files is alone in its folder: then the folder tells
    galaxies apart.

    Parameters
    ----------
    paths : sequence of str, length N
        File of each stamp.
    names : sequence of str, length N
        Name of each stamp, without its folder.
    positions : numpy.ndarray, shape (N, 2)
        Right ascension and declination in degrees; NaN where they are unknown.
    radii : numpy.ndarray, shape (N,)
        Radius of the circle around each stamp in arcsec.
    groups : sequence of str, length N or 0
        Groups of stamps that belong together as well; empty names are no groups.

    Returns
    -------
    list of str
        For each stamp the name of the first one of its object, with the folder if two objects have
        the same name.
    """
    if not names:
        return []
    first_of: dict[str, int] = {}
    pairs = [(first_of.setdefault(group, row), row) for row, group in enumerate(groups) if group]
    pairs += [*_same_name(paths, names, positions), *_same_sky(positions, radii)]
    one, other = np.array(pairs).T if pairs else (np.array([], int),) * 2
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(names), len(names)))
    _, components = connected_components(graph, directed=False)
    first: dict[int, int] = {}
    rows = [first.setdefault(int(label), row) for row, label in enumerate(components)]
    shared = {name for name, n in Counter(names[row] for row in first.values()).items() if n > 1}
    root = os.path.commonpath([os.path.dirname(path) for path in paths]) if shared else ""

    def full_name(row: int) -> str:
        if names[row] not in shared:
            return names[row]
        folder = os.path.relpath(os.path.dirname(paths[row]), root)
        return os.path.normpath(os.path.join(folder, names[row]))

    return [full_name(row) for row in rows]


def _same_name(
    paths: Sequence[str], names: Sequence[str], positions: np.ndarray
) -> list[tuple[int, int]]:
    """Return pairs of stamps that have the same name and no positions that contradict it."""
    in_folder = Counter(os.path.dirname(path) for path in set(paths))
    by_name: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        by_name.setdefault(name, []).append(row)
    pairs = []
    for rows in by_name.values():
        if len(rows) == 1 or all(in_folder[os.path.dirname(paths[row])] == 1 for row in rows):
            continue
        # Where two positions are known, the sky decides.
        unknown = [row for row in rows if not np.isfinite(positions[row]).all()]
        if unknown:
            pairs += [(unknown[0], row) for row in rows]
    return pairs


def _same_sky(positions: np.ndarray, radii: np.ndarray) -> list[tuple[int, int]]:
    """Return pairs of stamps whose circles overlap."""
    rows = np.flatnonzero(np.isfinite(positions).all(axis=1))
    if not len(rows):
        return []
    vectors = unit_vectors(*positions[rows].T)
    reach = chord_length(2 * radii[rows].max())
    near = cKDTree(vectors).query_pairs(reach, output_type="ndarray")
    distance = np.linalg.norm(vectors[near[:, 0]] - vectors[near[:, 1]], axis=1)
    limits = chord_length(radii[rows][near].sum(axis=1))
    return [tuple(pair) for pair in rows[near[distance <= limits]].tolist()]
