"""Places on the sky that examples of different splits share."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.imaging.sky_positions import chord_length, unit_vectors

RADIUS = 23.8
"""Arcsec: the diagonal of a stamp of 64 pixels of 0.262 arcsec, beyond which none overlap."""


def shared_sky(index: pd.DataFrame, radius: float = RADIUS) -> list[str]:
    """Say which examples of different splits stand nearer to each other than a radius.

    Parameters
    ----------
    index : pandas.DataFrame
        Columns id, split, ra, dec (degrees). An index without positions shares no sky.
    radius : float
        Arcsec.

    Returns
    -------
    list of str
        A sentence for each pair of splits that share sky.
    """
    if not {"ra", "dec"} <= set(index.columns):
        return []
    places = unit_vectors(index["ra"].to_numpy(), index["dec"].to_numpy())
    split, names = index["split"].to_numpy(), index["id"].to_numpy()
    found = sorted(set(split))
    trees = {name: cKDTree(places[split == name]) for name in found}
    leaks = []
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            distance, row = trees[one].query(
                places[split == other], distance_upper_bound=chord_length(radius)
            )
            near = np.flatnonzero(np.isfinite(distance))
            if len(near):
                first = names[split == one][row[near[0]]], names[split == other][near[0]]
                leaks.append(
                    f"sky shared between splits: {len(near)} examples of {other} within {radius} "
                    f"arcsec of one of {one}, such as {first[0]} ({one}) and {first[1]} ({other})"
                )
    return leaks
