"""Table of the quantities by which the causes of a difference between classes are recognized."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.injections.diagnosis.stamp_quantities import stamp_quantities

MAX_GROUPS, MAX_OBJECTS = 1000, 20_000
"""Groups and objects of a sample; all classes and groups contribute alike."""
BATCH = 256
"""Stamps that are in memory at a time."""
PIPELINE, POPULATION = "pipeline fault", "population mismatch"


class Cause(NamedTuple):
    """A cause of a difference between real and injected objects.

    Attributes
    ----------
    name : str
        Cause in words.
    kind : {"pipeline fault", "population mismatch"}
        Population mismatches are those of the catalogue, which weights of the injected objects can
        undo. All others are faults of the pipeline.
    order : int
        Rank by what a cause changes besides: those of a lower order can change the quantities of
        higher ones, but not the reverse. An error of the sky or the noise changes the measured
        light, a fault in the light changes the catalogue, a shift of a colour also a magnitude.
    prefixes : tuple of str
        Prefixes of the names of the quantities in which it shows.
    """

    name: str
    kind: str
    order: int
    prefixes: tuple[str, ...]


CAUSES = {
    "position": Cause("positions", PIPELINE, 0, ("offset_",)),
    "sky": Cause("sky level or extended light", PIPELINE, 0, ("sky_",)),
    "noise": Cause("noise", PIPELINE, 0, ("scatter_", "correlation_")),
    "ivar": Cause("inverse variances", PIPELINE, 0, ("ivar_response_", "depth_")),
    "psf": Cause("point-spread function or profiles", PIPELINE, 1, ("inner_width", "core_width")),
    "structure": Cause("structure of the galaxies", PIPELINE, 1, ("width_gradient",)),
    "flux": Cause("fluxes in the images", PIPELINE, 1, ("aperture_",)),
    "surroundings": Cause("surroundings", PIPELINE, 1, ("neighbours", "bad_fraction")),
    "magnitude": Cause("magnitudes", POPULATION, 3, ("magnitude_",)),
    "colour": Cause("colours", POPULATION, 2, ("colour_",)),
    "size": Cause("sizes", POPULATION, 3, ("log_size",)),
    "shape": Cause("ellipticities", POPULATION, 3, ("ellipticity",)),
}
"""Causes by key."""


def cause_of(quantity: str) -> str:
    """Return the key of the cause in which a quantity shows."""
    return next(key for key, cause in CAUSES.items() if quantity.startswith(cause.prefixes))


def catalogue_quantities(index: pd.DataFrame, bands: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the quantities of the catalogue, which describe the population of the objects.

    Parameters
    ----------
    index : pandas.DataFrame
        Index of N stamps with magnitudes in some of the bands, and columns size and ellipticity
        where they are measured.
    bands : sequence of str
        Names of the bands in order of wavelength.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,), float64
        ``magnitude_<band>``, ``colour_<band>_<next band>``, ``log_size`` (of arcsec),
        ``ellipticity``; NaN where a value is missing.
    """
    known = [band for band in bands if band in index]
    columns = {f"magnitude_{band}": index[band].to_numpy(np.float64) for band in known}
    for blue, red in pairwise(known):
        colour = columns[f"magnitude_{blue}"] - columns[f"magnitude_{red}"]
        columns[f"colour_{blue}_{red}"] = colour
    if "size" in index:
        size = index["size"].to_numpy(np.float64)
        columns["log_size"] = np.log(np.where(size > 0, size, np.nan))
    if "ellipticity" in index:
        columns["ellipticity"] = index["ellipticity"].to_numpy(np.float64)
    return {name: np.where(np.isfinite(each), each, np.nan) for name, each in columns.items()}


def sample_rows(label: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Draw a bounded sample of objects, with equal bounds for all groups and classes.

    Parameters
    ----------
    label : numpy.ndarray, shape (N,)
        Class of each object.
    groups : numpy.ndarray, shape (N,)
        Group of each object.
    seed : int
        Seed of the draws.

    Returns
    -------
    numpy.ndarray, shape (M,), int64
        Rows in ascending order, all if they are few enough.
    """
    rng = np.random.default_rng(seed)
    names, group = np.unique(groups, return_inverse=True)
    chosen = np.zeros(len(names), bool)
    chosen[rng.permutation(len(names))[:MAX_GROUPS]] = True
    most = max(MAX_OBJECTS // (2 * min(len(names), MAX_GROUPS)), 1)
    shuffled = rng.permutation(np.flatnonzero(chosen[group]))
    place = pd.Series(shuffled).groupby([group[shuffled], label[shuffled] > 0]).cumcount()
    return np.sort(shuffled[place.to_numpy() < most])


def measure(
    read: Callable[[np.ndarray], np.ndarray],
    index: pd.DataFrame,
    rows: np.ndarray,
    bands: Sequence[str],
) -> pd.DataFrame:
    """Measure the quantities of some stamps, one batch in memory at a time.

    Parameters
    ----------
    read : callable
        Returns the stamps of some rows, (b, S, S, 2B) float32.
    index : pandas.DataFrame
        Index of all stamps.
    rows : numpy.ndarray, shape (M,), int64
        Rows of the index to measure.
    bands : sequence of str
        Names of the B bands.

    Returns
    -------
    pandas.DataFrame, M rows
        One column for each quantity, float64.
    """
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        of_batch = index.iloc[batch].reset_index(drop=True)
        quantities = stamp_quantities(read(batch), of_batch, bands)
        if "bad_fraction" in of_batch:
            quantities["bad_fraction"] = of_batch["bad_fraction"].to_numpy(np.float64)
        parts.append(pd.DataFrame(quantities | catalogue_quantities(of_batch, bands)))
    return pd.concat(parts, ignore_index=True)
