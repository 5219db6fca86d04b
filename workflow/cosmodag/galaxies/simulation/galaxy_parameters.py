"""Parameters of simulated galaxies: brightness, size, shape, redshift and observing conditions.

They follow the galaxies of the COSMOS field, see `cosmos_fit`, or are uniform in their ranges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.cosmos_fit import COPULA_PROPERTIES, cosmos_copulas
from cosmodag.galaxies.simulation.morphology_labels import effective_index, is_early_type
from cosmodag.imaging.copula import GaussianCopula
from cosmodag.imaging.galaxy_population import half_light_radius
from cosmodag.settings import unknown

LAWS = ("cosmos", "uniform")
RANGES = {
    "magnitude": (17.0, 23.5),
    "radius": (0.1, 3.0),
    "sersic_index": (0.5, 6.0),
    "axis_ratio": (0.15, 1.0),
    "bulge_fraction": (0.0, 1.0),
    "redshift": (0.0, 1.5),
}
"""Default ranges of the parameters; GalSim limits the Sérsic index to 0.3 to 6.2."""
BULGE_RATIO_RANGE = (0.1, 0.6)
"""Half-light radius of the bulge in units of that of the disc, for the uniform distribution."""
MAX_DRAWS = 1000
PARAMETERS, NOISE = 0, 1
"""Random streams of each galaxy."""

Range = tuple[float, float]


@dataclass(frozen=True)
class ObservingConditions:
    """Ranges of the conditions under which galaxies are observed.

    Attributes
    ----------
    psf : sequence of float
        Smallest and largest full width at half maximum of the point-spread function in arcsec,
        drawn uniformly.
    noise : sequence of float
        Smallest and largest standard deviation of the noise per pixel in r in nanomaggies, drawn
        uniformly in the logarithm.
    sides : sequence of int
        Smallest and largest side of a stamp in pixels, drawn uniformly.
    """

    psf: Sequence[float] = (0.2, 0.4)
    noise: Sequence[float] = (0.001, 0.006)
    sides: Sequence[int] = (48, 96)


def galaxy_generator(seed: int, number: int, *stream: int) -> np.random.Generator:
    """Return a random generator that depends only on the seed, the galaxy and the stream.

    Parameters
    ----------
    seed : int
        Seed of the simulation.
    number : int
        Number of the galaxy.
    *stream : int
        `PARAMETERS`, `NOISE` or another stream; a second number, above 0, divides a stream.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng((seed, number, *stream))


def draw_galaxies(
    numbers: Sequence[int],
    *,
    seed: int,
    law: str = "cosmos",
    ranges: Mapping[str, Sequence[float]] | None = None,
    conditions: ObservingConditions | None = None,
) -> pd.DataFrame:
    """Draw the parameters of galaxies, each from the seed and its number alone.

    Parameters
    ----------
    numbers : sequence of int
        Numbers of the galaxies.
    seed : int
        Seed of the simulation.
    law : {"cosmos", "uniform"}
        "cosmos": as in the COSMOS field, truncated to the ranges. "uniform": uniform in the ranges,
        the radius in its logarithm, and independent of each other.
    ranges : mapping from str to sequence of float, optional
        Smallest and largest value by name where they differ from `RANGES`: magnitude (AB, r),
        radius (circularized half-light radius of all components in arcsec), sersic_index (of a
        single profile, or of the disc), axis_ratio, bulge_fraction (of the flux in r), redshift.
    conditions : ObservingConditions, optional
        Ranges of the observing conditions.

    Returns
    -------
    pandas.DataFrame
        One row per galaxy: number, the parameters above, log_radius (log10), position_angle
        (degrees from the x axis), bulge_ratio (half-light radius of the bulge in units of that of
        the body), body_radius (arcsec), effective_index and early_type (0 or 1, see
        `morphology_labels`), g_minus_r and r_minus_z (AB), gradient (g − z of the bulge minus that
        of the body), dx and dy (pixels from the centre), psf, noise, side.

    Raises
    ------
    InputError
        If the law is unknown, a range is reversed, or no galaxy lies in the ranges.

    Examples
    --------
    >>> table = draw_galaxies(range(3), seed=1)
    >>> table["magnitude"].between(17, 23.5).all()
    np.True_
    """
    streams = [galaxy_generator(seed, number, PARAMETERS) for number in numbers]
    parameters = draw_parameters(streams, law=law, ranges=ranges, conditions=conditions)
    return pd.concat([pd.DataFrame({"number": list(numbers)}), parameters], axis=1)


