"""Sky areas that examples of different splits share."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.imaging.sky_positions import chord_length, unit_vectors

RADIUS = 23.8
"""Diagonal in arcsec of a stamp of 64 pixels of 0.262 arcsec, beyond which no stamps overlap."""


def shared_sky(index: pd.DataFrame, radius: float = RADIUS) -> list[str]:
    """List the pairs of splits with examples closer to each other than a radius.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with the columns `id`, `split`, `ra` and `dec` (degrees). An index without positions
        shares no sky.
    radius : float
        Radius in arcsec.

    Returns
    -------
    list of str
        One sentence per pair of splits.
    """
    if not {"ra", "dec"} <= set(index.columns):
        return []
    positions = unit_vectors(index["ra"].to_numpy(), index["dec"].to_numpy())
    split, ids = index["split"].to_numpy(), index["id"].to_numpy()
    splits = sorted(set(split))
    trees = {name: cKDTree(positions[split == name]) for name in splits}
    leaks = []
    for number, one in enumerate(splits):
        for other in splits[number + 1 :]:
            distance, row = trees[one].query(
                positions[split == other], distance_upper_bound=chord_length(radius)
            )
            near = np.flatnonzero(np.isfinite(distance))
            if len(near):
                first = ids[split == one][row[near[0]]], ids[split == other][near[0]]
                leaks.append(
                    f"sky shared between splits: {len(near)} examples of {other} within {radius} "
                    f"arcsec of one of {one}, such as {first[0]} ({one}) and {first[1]} ({other})"
                )
    return leaks
