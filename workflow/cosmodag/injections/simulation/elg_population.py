"""The law of emission-line galaxies from which injections are drawn: magnitudes, sizes, redshifts.

It was measured on real galaxies: those of the DEEP2 fields that pass the eBOSS selection, whose
photometry is that of DR3 of the Legacy Surveys (tables of obiwan, Kong et al. 2020, MNRAS 499,
3943). What ships is a smooth fit to the two tables, in `resources`; the tables themselves can be
drawn from as well.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from cosmodag.errors import InputError
from cosmodag.imaging.copula import LEVELS, GaussianCopula, fit_copula, read_copulas

TABLE = Path(__file__).resolve().parents[4] / "resources" / "emission_line_galaxies.json"
"""The fit that ships."""
PROPERTIES = ("g", "g_minus_r", "r_minus_z", "log10_rhalf", "redshift")
SERSIC_INDEX = {"EXP": 1.0, "DEV": 4.0}
FIXED_SIZE, SPREAD = 0.5, 0.08
"""Arcsec given to every galaxy too small to be measured, and dex by which a fit spreads them."""


class GalaxyPrior:
    """A law of galaxies that catalogues can be drawn from.

    Parameters
    ----------
    kinds
        By name, "EXP" for exponential and "DEV" for de Vaucouleurs profiles.
    """

    def __init__(self, kinds: Mapping[str, GaussianCopula]):
        self.kinds = dict(kinds)

    def draw(self, count: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw galaxies.

        Parameters
        ----------
        count
            Number of galaxies.
        rng
            Where the draw comes from.

        Returns
        -------
        DataFrame
            Columns g, r, z (AB magnitudes before extinction), rhalf (half-light radius in arcsec,
            that of the circle of the same area), redshift, n (Sersic index).
        """
        names = list(self.kinds)
        weights = np.array([self.kinds[name].weight for name in names])
        chosen = rng.choice(len(names), size=count, p=weights / weights.sum())
        scores = rng.standard_normal((count, len(PROPERTIES)))
        values = np.empty_like(scores)
        for i, name in enumerate(names):
            kind, mine = self.kinds[name], chosen == i
            values[mine] = kind.properties(scores[mine])
        index = np.array([SERSIC_INDEX[name] for name in names])[chosen]
        return _catalogue(values, index)


class GalaxyTable:
    """The measured galaxies themselves, each as likely as any other.

    Parameters
    ----------
    galaxies
        Columns g, r, z, rhalf, redshift, n.
    """

    def __init__(self, galaxies: pd.DataFrame):
        self.galaxies = galaxies

    def draw(self, count: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw galaxies with replacement; see `GalaxyPrior.draw`."""
        rows = rng.integers(len(self.galaxies), size=count)
        return self.galaxies.iloc[rows].reset_index(drop=True)


def shipped_prior(path: str | os.PathLike = TABLE) -> GalaxyPrior:
    """Read the fitted law of emission-line galaxies.

    Raises
    ------
    InputError
        The file is missing or is not such a table.
    """
    return GalaxyPrior(read_copulas(path, dict.fromkeys(SERSIC_INDEX, PROPERTIES)))


def read_galaxies(paths: Sequence[str | os.PathLike]) -> GalaxyTable:
    """Read tables of measured galaxies, such as eboss_elg_dr3deep2_EXP.csv.

    Parameters
    ----------
    paths
        CSV files with columns g, r, z (AB magnitudes), fwhm_or_rhalf (half-light radius in arcsec),
        redshift. A file whose name ends in DEV holds de Vaucouleurs profiles, others exponentials.

    Raises
    ------
    InputError
        A file cannot be read, lacks a column or holds values that are no galaxies.
    """
    tables = []
    for path in paths:
        try:
            table = pd.read_csv(path, encoding="ascii")
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as CSV ({error})") from None
        wanted = ["g", "r", "z", "fwhm_or_rhalf", "redshift"]
        if missing := [name for name in wanted if name not in table.columns]:
            raise InputError(f"{path}: no column {missing[0]!r}; a prior needs {', '.join(wanted)}")
        values = table[wanted].apply(pd.to_numeric, errors="coerce")
        bad = ~np.isfinite(values.astype(float)).all(axis=1) | ~(values["fwhm_or_rhalf"] > 0)
        if len(values) == 0 or bad.any():
            where = f"row {int(np.flatnonzero(bad)[0])}" if len(values) else "no row"
            raise InputError(f"{path}: {where} is no galaxy; give finite magnitudes and sizes > 0")
        kind = "DEV" if Path(path).stem.upper().endswith("DEV") else "EXP"
        values = values.rename(columns={"fwhm_or_rhalf": "rhalf"})
        tables.append(values.assign(n=SERSIC_INDEX[kind]))
    if not tables:
        raise InputError("prior: no file of galaxies given; name at least one CSV file")
    return GalaxyTable(pd.concat(tables, ignore_index=True))


def fit_prior(table: GalaxyTable) -> dict:
    """Fit quantiles and a Gaussian copula to measured galaxies; the result is what ships.

    A quarter of the galaxies have a size of just 0.5 arcsec, given to those too small to be
    measured; they are spread by 0.08 dex about it, evenly in rank.
    """
    kinds = {}
    for name, index in SERSIC_INDEX.items():
        mine = table.galaxies[table.galaxies["n"] == index]
        values = np.column_stack(
            [
                mine["g"],
                mine["g"] - mine["r"],
                mine["r"] - mine["z"],
                np.log10(mine["rhalf"]),
                mine["redshift"],
            ]
        )
        fixed = np.flatnonzero(mine["rhalf"] == FIXED_SIZE)
        values[fixed, 3] += SPREAD * norm.ppf((np.arange(len(fixed)) + 0.5) / max(len(fixed), 1))
        properties = dict(zip(PROPERTIES, values.T))
        kinds[name] = fit_copula(properties, len(mine) / len(table.galaxies))
    return {"levels": list(LEVELS), "kinds": kinds}


def _catalogue(values: np.ndarray, index: np.ndarray) -> pd.DataFrame:
    g, g_minus_r, r_minus_z, log_size, redshift = values.T
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
