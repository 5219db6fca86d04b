"""The two classes of the injection experiment: real and injected objects that pass the same cuts.

An injection counts only where the detection step finds it again, and then by what was measured: its
position, fluxes and size are those of the catalogue made from the injected images, as a real
object's are those of the catalogue made from the images before.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.injections.selection.target_cuts import BANDS, Cut, apply_cuts, magnitudes, sizes

REAL, INJECTED = 0, 1
CLASSES = ("real", "injected")


class Selection(NamedTuple):
    """Selected objects, and how many of each class each step removed.

    Attributes
    ----------
    objects : pandas.DataFrame
        A row an object: id ("<brick>/<real or run>/<objid>"), tractor_id, brick, run, label (0 or
        1), bx, by (0-indexed pixels), ra, dec (degrees), type, g, r, z (AB magnitudes
        without dust), size (arcsec), ellipticity, flux_*, flux_ivar_*, psfsize_* (arcsec).
    removed : pandas.DataFrame
        Columns cut, real, injected, in the order in which the cuts were applied; the last row,
        "kept", says how many are left.
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
    """Select the objects of both classes of one brick and one run of injections into it.

    Parameters
    ----------
    brick, run
        Names, for the objects' ids.
    real
        Catalogue of what was found in the images before injection.
    detected
        Catalogue of what was found in the images after it.
    injected
        What was injected: columns x, y (0-indexed pixels).
    cuts
        See `cosmodag.injections.selection.target_cuts.emission_line_cuts`.
    match_radius
        Pixels within which a detection is taken for an injection. Too small a radius drops those
        whose light is lopsided, and not their real counterparts.
    hidden_radius
        Pixels within which an object that was there before hides an injection.
    """
    positions = injected[["x", "y"]].to_numpy(np.float64)
    before = real[["bx", "by"]].to_numpy(np.float64)
    free = ~near(positions, before, hidden_radius)
    rows = matched(positions[free], detected[["bx", "by"]].to_numpy(np.float64), match_radius)
    lost = {
        "an object was there before": int((~free).sum()),
        "not detected": int(free.sum() - len(rows)),
    }
    parts, tables = [], []
    for label, catalogue in ((REAL, real), (INJECTED, detected.iloc[rows])):
        described = _described(catalogue, brick, "" if label == REAL else run, label)
        kept, removed = apply_cuts(described, cuts)
        parts.append(kept)
        steps = (lost if label == INJECTED else dict.fromkeys(lost, 0)) | removed
        tables.append(steps | {"kept": len(kept)})
    table = pd.DataFrame({"cut": list(tables[0]), **dict(zip(CLASSES, map(_values, tables)))})
    return Selection(_columns(pd.concat(parts, ignore_index=True)), table)


def near(positions: np.ndarray, others: np.ndarray, radius: float) -> np.ndarray:
    """Which positions (N, 2) have another (M, 2) within a radius, (N,) bool."""
    if not len(positions) or not len(others):
        return np.zeros(len(positions), bool)
    distance, _ = cKDTree(others).query(positions, distance_upper_bound=radius)
    return np.isfinite(distance)


def matched(positions: np.ndarray, found: np.ndarray, radius: float) -> np.ndarray:
    """Rows of `found` (M, 2) that are the nearest to a position (N, 2) and whose nearest it is."""
    if not len(positions) or not len(found):
        return np.empty(0, np.int64)
    distance, row = cKDTree(found).query(positions, distance_upper_bound=radius)
    _, back = cKDTree(positions).query(found)
    mutual = np.isfinite(distance)
    mutual[mutual] = back[row[mutual]] == np.flatnonzero(mutual)
    return np.sort(row[mutual])


def join_selections(selections: list[Selection]) -> Selection:
    """Put selections of several bricks together; objects below each other, numbers added up.

    Raises
    ------
    InputError
        If there is no brick, or a class has no object in any of them.
    """
    if not selections:
        raise InputError("selection: no brick to select from; give a list with at least one")
    objects = pd.concat([each.objects for each in selections], ignore_index=True)
    removed = selections[0].removed.copy()
    for name in CLASSES:
        removed[name] = np.sum([each.removed[name] for each in selections], axis=0)
    for label, name in enumerate(CLASSES):
        if not (objects["label"] == label).any():
            worst = removed.iloc[removed[name].iloc[:-1].argmax()]
            raise InputError(
                f"selection: no {name} object is left of {int(removed[name].sum())}; "
                f"{worst[name]} were removed by the cut {worst['cut']!r}: widen it"
            )
    return Selection(objects, removed)


def write_selection(
    selection: Selection, objects: str | os.PathLike, removed: str | os.PathLike
) -> None:
    """Write the objects as Parquet and the numbers removed as CSV."""
    with whole_file(objects) as partial:
        selection.objects.to_parquet(partial, index=False)
    with whole_file(removed) as partial:
        selection.removed.to_csv(partial, index=False)


def _described(catalogue: pd.DataFrame, brick: str, run: str, label: int) -> pd.DataFrame:
    """A catalogue with what the cuts ask for and what names an object."""
    objid = catalogue["objid"].to_numpy(np.int64)
    known = {
        "id": [f"{brick}/{run or CLASSES[REAL]}/{number}" for number in objid],
        "tractor_id": objid,
        "brick": brick,
        "run": run,
        "label": label,
        "size": sizes(catalogue),
    }
    if {"shape_e1", "shape_e2"} <= set(catalogue):
        known["ellipticity"] = np.hypot(catalogue["shape_e1"], catalogue["shape_e2"])
    return pd.concat([catalogue.assign(**known), magnitudes(catalogue)], axis=1)


def _columns(objects: pd.DataFrame) -> pd.DataFrame:
    named = ["id", "tractor_id", "brick", "run", "label", "bx", "by", "ra", "dec", "type"]
    measured = [*BANDS, "size", *(["ellipticity"] if "ellipticity" in objects else [])]
    per_band = [f"{name}_{b}" for name in ("flux", "flux_ivar", "psfsize") for b in BANDS]
    return objects[[*named, *measured, *per_band]]


def _values(table: Mapping[str, int]) -> list[int]:
    return list(table.values())
