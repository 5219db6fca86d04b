"""Field sources: stars and galaxies that the selection of emission-line galaxies rejects.

Field sources crowd the images and blend with other sources. Their colours and magnitudes lie well
outside the selection cuts, so that all selected real objects are emission-line galaxies, and a null
test compares one distribution with itself.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import Sources, concatenate, single_profiles

PIXELS_PER_SQUARE_ARCMIN = (60 / 0.262) ** 2


class SourceType(NamedTuple):
    """Distribution of one type of source between two magnitude limits.

    Attributes
    ----------
    density : float
        Sources per square arcminute.
    band : str
        Band of the magnitude limits.
    magnitudes : tuple of float
        Bright and faint limit, AB.
    slope : float
        Slope of the logarithmic number counts per magnitude.
    g_minus_r, r_minus_z : tuple of float
        Mean and scatter of the colours.
    radius : float
        Median half-light radius in arcsec at the faint limit; 0 for stars.
    growth : float
        Increase of the radius towards brighter sources in dex per magnitude.
    sersic_index : float
        Sérsic index; 0 for stars.
    """

    density: float
    band: str
    magnitudes: tuple[float, float]
    slope: float
    g_minus_r: tuple[float, float]
    r_minus_z: tuple[float, float]
    radius: float
    growth: float
    sersic_index: float


SOURCE_TYPES = {
    "faint": SourceType(11.0, "g", (24.9, 26.5), 0.3, (0.4, 0.15), (0.4, 0.15), 0.35, 0.05, 1.0),
    "red": SourceType(2.2, "r", (19.0, 22.3), 0.3, (1.75, 0.06), (1.0, 0.1), 0.5, 0.12, 4.0),
    "bright": SourceType(0.5, "r", (16.5, 19.9), 0.4, (0.75, 0.1), (0.5, 0.08), 1.2, 0.15, 1.0),
    "dwarf star": SourceType(1.0, "r", (17.5, 22.5), 0.2, (1.55, 0.04), (1.4, 0.2), 0.0, 0.0, 0.0),
    "bright star": SourceType(
        0.4, "r", (15.5, 19.8), 0.2, (0.55, 0.1), (0.25, 0.08), 0.0, 0.0, 0.0
    ),
}
"""Early-type galaxies and M dwarfs are redder than the colour cuts, faint galaxies fainter than the
magnitude limits, the others brighter. Densities are typical of high galactic latitudes."""


def draw_field_sources(size: int, rng: np.random.Generator, crowding: float = 1.0) -> Sources:
    """Draw the field sources of a brick at uniformly distributed positions.

    Parameters
    ----------
    size : int
        Pixels per side of the brick.
    rng : numpy.random.Generator
        Random generator.
    crowding : float
        Factor on the density of all types.

    Returns
    -------
    Sources
        Sources with positions; the column `kind` of their catalogue names the type.
    """
    area = size**2 / PIXELS_PER_SQUARE_ARCMIN
    samples = []
    for name, source_type in SOURCE_TYPES.items():
        count = int(rng.poisson(source_type.density * crowding * area))
        sources = _draw_type(name, source_type, count, rng)
        samples.append(sources.at_positions(rng.uniform(-0.5, size - 0.5, (count, 2))))
    return concatenate(samples)


def bright_positions(field: Sources) -> np.ndarray:
    """Return the positions of field sources that could pass the selection in a blend.

    These sources are rejected by their colours or brightness alone.

    Parameters
    ----------
    field : Sources
        Sources drawn by `draw_field_sources`.

    Returns
    -------
    numpy.ndarray, shape (K, 2), float64
        x and y in 0-indexed pixels.
    """
    catalogue = field.catalogue
    return catalogue.loc[catalogue["kind"] != "faint", ["x", "y"]].to_numpy()


def _draw_type(name: str, source_type: SourceType, count: int, rng: np.random.Generator) -> Sources:
    """Draw sources of one type, without positions."""
    low, high = source_type.magnitudes
    growth = 10 ** (source_type.slope * (high - low))
    magnitude = low + np.log10(1 + rng.uniform(0, 1, count) * (growth - 1)) / source_type.slope
    g_minus_r = _draw_colour(*source_type.g_minus_r, count, rng)
    r_minus_z = _draw_colour(*source_type.r_minus_z, count, rng)
    r = magnitude - g_minus_r if source_type.band == "g" else magnitude
    scatter = np.clip(rng.normal(0, 0.12, count), -0.3, 0.3)
    log_size = source_type.growth * (high - magnitude) + scatter
    catalogue = pd.DataFrame(
        {
            "g": r + g_minus_r,
            "r": r,
            "z": r - r_minus_z,
            "rhalf": source_type.radius * 10**log_size,
            "redshift": np.nan,
            "n": source_type.sersic_index,
            "kind": name,
        }
    )
    e = rng.normal(0, 0.15, (2, count)) if source_type.sersic_index else np.zeros((2, count))
    return single_profiles(catalogue, *(e * np.minimum(1, 0.6 / np.maximum(np.hypot(*e), 1e-9))))


def _draw_colour(mean: float, scatter: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw colours from a Gaussian clipped at 2 sigma, so that none passes the colour cuts."""
    return mean + scatter * np.clip(rng.standard_normal(count), -2, 2)
