"""Cuts that select emission-line galaxies from the catalogue of a brick.

The cuts follow the study by its authors: a colour box around the eBOSS selection of emission-line
galaxies [1]_, with limits on magnitudes, sizes and types. Real and injected objects pass the same
cuts.

References
----------
.. [1] Raichoor et al. 2017, MNRAS 471, 3955.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cosmodag.errors import InputError

BANDS = ("g", "r", "z")

Cut = Callable[[pd.DataFrame], pd.Series | np.ndarray]
"""Function from a catalogue of N objects to a mask of those that pass, (N,) bool."""


def magnitudes(catalogue: pd.DataFrame, bands: Sequence[str] = BANDS) -> pd.DataFrame:
    """Return magnitudes corrected for Galactic extinction.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        Columns flux_<band> (nanomaggies) and mw_transmission_<band> for each band.
    bands : sequence of str
        Photometric bands.

    Returns
    -------
    pandas.DataFrame
        One column per band with AB magnitudes; NaN where the flux is not positive.
    """
    columns = {}
    for band in bands:
        flux = catalogue[f"flux_{band}"].to_numpy(np.float64)
        transmission = catalogue[f"mw_transmission_{band}"].to_numpy(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            corrected = 22.5 - 2.5 * np.log10(flux / transmission)
            columns[band] = np.where(flux > 0, corrected, np.nan)
    return pd.DataFrame(columns, index=catalogue.index)


def sizes(catalogue: pd.DataFrame) -> np.ndarray:
    """Return the sizes of objects.

    The size of a point source (type PSF) is half the mean FWHM of the point-spread function. The
    size of other objects is their half-light radius: `shape_r` or, in catalogues before DR9,
    `shapedev_r` for type DEV and `shapeexp_r` otherwise.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        Columns type, psfsize_<band> (arcsec) and half-light radii (arcsec).

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        Sizes in arcsec.

    Raises
    ------
    InputError
        If the catalogue has no column of half-light radii.
    """
    psf_columns = [name for name in catalogue if name.startswith("psfsize_")]
    psf_size = catalogue[psf_columns].mean(axis=1).to_numpy(np.float64) / 2
    return np.where(catalogue["type"] == "PSF", psf_size, half_light_radii(catalogue))


def half_light_radii(catalogue: pd.DataFrame) -> np.ndarray:
    """Return the half-light radii of the profiles that were fitted to objects.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        Columns type and `shape_r`, or `shapedev_r` and `shapeexp_r` before DR9.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        Radii in arcsec; those of point sources are as the catalogue states them, in general 0.

    Raises
    ------
    InputError
        If the catalogue has no column of half-light radii.
    """
    if "shape_r" in catalogue:
        return catalogue["shape_r"].to_numpy(np.float64)
    if {"shapeexp_r", "shapedev_r"} <= set(catalogue):
        radius = np.where(
            catalogue["type"] == "DEV", catalogue["shapedev_r"], catalogue["shapeexp_r"]
        )
        return radius.astype(np.float64)
    raise InputError(
        "catalogue: no half-light radius; give a column shape_r, or shapeexp_r and shapedev_r"
    )


def emission_line_cuts(
    *,
    colour_padding: float = 0.5,
    g: Sequence[float] = (20.6766, 24.5),
    r: Sequence[float] = (20.4659, 23.9),
    z: Sequence[float] = (19.4391, 23.0),
    size: Sequence[float] = (0.131, 2.0),
    excluded_types: Sequence[str] = ("COMP", "DEV"),
    exposures: int = 1,
    primary: bool = True,
) -> dict[str, Cut]:
    """Return the cuts in the order in which they are applied.

    Parameters
    ----------
    colour_padding : float
        Width in magnitudes by which the colour box is extended perpendicular to its edges.
    g, r, z : sequence of float
        Bright and faint limit of the magnitude, corrected for Galactic extinction.
    size : sequence of float
        Smallest and largest size in arcsec; see `sizes`.
    excluded_types : sequence of str
        Tractor types to reject.
    exposures : int
        Minimum number of exposures in every band.
    primary : bool
        Whether to reject objects in the margin that belongs to a neighbouring brick.

    Returns
    -------
    dict of str to callable
        Cuts by name. They require the columns g, r, z (magnitudes) and size (arcsec) besides those
        of Tractor, and reject NaN.

    Raises
    ------
    InputError
        If limits are not ascending.
    """
    limits = {"g": g, "r": r, "z": z}
    for name, (low, high) in (limits | {"size": size}).items():
        if not low < high:
            raise InputError(f"{name}: [{low:g}, {high:g}] has no values; give [low, high]")

    def in_colour_box(t: pd.DataFrame) -> pd.Series:
        g_minus_r, r_minus_z = t["g"] - t["r"], t["r"] - t["z"]
        pad = colour_padding
        return (
            (g_minus_r <= 1.15 * r_minus_z - 0.15 + np.hypot(1, 1.15) * pad)
            & (g_minus_r <= -1.2 * r_minus_z + 1.6 + np.hypot(1, 1.2) * pad)
            & (r_minus_z >= 0.3 - pad)
            & (r_minus_z <= 1.6 + pad)
        )

    def positive(quantity: str) -> Cut:
        return lambda t: np.logical_and.reduce([t[f"{quantity}_{b}"] > 0 for b in BANDS])

    def within(column: str, limits: Sequence[float]) -> Cut:
        return lambda t: t[column].between(*limits)

    cuts: dict[str, Cut] = {
        "primary": lambda t: t["brick_primary"] if primary else np.ones(len(t), bool),
        "exposures": lambda t: np.logical_and.reduce([t[f"nobs_{b}"] >= exposures for b in BANDS]),
        "flux above 0": positive("flux"),
        "inverse variance above 0": positive("flux_ivar"),
        "type": lambda t: ~t["type"].isin(list(excluded_types)),
        "size": within("size", size),
    }
    cuts |= {f"{band} magnitude": within(band, limits[band]) for band in BANDS}
    return cuts | {"colours": in_colour_box}


def apply_cuts(
    catalogue: pd.DataFrame, cuts: Mapping[str, Cut]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Apply cuts one after the other.

    Parameters
    ----------
    catalogue : pandas.DataFrame
        Objects with the columns that the cuts require.
    cuts : mapping of str to callable
        Cuts by name, as `emission_line_cuts` returns them.

    Returns
    -------
    selected : pandas.DataFrame
        Rows that pass all cuts.
    removed : dict of str to int
        For each cut, how many of the rows that passed the previous cuts it removed.
    """
    removed = {}
    for name, cut in cuts.items():
        passed = np.asarray(cut(catalogue), dtype=bool)
        removed[name] = int(len(passed) - passed.sum())
        catalogue = catalogue[passed]
    return catalogue, removed
