"""The cuts by which emission-line galaxies are chosen from a catalogue of survey bricks.

Those of the original experiment: a box in colours about the emission-line galaxies of eBOSS
(Raichoor et al. 2017, MNRAS 471, 3955), magnitudes, sizes and types. Real and injected objects pass
the same ones.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cosmodag.errors import InputError

BANDS = ("g", "r", "z")

Cut = Callable[[pd.DataFrame], np.ndarray]


def magnitudes(catalogue: pd.DataFrame, bands: Sequence[str] = BANDS) -> pd.DataFrame:
    """Magnitudes without the dust of the Galaxy.

    Parameters
    ----------
    catalogue
        Columns flux_<band> (nanomaggies) and mw_transmission_<band> of each band.
    bands
        Which bands.

    Returns
    -------
    pandas.DataFrame
        A column a band, AB magnitudes; NaN where the flux is not above 0.
    """
    found = {}
    for band in bands:
        flux = catalogue[f"flux_{band}"].to_numpy(np.float64)
        through = catalogue[f"mw_transmission_{band}"].to_numpy(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[band] = np.where(flux > 0, 22.5 - 2.5 * np.log10(flux / through), np.nan)
    return pd.DataFrame(found, index=catalogue.index)


def sizes(catalogue: pd.DataFrame) -> np.ndarray:
    """Sizes in arcsec, (N,) float64.

    Half the mean FWHM of the point-spread function for type PSF; else the half-light radius, from
    `shape_r`, or `shapedev_r` for type DEV and `shapeexp_r` for others in older catalogues.

    Raises
    ------
    InputError
        If the catalogue has none of these columns.
    """
    kind = catalogue["type"].to_numpy(str)
    widths = [name for name in catalogue if name.startswith("psfsize_")]
    point = catalogue[widths].mean(axis=1).to_numpy(np.float64) / 2
    if "shape_r" in catalogue:
        extended = catalogue["shape_r"].to_numpy(np.float64)
    elif {"shapeexp_r", "shapedev_r"} <= set(catalogue):
        extended = np.where(kind == "DEV", catalogue["shapedev_r"], catalogue["shapeexp_r"])
    else:
        raise InputError("catalogue: neither shape_r nor shapeexp_r and shapedev_r; sizes need one")
    return np.where(kind == "PSF", point, extended)


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
    """Give the cuts in the order in which they are applied.

    Parameters
    ----------
    colour_padding
        By how many magnitudes the box in colours is widened, at right angles to its edges.
    g, r, z
        Brightest and faintest magnitude, without the dust of the Galaxy.
    size
        Smallest and largest size in arcsec, see `sizes`.
    excluded_types
        Types of Tractor that are left out.
    exposures
        Fewest exposures in every band.
    primary
        Whether objects must lie in the part of the brick that its neighbours leave to it.

    Returns
    -------
    dict
        By name, functions from a catalogue with columns g, r, z (magnitudes) and size (arcsec)
        beside those of Tractor to a mask of what passes; NaN never does.
    """
    limits = {"g": g, "r": r, "z": z}

    def in_colour_box(t: pd.DataFrame) -> np.ndarray:
        blue, red = t["g"] - t["r"], t["r"] - t["z"]
        pad = colour_padding
        return (
            (blue <= 1.15 * red - 0.15 + np.hypot(1, 1.15) * pad)
            & (blue <= -1.2 * red + 1.6 + np.hypot(1, 1.2) * pad)
            & (red >= 0.3 - pad)
            & (red <= 1.6 + pad)
        )

    def positive(quantity: str) -> Cut:
        return lambda t: np.logical_and.reduce([t[f"{quantity}_{b}"] > 0 for b in BANDS])

    cuts: dict[str, Cut] = {
        "primary": lambda t: t["brick_primary"] if primary else np.ones(len(t), bool),
        "exposures": lambda t: np.logical_and.reduce([t[f"nobs_{b}"] >= exposures for b in BANDS]),
        "flux above 0": positive("flux"),
        "inverse variance above 0": positive("flux_ivar"),
        "type": lambda t: ~t["type"].isin(list(excluded_types)),
        "size": lambda t: t["size"].between(*size),
    }
    for band, (bright, faint) in limits.items():
        cuts[f"{band} magnitude"] = lambda t, b=band, low=bright, high=faint: t[b].between(
            low, high
        )
    return cuts | {"colours": in_colour_box}


def apply_cuts(
    catalogue: pd.DataFrame, cuts: Mapping[str, Cut]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Apply cuts one after the other.

    Returns
    -------
    selected : pandas.DataFrame
        The rows that pass all.
    removed : dict
        How many rows each cut removed of those that it met.
    """
    removed = {}
    for name, cut in cuts.items():
        kept = np.asarray(cut(catalogue), dtype=bool)
        removed[name] = int(len(kept) - kept.sum())
        catalogue = catalogue[kept]
    return catalogue, removed
