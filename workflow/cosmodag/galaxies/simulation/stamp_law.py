"""The law of galaxies that stamps show: brightness, size and shape as COSMOS has them.

What ships in `resources` is a fit to the profiles of real galaxies of the COSMOS field (Leauthaud
et al. 2007, ApJS 172, 219) that come with GalSim (Mandelbaum et al. 2012, MNRAS 420, 1518):
galaxies that one Sersic profile describes, and those of a disc with a bulge.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.imaging.copula import LEVELS, GaussianCopula, fit_copula, read_copulas
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.galaxy_population import half_light_radius
from cosmodag.settings import unknown

TABLE = Path(__file__).resolve().parents[4] / "resources" / "cosmos_galaxies.json"
"""The fit that ships."""
PIXEL = 0.03
"""Arcsec a pixel of the catalogue of COSMOS."""
LAWS = ("cosmos", "uniform")
RANGES = {
    "magnitude": (17.0, 23.5),
    "radius": (0.1, 3.0),
    "sersic_index": (0.5, 6.0),
    "axis_ratio": (0.15, 1.0),
    "bulge_fraction": (0.0, 1.0),
    "redshift": (0.0, 1.5),
}
"""What a galaxy may be; GalSim draws no Sersic index beyond 0.3 and 6.2."""
BULGE_RATIO = (0.1, 0.6)
"""Half-light radius of a bulge in units of its disc's, where all values are alike."""
ATTEMPTS = 1000
PARAMETERS, NOISE = 0, 1
"""Streams of random numbers that a galaxy has."""

