"""Neighbours of simulated galaxies, of the same population at random positions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cosmodag.galaxies.simulation.galaxy_parameters import draw_parameters, galaxy_generator
from cosmodag.galaxies.simulation.image_effects import ImageEffects

NEIGHBOURS = 2
"""Random stream of each galaxy."""
MARGIN = 8
"""Largest distance of the centre of a neighbour from the edge of the stamp in pixels."""


def draw_neighbours(
    galaxies: pd.DataFrame,
    *,
    seed: int,
    pixel: float,
    effects: ImageEffects,
    law: str,
    ranges: Mapping[str, Sequence[float]],
) -> pd.DataFrame:
    """Draw the neighbours of galaxies, those of each from the seed and its number alone.

    Parameters
    ----------
    galaxies : pandas.DataFrame
        Table of `draw_galaxies`.
    seed : int
        Seed of the simulation.
    pixel : float
        Pixel scale in arcsec per pixel.
    effects : ImageEffects
        Their density and smallest separation.
    law, ranges
        See `draw_galaxies`.

    Returns
    -------
    pandas.DataFrame
        One row per neighbour with the columns of `draw_galaxies`: `number` is that of the galaxy,
        whose point-spread function it has, `side` that of the stamp with a margin of `MARGIN`, and
        `dx`, `dy` the offset from the centre of the stamp in pixels.
    """
    streams, views = [], []
    for galaxy in galaxies.to_dict("records"):
        number, side = galaxy["number"], galaxy["side"] + 2 * MARGIN
        rng = galaxy_generator(seed, number, NEIGHBOURS)
        count = rng.poisson(effects.neighbour_density * (side * pixel / 60) ** 2)
        positions = rng.uniform(-side / 2, side / 2, (count, 2))
        separations = pixel * np.hypot(*(positions - [galaxy["dx"], galaxy["dy"]]).T)
        for rank in np.flatnonzero(separations >= effects.neighbour_separation):
            dx, dy = positions[rank]
            streams.append(galaxy_generator(seed, number, NEIGHBOURS, int(rank) + 1))
            view = {"number": number, "psf": galaxy["psf"], "side": side, "dx": dx, "dy": dy}
            views.append(view)
    if not streams:
        return galaxies.iloc[:0]
    neighbours = draw_parameters(streams, law=law, ranges=ranges)
    return neighbours.assign(**pd.DataFrame(views))


def neighbour_columns(galaxies: pd.DataFrame, neighbours: pd.DataFrame) -> pd.DataFrame:
    """Return what the table of galaxies records of their neighbours.

    Parameters
    ----------
    galaxies : pandas.DataFrame
        Table of `draw_galaxies`.
    neighbours : pandas.DataFrame
        Table of `draw_neighbours`.

    Returns
    -------
    pandas.DataFrame
        One row per galaxy: n_neighbours, and neighbour_flux, their total flux in r in units of that
        of the galaxy.
    """
    flux = 10 ** (-0.4 * neighbours["magnitude"])
    of_galaxy = flux.groupby(neighbours["number"]).agg(["size", "sum"])
    of_galaxy = of_galaxy.reindex(galaxies["number"], fill_value=0)
    own = 10 ** (-0.4 * galaxies["magnitude"].to_numpy())
    return pd.DataFrame(
        {
            "n_neighbours": of_galaxy["size"].to_numpy(int),
            "neighbour_flux": of_galaxy["sum"].to_numpy() / own,
        },
        galaxies.index,
    )
