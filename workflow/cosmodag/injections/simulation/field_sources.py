"""Everything else in the sky: neighbours that the cuts for emission-line galaxies refuse.

They crowd and blend the images. Their colours and magnitudes stand well outside of the cuts, so
that the selected real objects are galaxies of the class that is injected, and a null test compares
one law with itself.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import Sources, concatenate, single_profiles

SQUARE_ARCMIN = (60 / 0.262) ** 2
"""Pixels."""


class Kind(NamedTuple):
    """A kind of source: magnitudes between two limits, counts rising towards the faint one.

    `density` in a square arcminute; `band` of the limits `magnitudes`; `slope` of the logarithm of
    counts a magnitude; colours as mean and scatter; `radius` median half-light radius in arcsec at
    the faint limit (0 for a star) and `growth`, dex a magnitude by which brighter ones are larger;
    `index` Sersic.
    """

    density: float
    band: str
    magnitudes: tuple[float, float]
    slope: float
    g_minus_r: tuple[float, float]
    r_minus_z: tuple[float, float]
    radius: float
    growth: float
    index: float


KINDS = {
    "faint": Kind(11.0, "g", (24.9, 26.5), 0.3, (0.4, 0.15), (0.4, 0.15), 0.35, 0.05, 1.0),
    "red": Kind(2.2, "r", (19.0, 22.3), 0.3, (1.75, 0.06), (1.0, 0.1), 0.5, 0.12, 4.0),
    "bright": Kind(0.5, "r", (16.5, 19.9), 0.4, (0.75, 0.1), (0.5, 0.08), 1.2, 0.15, 1.0),
    "dwarf star": Kind(1.0, "r", (17.5, 22.5), 0.2, (1.55, 0.04), (1.4, 0.2), 0.0, 0.0, 0.0),
    "bright star": Kind(0.4, "r", (15.5, 19.8), 0.2, (0.55, 0.1), (0.25, 0.08), 0.0, 0.0, 0.0),
}
"""Early types and M dwarfs are redder than the colour box, faint galaxies fainter than the limits,
the rest brighter. Numbers are about those of a field at high galactic latitude."""


def draw_field(size: int, rng: np.random.Generator, crowding: float = 1.0) -> Sources:
    """Draw the sources of a brick that are no emission-line galaxies, each at a random place.

    Parameters
    ----------
    size
        Pixels a side of the brick.
    rng
        Where the draw comes from.
    crowding
        Factor on the number of all kinds.

    Returns
    -------
    Sources
        Placed anywhere on the brick; their catalogue names the kind as well.
    """
    area = size**2 / SQUARE_ARCMIN
    parts = []
    for name, kind in KINDS.items():
        count = int(rng.poisson(kind.density * crowding * area))
        parts.append(
            _draw(name, kind, count, rng).at_positions(rng.uniform(-0.5, size - 0.5, (count, 2)))
        )
    return concatenate(parts)


def bright_places(field: Sources) -> np.ndarray:
    """Return the positions (K, 2) of the sources of a field that are bright enough to be selected.

    Only their colours or brightness keep them from passing the cuts, so in a blend they could.
    """
    catalogue = field.catalogue
    return catalogue.loc[catalogue["kind"] != "faint", ["x", "y"]].to_numpy()


def _draw(name: str, kind: Kind, count: int, rng: np.random.Generator) -> Sources:
    low, high = kind.magnitudes
    growth = 10 ** (kind.slope * (high - low))
    magnitude = low + np.log10(1 + rng.uniform(0, 1, count) * (growth - 1)) / kind.slope
    # Colours are cut at 2 sigma, so that none strays into the cuts.
    g_minus_r = _narrow(*kind.g_minus_r, count, rng)
    r_minus_z = _narrow(*kind.r_minus_z, count, rng)
    r = magnitude - g_minus_r if kind.band == "g" else magnitude
    size = kind.growth * (high - magnitude) + np.clip(rng.normal(0, 0.12, count), -0.3, 0.3)
    catalogue = pd.DataFrame(
        {
            "g": r + g_minus_r,
            "r": r,
            "z": r - r_minus_z,
            "rhalf": kind.radius * 10**size,
            "redshift": np.nan,
            "n": kind.index,
            "kind": name,
        }
    )
    e = rng.normal(0, 0.15, (2, count)) if kind.index else np.zeros((2, count))
    return single_profiles(catalogue, *(e * np.minimum(1, 0.6 / np.maximum(np.hypot(*e), 1e-9))))


def _narrow(mean: float, scatter: float, count: int, rng: np.random.Generator) -> np.ndarray:
    return mean + scatter * np.clip(rng.standard_normal(count), -2, 2)