def draw_parameters(
    streams: Sequence[np.random.Generator],
    *,
    law: str = "cosmos",
    ranges: Mapping[str, Sequence[float]] | None = None,
    conditions: ObservingConditions | None = None,
) -> pd.DataFrame:
    """Draw the parameters of galaxies, each from a generator of its own.

    Parameters
    ----------
    streams : sequence of numpy.random.Generator
        One generator per galaxy.
    law, ranges, conditions
        See `draw_galaxies`.

    Returns
    -------
    pandas.DataFrame
        One row per galaxy with the columns of `draw_galaxies` but `number`.

    Raises
    ------
    InputError
        As `draw_galaxies`.
    """
    if law not in LAWS:
        raise unknown("law", law, LAWS)
    conditions = conditions or ObservingConditions()
    observed = {"psf": conditions.psf, "noise": conditions.noise, "sides": conditions.sides}
    limits = _limits({**RANGES, **(ranges or {}), **observed})
    if law == "cosmos":
        shapes = _truncated_draws(streams, cosmos_copulas(), limits)
    else:
        shapes = pd.DataFrame([_uniform_draw(rng, limits) for rng in streams])
    shapes = shapes.assign(
        # GalSim tabulates each new index: 105 galaxies per second, against 365 with cached tables.
        # The rounded index is the true one, so the labels are exact. Half a step, 0.05, changes a
        # stamp by 0.8 % of its flux (root mean square).
        sersic_index=shapes["sersic_index"].round(1),
        radius=10 ** shapes["log_radius"],
    )
    profile = [
        shapes[name].to_numpy() for name in ("bulge_fraction", "bulge_ratio", "sersic_index")
    ]
    shapes = shapes.assign(
        body_radius=shapes["radius"] / half_light_radius(*profile),
        effective_index=effective_index(*profile),
        early_type=is_early_type(profile[0], profile[2]).astype(int),
    )
    views = pd.DataFrame([_view(rng, limits) for rng in streams])
    colours = pd.DataFrame(
        [_colours(rng, redshift) for rng, redshift in zip(streams, shapes["redshift"])]
    )
    return pd.concat([shapes, colours, views], axis=1)


def _limits(ranges: Mapping[str, Sequence[float]]) -> dict[str, Range]:
    """Check ranges and return them as tuples."""
    for name, (low, high) in ranges.items():
        if name not in (*RANGES, "psf", "noise", "sides"):
            raise unknown("range", name, RANGES)
        if not low <= high:
            raise InputError(
                f"{name}: the range {[low, high]} is reversed; give [smallest, largest]"
            )
    return {name: (low, high) for name, (low, high) in ranges.items()}


def _truncated_draws(
    streams: Sequence[np.random.Generator],
    copulas: Mapping[str, GaussianCopula],
    limits: Mapping[str, Range],
) -> pd.DataFrame:
    """Draw galaxies from copulas, each again until it lies in the ranges."""
    accepted: dict[int, dict] = {}
    pending = np.arange(len(streams))
    for _ in range(MAX_DRAWS):
        uniform = np.array([streams[int(row)].uniform() for row in pending])
        scores = np.array([streams[int(row)].standard_normal(6) for row in pending])
        is_double = uniform < copulas["double"].weight
        for name, selected in (("single", ~is_double), ("double", is_double)):
            columns = COPULA_PROPERTIES[name]
            if not selected.any():
                continue
            values = copulas[name].properties(scores[selected, : len(columns)])
            galaxies = _with_all_columns(pd.DataFrame(values, columns=columns))
            inside = _inside(galaxies, limits)
            accepted |= dict(zip(pending[selected][inside], galaxies[inside].to_dict("records")))
        pending = np.array([row for row in pending if row not in accepted], int)
        if not len(pending):
            return pd.DataFrame([accepted[row] for row in range(len(streams))])
    raise InputError(
        f"ranges: none of {MAX_DRAWS} galaxies drawn from the law cosmos lies in them; widen "
        "magnitude, radius, sersic_index, axis_ratio, bulge_fraction or redshift"
    )


def _with_all_columns(galaxies: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of the other type: no bulge to one, an exponential disc to the other."""
    if "sersic_index" in galaxies:
        return galaxies.assign(bulge_fraction=0.0, bulge_ratio=0.3)
    ratio = 10 ** galaxies["log_bulge_ratio"]
    return galaxies.assign(sersic_index=1.0, bulge_ratio=ratio).drop(columns="log_bulge_ratio")


def _inside(galaxies: pd.DataFrame, limits: Mapping[str, Range]) -> np.ndarray:
    """Return which galaxies lie in the ranges."""
    parameters = galaxies.assign(radius=10 ** galaxies["log_radius"])
    inside = np.ones(len(galaxies), bool)
    for name in RANGES:
        low, high = limits[name]
        inside &= (parameters[name] >= low) & (parameters[name] <= high)
    return inside


def _uniform_draw(rng: np.random.Generator, limits: Mapping[str, Range]) -> dict[str, float]:
    """Draw one galaxy uniformly in the ranges."""
    low, high = limits["radius"]
    parameters = {name: rng.uniform(*limits[name]) for name in RANGES if name != "radius"}
    return parameters | {
        "log_radius": rng.uniform(np.log10(low), np.log10(high)),
        "bulge_ratio": rng.uniform(*BULGE_RATIO_RANGE),
    }


def _colours(rng: np.random.Generator, redshift: float) -> dict[str, float]:
    """Draw colours in AB magnitudes.

    They redden with redshift as the 4000 Å break moves through g and r, with a scatter, roughly as
    those of field galaxies, and have the same distribution for all types.
    """
    return {
        "g_minus_r": 0.5 + 0.9 * min(redshift, 0.5) + rng.normal(0, 0.15),
        "r_minus_z": 0.4 + 0.7 * min(redshift, 1.0) + rng.normal(0, 0.15),
        "gradient": rng.normal(0.5, 0.15),
    }


def _view(rng: np.random.Generator, limits: Mapping[str, Range]) -> dict[str, Any]:
    """Draw orientation, position and observing conditions of one galaxy."""
    low, high = np.log(limits["noise"])
    return {
        "position_angle": rng.uniform(0, 180),
        "dx": rng.uniform(-0.5, 0.5),
        "dy": rng.uniform(-0.5, 0.5),
        "psf": rng.uniform(*limits["psf"]),
        "noise": float(np.exp(rng.uniform(low, high))),
        "side": int(rng.integers(int(limits["sides"][0]), int(limits["sides"][1]) + 1)),
    }