LAW_COLUMNS = {
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
"""Properties of each kind, in the order of the fit."""


def generator(seed: int, number: int, stream: int) -> np.random.Generator:
    """Return a galaxy's own random numbers, whatever the others are and wherever it is drawn."""
    return np.random.default_rng((seed, number, stream))


def draw_galaxies(
    numbers: Sequence[int],
    *,
    seed: int,
    law: str = "cosmos",
    ranges: Mapping[str, Sequence[float]] | None = None,
    psf: Sequence[float] = (0.2, 0.4),
    noise: Sequence[float] = (0.001, 0.006),
    sides: Sequence[int] = (48, 96),
) -> pd.DataFrame:
    """Draw galaxies, each from its seed and number alone.

    Parameters
    ----------
    numbers
        Numbers of the galaxies.
    seed
        Seed of them all.
    law
        "cosmos": as in the COSMOS field, cut to the ranges. "uniform": all values in the ranges
        alike, the radius in its logarithm; no property tells another.
    ranges
        Least and largest value by name, where they are others than in `RANGES`: magnitude (AB, r),
        radius (half-light radius in arcsec, of the circle of the same area, bulge and all),
        sersic_index (of the body: of all the light, or of the disc beside a bulge),
        axis_ratio, bulge_fraction (of the light in r), redshift.
    psf
        Range of the full width at half maximum in arcsec, drawn evenly.
    noise
        Range of the standard deviation a pixel in r in nanomaggies, drawn evenly in its logarithm.
    sides
        Range of pixels a side of a stamp, drawn evenly.

    Returns
    -------
    DataFrame
        One row a galaxy: number, the parameters above, log_radius (log10), position_angle
        (degrees from the x axis), bulge_ratio (radius of the bulge in units of the body's),
        body_radius (arcsec), g_minus_r and r_minus_z (AB), gradient (magnitudes in g − z by which
        the bulge is redder), dx and dy (pixels off the middle), psf, noise, side.

    Raises
    ------
    InputError
        The law is not known, a range is upside down, or no galaxy of the law lies in the ranges.
    """
    if law not in LAWS:
        raise unknown("law", law, LAWS)
    limits = _limits({**RANGES, **(ranges or {}), "psf": psf, "noise": noise, "sides": sides})
    streams = [generator(seed, number, PARAMETERS) for number in numbers]
    if law == "cosmos":
        shapes = _cut(streams, shipped_law(), limits)
    else:
        shapes = pd.DataFrame([_even(rng, limits) for rng in streams])
    shapes = shapes.assign(
        # GalSim tabulates each new index anew: 105 galaxies a second, against 365 where tables are
        # found again. The truth is the rounded index, so no label is wrong; what is lost is values
        # between, and half a step, 0.05, changes a stamp by 0.8 % of its light (root mean square).
        sersic_index=shapes["sersic_index"].round(1),
        radius=10 ** shapes["log_radius"],
    )
    shape = ("bulge_fraction", "bulge_ratio", "sersic_index")
    size = half_light_radius(*(shapes[name].to_numpy() for name in shape))
    shapes["body_radius"] = shapes["radius"] / size
    views = pd.DataFrame([_view(rng, limits) for rng in streams])
    redder = pd.DataFrame(
        [_colours(rng, redshift) for rng, redshift in zip(streams, shapes["redshift"])]
    )
    return pd.concat([pd.DataFrame({"number": list(numbers)}), shapes, redder, views], axis=1)


def shipped_law(path: str | os.PathLike = TABLE) -> dict[str, GaussianCopula]:
    """Read the fitted law of galaxies in the COSMOS field, by kind.

    Raises
    ------
    InputError
        The file is missing or is not such a table.
    """
    return read_copulas(path, LAW_COLUMNS)


def fit_law(catalogue: str | os.PathLike, fits: str | os.PathLike) -> dict:
    """Fit the law to catalogues as GalSim gives them; the result is what ships.

    Parameters
    ----------
    catalogue, fits
        real_galaxy_catalog_23.5*.fits and real_galaxy_catalog_23.5*_fits.fits, row by row alike.
    """
    cure = "GalSim's example catalogues of COSMOS are needed"
    with open_fits(catalogue, what="catalogue", cure=cure) as file:
        magnitude = np.asarray(file[1].data["MAG"], np.float64)
    with open_fits(fits, what="catalogue", cure=cure) as file:
        rows = {
            key: np.asarray(file[1].data[key], np.float64)
            for key in ("sersicfit", "bulgefit", "hlr", "zphot", "fit_dvc_btt", "use_bulgefit")
        }
    double = rows["use_bulgefit"] == 1
    one, two = rows["sersicfit"][~double], rows["bulgefit"][double]
    disc, bulge = (two[:, k] * np.sqrt(two[:, k + 2]) for k in (1, 9))
    single = {
        "magnitude": magnitude[~double],
        "log_radius": np.log10(one[:, 1] * np.sqrt(one[:, 3]) * PIXEL),
        "sersic_index": one[:, 2],
        "axis_ratio": one[:, 3],
        "redshift": rows["zphot"][~double],
    }
    both = {
        "magnitude": magnitude[double],
        "log_radius": np.log10(rows["hlr"][double, 2]),
        "bulge_fraction": rows["fit_dvc_btt"][double],
        "log_bulge_ratio": np.log10(bulge / disc),
        "axis_ratio": two[:, 3],
        "redshift": rows["zphot"][double],
    }
    share = float(double.mean())
    return {
        "levels": list(LEVELS),
        "kinds": {"single": fit_copula(single, 1 - share), "double": fit_copula(both, share)},
    }


def _limits(ranges: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    for name, (low, high) in ranges.items():
        if name not in (*RANGES, "psf", "noise", "sides"):
            raise unknown("range", name, RANGES)
        if not low <= high:
            raise InputError(f"{name}: the range {[low, high]} is upside down; give [least, most]")
    return {name: (low, high) for name, (low, high) in ranges.items()}


def _cut(streams: Sequence[np.random.Generator], law: Mapping, limits: Mapping) -> pd.DataFrame:
    """Galaxies of the law, each drawn again until it lies in the ranges."""
    found: dict[int, dict] = {}
    left = np.arange(len(streams))
    for _ in range(ATTEMPTS):
        uniform = np.array([streams[row].uniform() for row in left])
        scores = np.array([streams[row].standard_normal(6) for row in left])
        double = uniform < law["double"].weight
        for name, mine in (("single", ~double), ("double", double)):
            columns = LAW_COLUMNS[name]
            if not mine.any():
                continue
            drawn = pd.DataFrame(
                law[name].properties(scores[mine, : len(columns)]), columns=columns
            )
            drawn = _completed(drawn)
            inside = _inside(drawn, limits)
            found |= dict(zip(left[mine][inside], drawn[inside].to_dict("records")))
        left = np.array([row for row in left if row not in found], int)
        if not len(left):
            return pd.DataFrame([found[row] for row in range(len(streams))])
    raise InputError(
        f"ranges: of {ATTEMPTS} galaxies of the law cosmos none lies in them; widen magnitude, "
        "radius, sersic_index, axis_ratio, bulge_fraction or redshift"
    )


def _completed(drawn: pd.DataFrame) -> pd.DataFrame:
    """Both kinds with the same columns: no bulge in one, an exponential disc in the other."""
    if "sersic_index" in drawn:
        return drawn.assign(bulge_fraction=0.0, bulge_ratio=0.3)
    ratio = 10 ** drawn["log_bulge_ratio"]
    return drawn.assign(sersic_index=1.0, bulge_ratio=ratio).drop(columns="log_bulge_ratio")


def _inside(drawn: pd.DataFrame, limits: Mapping) -> np.ndarray:
    """Which galaxies lie in the ranges; an index that the law has fixed is not asked."""
    told = drawn.assign(radius=10 ** drawn["log_radius"])
    inside = np.ones(len(drawn), bool)
    for name in RANGES:
        low, high = limits[name]
        inside &= (told[name] >= low) & (told[name] <= high)
    return inside


def _even(rng: np.random.Generator, limits: Mapping) -> dict:
    """One galaxy with all values in the ranges alike."""
    low, high = limits["radius"]
    drawn = {name: rng.uniform(*limits[name]) for name in RANGES if name != "radius"}
    return drawn | {
        "log_radius": rng.uniform(np.log10(low), np.log10(high)),
        "bulge_ratio": rng.uniform(*BULGE_RATIO),
    }


def _colours(rng: np.random.Generator, redshift: float) -> dict:
    """Colours in AB magnitudes: redder with redshift as the 4000-angstrom break moves through g and
    r, with a scatter; roughly those of field galaxies, and the same for all kinds.
    """
    return {
        "g_minus_r": 0.5 + 0.9 * min(redshift, 0.5) + rng.normal(0, 0.15),
        "r_minus_z": 0.4 + 0.7 * min(redshift, 1.0) + rng.normal(0, 0.15),
        "gradient": rng.normal(0.5, 0.15),
    }


def _view(rng: np.random.Generator, limits: Mapping) -> dict:
    """How one galaxy is seen."""
    low, high = np.log(limits["noise"])
    return {
        "position_angle": rng.uniform(0, 180),
        "dx": rng.uniform(-0.5, 0.5),
        "dy": rng.uniform(-0.5, 0.5),
        "psf": rng.uniform(*limits["psf"]),
        "noise": float(np.exp(rng.uniform(low, high))),
        "side": int(rng.integers(int(limits["sides"][0]), int(limits["sides"][1]) + 1)),
    }
