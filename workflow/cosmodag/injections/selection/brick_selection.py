"""Selection of the two classes: real and injected objects that pass the same cuts.

An injection counts only if it is detected, and then with its measured properties: its position,
fluxes and size come from the catalogue of the injected images, as those of a real object come from
the catalogue of the images before injection.
"""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.injections.selection.target_cuts import BANDS, Cut, apply_cuts, magnitudes, sizes
from cosmodag.tables import read_table, write_table

REAL, INJECTED = 0, 1
CLASSES = ("real", "injected")


class Selection(NamedTuple):
    """Selected objects, and the number of objects of each class that each cut removed.

    Attributes
    ----------
    objects : pandas.DataFrame
        One row per object: id ("<brick>/<real or run>/<objid>"), tractor_id, brick, run, label (0
        or 1), bx, by (0-indexed pixels), ra, dec (degrees), type, g, r, z (AB magnitudes corrected
        for extinction), size (arcsec), ellipticity, flux_*, flux_ivar_*, psfsize_* (arcsec).
    removed : pandas.DataFrame
        Columns cut, real and injected, with the cuts in the order of application. The last row,
        "kept", gives the number of selected objects.
    """

    objects: pd.DataFrame
    removed: pd.DataFrame


def select_brick(
    brick: str,
    run: str,
    real: pd.DataFrame,
    detected: pd.DataFrame,
    injected: pd.DataFrame,
    cuts: Mapping[str, Cut],
    *,
    match_radius: float = 6.0,
    hidden_radius: float = 2.0,
) -> Selection:
    """Select the objects of both classes in one brick with one run of injections.

    Parameters
    ----------
    brick, run : str
        Names of the brick and of the run, for the ids of objects.
    real : pandas.DataFrame
        Tractor catalogue of the images before injection.
    detected : pandas.DataFrame
        Tractor catalogue of the images after injection.
    injected : pandas.DataFrame
        Injected galaxies: columns x, y (0-indexed pixels).
    cuts : mapping of str to callable
        See `cosmodag.injections.selection.target_cuts.emission_line_cuts`.
    match_radius : float
        Largest distance in pixels between an injection and its detection. A small radius removes
        asymmetric injections, but not their real counterparts.
    hidden_radius : float
        Distance in pixels within which an object detected before hides an injection. A detection
        that is nearer to such an object than to the injection is that of the object.

    Returns
    -------
    Selection
    """
    positions = injected[["x", "y"]].to_numpy(np.float64)
    before = real[["bx", "by"]].to_numpy(np.float64)
    visible = ~has_neighbour(positions, before, hidden_radius)
    after = detected[["bx", "by"]].to_numpy(np.float64)
    pairs = mutual_pairs(positions[visible], after, match_radius)
    matched = pairs >= 0
    earlier = matched.copy()
    earlier[matched] = _nearer_to_others(after[pairs[matched]], positions[visible][matched], before)
    rows = np.sort(pairs[matched & ~earlier])
    undetected = {
        "an object was there before": int((~visible).sum() + earlier.sum()),
        "not detected": int((~matched).sum()),
    }
    selected, tables = [], []
    for label, catalogue in ((REAL, real), (INJECTED, detected.iloc[rows])):
        described = _with_derived_columns(catalogue, brick, "" if label == REAL else run, label)
        passed, removed = apply_cuts(described, cuts)
        selected.append(passed)
        steps = (undetected if label == INJECTED else dict.fromkeys(undetected, 0)) | removed
        tables.append(steps | {"kept": len(passed)})
    counts = {name: list(table.values()) for name, table in zip(CLASSES, tables)}
    table = pd.DataFrame({"cut": list(tables[0]), **counts})
    return Selection(_selected_columns(pd.concat(selected, ignore_index=True)), table)


