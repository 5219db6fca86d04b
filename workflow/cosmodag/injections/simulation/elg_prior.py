"""Prior of emission-line galaxies from which injections are drawn: magnitudes, sizes, redshifts.

The prior is a fit to observed galaxies of the DEEP2 fields that pass the eBOSS selection, with
photometry of DR3 of the Legacy Surveys (tables of obiwan [1]_). A Gaussian copula fitted to the two
tables ships with cosmodag; galaxies can be drawn from the tables as well.

References
----------
.. [1] Kong et al. 2020, MNRAS 499, 3943.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from cosmodag.errors import InputError
from cosmodag.imaging.copula import LEVELS, GaussianCopula, fit_copula, read_copulas

SHIPPED_PRIOR = Path(__file__).with_name("emission_line_galaxies.json")
"""Fit that ships with cosmodag."""
PROPERTIES = ("g", "g_minus_r", "r_minus_z", "log10_rhalf", "redshift")
SERSIC_INDEX = {"EXP": 1.0, "DEV": 4.0}
UNRESOLVED_SIZE, UNRESOLVED_SCATTER = 0.5, 0.08
"""Size in arcsec assigned to every unresolved galaxy of the tables, and the scatter in dex that the
fit gives it."""


class ElgPrior:
    """Joint distribution of the properties of emission-line galaxies.

    Parameters
    ----------
    copulas : mapping of str to GaussianCopula
        Distribution for each profile, "EXP" (exponential) and "DEV" (de Vaucouleurs).

    Examples
    --------
    >>> catalogue = read_elg_prior().draw(10, np.random.default_rng(1))
    """

    def __init__(self, copulas: Mapping[str, GaussianCopula]):
        self.copulas = dict(copulas)

    def draw(self, count: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw galaxies.

        Parameters
        ----------
        count : int
            Number of galaxies.
        rng : numpy.random.Generator
            Random generator.

        Returns
        -------
        pandas.DataFrame
            Columns g, r, z (AB magnitudes before extinction), rhalf (circularized half-light
            radius in arcsec), redshift, n (Sérsic index).
        """
        names = list(self.copulas)
        weights = np.array([self.copulas[name].weight for name in names])
        profile = rng.choice(len(names), size=count, p=weights / weights.sum())
        scores = rng.standard_normal((count, len(PROPERTIES)))
        properties = np.empty_like(scores)
        for i, name in enumerate(names):
            rows = profile == i
            properties[rows] = self.copulas[name].properties(scores[rows])
        index = np.array([SERSIC_INDEX[name] for name in names])[profile]
        return _catalogue(properties, index)


class ElgTable:
    """Table of observed galaxies, from which each is drawn with equal probability.

    Parameters
    ----------
    galaxies : pandas.DataFrame
        Columns g, r, z, rhalf, redshift, n, as returned by `ElgPrior.draw`.
    """

    def __init__(self, galaxies: pd.DataFrame):
        self.galaxies = galaxies

    def draw(self, count: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw galaxies with replacement.

        Parameters
        ----------
        count : int
            Number of galaxies.
        rng : numpy.random.Generator
            Random generator.

        Returns
        -------
        pandas.DataFrame
            Columns as of `ElgPrior.draw`.
        """
        rows = rng.integers(len(self.galaxies), size=count)
        return self.galaxies.iloc[rows].reset_index(drop=True)


def read_elg_prior(path: str | os.PathLike = SHIPPED_PRIOR) -> ElgPrior:
    """Read a fitted prior of emission-line galaxies.

    Parameters
    ----------
    path : path
        JSON file with the fit; by default the one that ships with cosmodag.

    Returns
    -------
    ElgPrior

    Raises
    ------
    InputError
        If the file is missing or has another format.
    """
    return ElgPrior(read_copulas(path, dict.fromkeys(SERSIC_INDEX, PROPERTIES)))


def read_elg_tables(paths: Sequence[str | os.PathLike]) -> ElgTable:
    """Read tables of observed galaxies, such as eboss_elg_dr3deep2_EXP.csv.

    Parameters
    ----------
    paths : sequence of path
        CSV files with columns g, r, z (AB magnitudes), fwhm_or_rhalf (half-light radius in arcsec),
        redshift. Files whose names end in DEV list de Vaucouleurs profiles, others exponential
        ones.

    Returns
    -------
    ElgTable

    Raises
    ------
    InputError
        If a file cannot be read, lacks a column or has invalid values.
    """
    tables = []
    for path in paths:
        try:
            table = pd.read_csv(path, encoding="ascii")
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as CSV ({error})") from None
        required = ["g", "r", "z", "fwhm_or_rhalf", "redshift"]
        if missing := [name for name in required if name not in table.columns]:
            raise InputError(
                f"{path}: no column {missing[0]!r}; a prior requires {', '.join(required)}"
            )
        values = table[required].apply(pd.to_numeric, errors="coerce")
        bad = ~np.isfinite(values.astype(float)).all(axis=1) | ~(values["fwhm_or_rhalf"] > 0)
        if not len(values):
            raise InputError(f"{path}: the table has no row; give at least one galaxy")
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise InputError(
                f"{path}: row {row} is not a galaxy; give finite magnitudes and sizes > 0"
            )
        profile = "DEV" if Path(path).stem.upper().endswith("DEV") else "EXP"
        values = values.rename(columns={"fwhm_or_rhalf": "rhalf"})
        tables.append(values.assign(n=SERSIC_INDEX[profile]))
    if not tables:
        raise InputError("prior: no table of galaxies; name at least one CSV file")
    return ElgTable(pd.concat(tables, ignore_index=True))


def fit_elg_prior(table: ElgTable) -> dict:
    """Fit quantiles and Gaussian copulas to observed galaxies.

    A quarter of the galaxies have a size of exactly 0.5 arcsec, assigned to unresolved ones. The
    fit scatters them by 0.08 dex, evenly in rank.

    Parameters
    ----------
    table : ElgTable
        Observed galaxies.

    Returns
    -------
    dict
        Content of the JSON file that `read_elg_prior` reads.
    """
    kinds = {}
    for name, index in SERSIC_INDEX.items():
        galaxies = table.galaxies[table.galaxies["n"] == index]
        values = np.column_stack(
            [
                galaxies["g"],
                galaxies["g"] - galaxies["r"],
                galaxies["r"] - galaxies["z"],
                np.log10(galaxies["rhalf"]),
                galaxies["redshift"],
            ]
        )
        unresolved = np.flatnonzero(galaxies["rhalf"] == UNRESOLVED_SIZE)
        levels = (np.arange(len(unresolved)) + 0.5) / max(len(unresolved), 1)
        values[unresolved, 3] += UNRESOLVED_SCATTER * norm.ppf(levels)
        properties = dict(zip(PROPERTIES, values.T))
        kinds[name] = fit_copula(properties, len(galaxies) / len(table.galaxies))
    return {"levels": list(LEVELS), "kinds": kinds}


def _catalogue(properties: np.ndarray, index: np.ndarray) -> pd.DataFrame:
    """Return magnitudes and sizes from the properties (N, 5) of a fit and Sérsic indices (N,)."""
    g, g_minus_r, r_minus_z, log_size, redshift = properties.T
    return pd.DataFrame(
        {
            "g": g,
            "r": g - g_minus_r,
            "z": g - g_minus_r - r_minus_z,
            "rhalf": 10**log_size,
            "redshift": redshift,
            "n": index,
        }
    )
