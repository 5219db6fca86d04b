"""Matches of the injections of one run with the sources that were detected after the injection.

Each injection is detected or missed, or it is ambiguous: a source was there before the injection,
whose detection cannot be distinguished from that of the injection. Detections that are neither of
an injection nor of an earlier source are spurious.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.injections.selection.brick_selection import mutual_pairs
from cosmodag.injections.selection.target_cuts import half_light_radii, magnitudes

DETECTED, MISSED, AMBIGUOUS, SPURIOUS = "detected", "missed", "ambiguous", "spurious"
"""Values of the column `status`."""


class Catalogues(NamedTuple):
    """Catalogues of one run of injections into a brick.

    Attributes
    ----------
    injected : pandas.DataFrame
        Injected galaxies, see `cosmodag.injections.bricks.brick_catalogues.read_simcat`; x and y
        count pixels from 0.
    detected : pandas.DataFrame
        Tractor catalogue of the images after the injection.
    earlier : pandas.DataFrame or None
        Tractor catalogue of the images before it, columns bx and by; None if there is none.
    """

    injected: pd.DataFrame
    detected: pd.DataFrame
    earlier: pd.DataFrame | None


def match_run(
    catalogues: Catalogues,
    conditions: pd.DataFrame,
    *,
    bands: Sequence[str],
    match_radius: float,
    ambiguous_radius: float,
) -> pd.DataFrame:
    """Return all injections of a run with what was measured of them, and spurious detections.

    Parameters
    ----------
    catalogues : Catalogues
        Catalogues of N injections, and of the detections.
    conditions : pandas.DataFrame
        One row per injection: mw_transmission_<band>, depth_<band> (AB), seeing_<band> (arcsec).
    bands : sequence of str
        Photometric bands.
    match_radius : float
        Largest distance in pixels between an injection and its detection. They must be mutual
        nearest neighbours, so that each detection belongs to one injection.
    ambiguous_radius : float
        Distance in pixels within which an earlier source makes an injection ambiguous.

    Returns
    -------
    pandas.DataFrame
        One row per injection, then one per spurious detection: status, checked (bool, whether there
        is a catalogue of earlier sources), injection_id and detection_id (int64, -1 for none), x,
        y (pixels from 0) and ra, dec (degrees) of the injection, or of a spurious detection;
        offset_x, offset_y (pixels, detection minus injection), earlier_distance (pixels, to the
        nearest earlier source), type, true <band> (AB) and size (arcsec), measured_<band> (AB),
        measured_size (arcsec), depth_<band> (AB) and seeing_<band> (arcsec). Magnitudes and depths
        are corrected for extinction. NaN where a value does not exist.
    """
    injected, detected, earlier = catalogues
    positions = injected[["x", "y"]].to_numpy(np.float64)
    found = detected[["bx", "by"]].to_numpy(np.float64)
    before = None if earlier is None else earlier[["bx", "by"]].to_numpy(np.float64)
    pairs = mutual_pairs(positions, found, match_radius)
    distance = _distances(positions, before)
    status = np.where(pairs >= 0, DETECTED, MISSED).astype(object)
    status[distance < ambiguous_radius] = AMBIGUOUS
    measured = _measurements(detected, bands)
    table = pd.DataFrame(
        {
            "status": status,
            "checked": np.full(len(positions), before is not None),
            "injection_id": injected["id"].to_numpy(np.int64),
            "detection_id": _identifiers(detected, pairs),
            "x": positions[:, 0],
            "y": positions[:, 1],
            "ra": injected["ra"].to_numpy(np.float64),
            "dec": injected["dec"].to_numpy(np.float64),
            "offset_x": np.where(pairs >= 0, found[pairs, 0] - positions[:, 0], np.nan),
            "offset_y": np.where(pairs >= 0, found[pairs, 1] - positions[:, 1], np.nan),
            "earlier_distance": distance,
            "type": np.where(pairs >= 0, detected["type"].to_numpy(object)[pairs], ""),
            **_truth(injected, conditions, bands),
            **{name: _of_detection(values, pairs) for name, values in measured.items()},
            **_conditions(conditions, bands),
        }
    ).astype({"status": "str", "type": "str"})
    if before is None:
        return table
    spurious = _spurious(detected, measured, pairs, _distances(found, before) >= match_radius)
    parts = [table, spurious.reindex(columns=table.columns)]
    return pd.concat(parts, ignore_index=True).astype(dict(table.dtypes))


def _distances(positions: np.ndarray, others: np.ndarray | None) -> np.ndarray:
    """Return the distance of each position (N, 2) to the nearest of others, (N,); NaN for None."""
    if others is None:
        return np.full(len(positions), np.nan)
    if not len(positions) or not len(others):
        return np.full(len(positions), np.inf)
    return cKDTree(others).query(positions)[0]


def _identifiers(detected: pd.DataFrame, pairs: np.ndarray) -> np.ndarray:
    """Return the identifier of the detection of each injection, (N,) int64; -1 for none."""
    return np.where(pairs >= 0, detected["objid"].to_numpy(np.int64)[pairs], -1)


def _measurements(detected: pd.DataFrame, bands: Sequence[str]) -> dict[str, np.ndarray]:
    """Return measured magnitudes and half-light radii of all detections."""
    by_band = magnitudes(detected, bands)
    measured = {f"measured_{band}": by_band[band].to_numpy() for band in bands}
    return {**measured, "measured_size": half_light_radii(detected)}


def _of_detection(values: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return a measurement of the detection of each injection, (N,) float32; NaN for none."""
    return np.where(pairs >= 0, values[pairs], np.nan).astype(np.float32)


def _truth(
    injected: pd.DataFrame, conditions: pd.DataFrame, bands: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return true magnitudes, corrected for extinction, and half-light radii in arcsec."""
    fluxes = pd.DataFrame(
        {
            **{f"flux_{band}": injected[f"{band}flux"].to_numpy() for band in bands},
            **{
                f"mw_transmission_{band}": injected.get(
                    f"mw_transmission_{band}", conditions[f"mw_transmission_{band}"]
                ).to_numpy()
                for band in bands
            },
        }
    )
    by_band = magnitudes(fluxes, bands)
    columns = {band: by_band[band].to_numpy(np.float32) for band in bands}
    size = injected["rhalf"] if "rhalf" in injected else np.full(len(injected), np.nan)
    return {**columns, "size": np.asarray(size, np.float32)}


def _conditions(conditions: pd.DataFrame, bands: Sequence[str]) -> dict[str, np.ndarray]:
    """Return depth and seeing of each injection."""
    names = [f"{quantity}_{band}" for quantity in ("depth", "seeing") for band in bands]
    return {name: conditions[name].to_numpy(np.float32) for name in names}


def _spurious(
    detected: pd.DataFrame,
    measured: dict[str, np.ndarray],
    pairs: np.ndarray,
    is_new: np.ndarray,
) -> pd.DataFrame:
    """Return the detections that are neither of an injection nor of an earlier source."""
    own = is_new.copy()
    own[pairs[pairs >= 0]] = False
    rows = detected[own]
    return pd.DataFrame(
        {
            "status": SPURIOUS,
            "checked": True,
            "injection_id": np.full(len(rows), -1, np.int64),
            "detection_id": rows["objid"].to_numpy(np.int64),
            "x": rows["bx"].to_numpy(),
            "y": rows["by"].to_numpy(),
            "ra": rows["ra"].to_numpy(),
            "dec": rows["dec"].to_numpy(),
            "type": rows["type"].to_numpy(),
            **{name: values[own] for name, values in measured.items()},
        }
    )