def _nearer_to_others(
    detections: np.ndarray, positions: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return which detections (N, 2) are nearer to one of others (M, 2) than to their position."""
    if not len(detections) or not len(others):
        return np.zeros(len(detections), bool)
    distance, _ = cKDTree(others).query(detections)
    return distance < np.hypot(*(detections - positions).T)


def has_neighbour(positions: np.ndarray, others: np.ndarray, radius: float) -> np.ndarray:
    """Return which positions have another position within a radius.

    Parameters
    ----------
    positions : numpy.ndarray, shape (N, 2), float64
        Positions in pixels.
    others : numpy.ndarray, shape (M, 2), float64
        Other positions in pixels.
    radius : float
        Radius in pixels.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
    """
    if not len(positions) or not len(others):
        return np.zeros(len(positions), bool)
    distance, _ = cKDTree(others).query(positions, distance_upper_bound=radius)
    return np.isfinite(distance)


def mutual_pairs(positions: np.ndarray, detections: np.ndarray, radius: float) -> np.ndarray:
    """Return the detection that is the mutual nearest neighbour of each position.

    Parameters
    ----------
    positions : numpy.ndarray, shape (N, 2), float64
        Positions in pixels.
    detections : numpy.ndarray, shape (M, 2), float64
        Positions of detections in pixels.
    radius : float
        Largest distance of a match in pixels.

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        Rows of `detections`, each at most once; -1 where there is no match.
    """
    if not len(positions) or not len(detections):
        return np.full(len(positions), -1, np.int64)
    distance, row = cKDTree(detections).query(positions, distance_upper_bound=radius)
    _, nearest = cKDTree(positions).query(detections)
    mutual = np.isfinite(distance)
    mutual[mutual] = nearest[row[mutual]] == np.flatnonzero(mutual)
    return np.where(mutual, row, -1)


def concatenate_selections(selections: Sequence[Selection]) -> Selection:
    """Concatenate the objects of several selections and add up the numbers of removed objects.

    Parameters
    ----------
    selections : sequence of Selection
        Selections of bricks and runs.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If there is no selection, or a class has no object in any of them.
    """
    if not selections:
        raise InputError("selection: no brick to select from; give a list with at least one")
    objects = pd.concat([selection.objects for selection in selections], ignore_index=True)
    removed = selections[0].removed.copy()
    for name in CLASSES:
        removed[name] = np.sum([selection.removed[name] for selection in selections], axis=0)
    for label, name in enumerate(CLASSES):
        if not (objects["label"] == label).any():
            strictest = removed.iloc[removed[name].iloc[:-1].argmax()]
            raise InputError(
                f"selection: no {name} object passes, of {int(removed[name].sum())}; the cut "
                f"{strictest['cut']!r} removes {strictest[name]}: widen it"
            )
    return Selection(objects, removed)


def write_selection(
    selection: Selection,
    objects: str | os.PathLike,
    removed: str | os.PathLike,
    inputs: Sequence[str | os.PathLike] = (),
    files: Sequence[str | os.PathLike] = (),
) -> None:
    """Write the objects of a selection as Parquet and the numbers of removed objects as CSV.

    Parameters
    ----------
    selection : Selection
        Selection to write.
    objects, removed : path
        Files to write.
    inputs : sequence of path
        Files that the selection was made from.
    files : sequence of path
        Further files that belong to it.
    """
    with whole_file(removed) as partial:
        selection.removed.to_csv(partial, index=False)
    write_table(objects, selection.objects, inputs=inputs, files=[removed, *files])


def read_objects(path: str | os.PathLike) -> pd.DataFrame:
    """Read the objects that `write_selection` wrote.

    Parameters
    ----------
    path : path
        Parquet file.

    Returns
    -------
    pandas.DataFrame
        As `Selection.objects`.

    Raises
    ------
    InputError
        If the file cannot be read, has no object, or lacks a column or has another type in it.
    """
    cure = "select the objects again"
    table = read_table(path, cure, columns=("id", "brick", "run", "label", "bx", "by"))
    if not len(table):
        raise InputError(f"{path}: no object; {cure}")
    for names, kind, is_kind in (
        (("id", "brick", "run"), "text", pd.api.types.is_string_dtype),
        (("label", "bx", "by"), "numbers", pd.api.types.is_numeric_dtype),
    ):
        for name in names:
            if not is_kind(table[name]):
                raise InputError(
                    f"{path}: column {name} consists of other values than {kind}; {cure}"
                )
    return table


def _with_derived_columns(
    catalogue: pd.DataFrame, brick: str, run: str, label: int
) -> pd.DataFrame:
    """Return a catalogue with ids and the columns that the cuts require."""
    objid = catalogue["objid"].to_numpy(np.int64)
    columns = {
        "id": [f"{brick}/{run or CLASSES[REAL]}/{number}" for number in objid],
        "tractor_id": objid,
        "brick": brick,
        "run": run,
        "label": label,
        "size": sizes(catalogue),
    }
    if {"shape_e1", "shape_e2"} <= set(catalogue):
        columns["ellipticity"] = np.hypot(catalogue["shape_e1"], catalogue["shape_e2"])
    return pd.concat([catalogue.assign(**columns), magnitudes(catalogue)], axis=1)


def _selected_columns(objects: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a selection in order."""
    names = ["id", "tractor_id", "brick", "run", "label", "bx", "by", "ra", "dec", "type"]
    measured = [*BANDS, "size", *(["ellipticity"] if "ellipticity" in objects else [])]
    per_band = [f"{name}_{b}" for name in ("flux", "flux_ivar", "psfsize") for b in BANDS]
    return objects[[*names, *measured, *per_band]]
