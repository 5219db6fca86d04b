"""Distribution of galaxies in the COSMOS field, fitted to the profiles that come with GalSim.

The fit has two types: galaxies with a single Sérsic profile, and galaxies with a disc and a bulge.
The table is `cosmos_galaxies.json` beside this module.

References
----------
Leauthaud et al. (2007), ApJS 172, 219; Mandelbaum et al. (2012), MNRAS 420, 1518.
"""

import os
from pathlib import Path

import numpy as np

from cosmodag.imaging.copula import LEVELS, GaussianCopula, fit_copula, read_copulas
from cosmodag.imaging.fits_files import open_fits

TABLE = Path(__file__).with_name("cosmos_galaxies.json")
"""Fitted copulas that ship with the package."""
COSMOS_PIXEL = 0.03
"""Pixel scale of the COSMOS catalogue in arcsec per pixel."""
COPULA_PROPERTIES = {
    "single": ("magnitude", "log_radius", "sersic_index", "axis_ratio", "redshift"),
    "double": (
        "magnitude",
        "log_radius",
        "bulge_fraction",
        "log_bulge_ratio",
        "axis_ratio",
        "redshift",
    ),
}
"""Properties of each type of galaxy, in the order of the fit."""


def cosmos_copulas(path: str | os.PathLike = TABLE) -> dict[str, GaussianCopula]:
    """Read the fitted distribution of galaxies in the COSMOS field.

    Parameters
    ----------
    path : path-like
        Table of fitted copulas; by default the one that ships with the package.

    Returns
    -------
    dict from str to GaussianCopula
        The types "single" and "double".

    Raises
    ------
    InputError
        If the file is missing or is not such a table.
    """
    return read_copulas(path, COPULA_PROPERTIES)


def fit_cosmos(catalogue: str | os.PathLike, fits: str | os.PathLike) -> dict:
    """Fit the distribution to the COSMOS catalogues of GalSim.

    Parameters
    ----------
    catalogue, fits : path-like
        real_galaxy_catalog_23.5*.fits and real_galaxy_catalog_23.5*_fits.fits, with the same rows.

    Returns
    -------
    dict
        The table that ships with the package.

    Raises
    ------
    InputError
        If a file is missing or truncated.
    """
    cure = "provide GalSim's example catalogues of COSMOS"
    with open_fits(catalogue, what="catalogue", cure=cure) as file:
        magnitude = np.asarray(file[1].data["MAG"], np.float64)
    with open_fits(fits, what="catalogue", cure=cure) as file:
        rows = {
            key: np.asarray(file[1].data[key], np.float64)
            for key in ("sersicfit", "bulgefit", "hlr", "zphot", "fit_dvc_btt", "use_bulgefit")
        }
    is_double = rows["use_bulgefit"] == 1
    one, two = rows["sersicfit"][~is_double], rows["bulgefit"][is_double]
    disc, bulge = (two[:, k] * np.sqrt(two[:, k + 2]) for k in (1, 9))
    single = {
        "magnitude": magnitude[~is_double],
        "log_radius": np.log10(one[:, 1] * np.sqrt(one[:, 3]) * COSMOS_PIXEL),
        "sersic_index": one[:, 2],
        "axis_ratio": one[:, 3],
        "redshift": rows["zphot"][~is_double],
    }
    double = {
        "magnitude": magnitude[is_double],
        "log_radius": np.log10(rows["hlr"][is_double, 2]),
        "bulge_fraction": rows["fit_dvc_btt"][is_double],
        "log_bulge_ratio": np.log10(bulge / disc),
        "axis_ratio": two[:, 3],
        "redshift": rows["zphot"][is_double],
    }
    weight = float(is_double.mean())
    return {
        "levels": list(LEVELS),
        "kinds": {"single": fit_copula(single, 1 - weight), "double": fit_copula(double, weight)},
    }
