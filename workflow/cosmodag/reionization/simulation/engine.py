"""What simulators of reionization have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import h5py
import numpy as np

from cosmodag.cosmology.background import Cosmology


@dataclass(frozen=True)
class Universe:
    """A periodic box of matter.

    Attributes
    ----------
    box_size
        Side in comoving Mpc.
    cells
        Cells a side of the fields.
    particles
        Particles, or cells of the initial conditions, a side.
    """

    box_size: float
    cells: int
    particles: int


class Coeval(NamedTuple):
    """Fields of one realization at one redshift.

    Attributes
    ----------
    density : (n, n, n) float32
        Contrast.
    neutral : (F, n, n, n) float32
        Neutral fraction for each escape fraction.
    brightness : iterable of (A, n, n, n) float32
        Brightness temperature in mK along each line of sight, for one escape fraction after the
        other.
    """

    density: np.ndarray
    neutral: np.ndarray
    brightness: Iterable[np.ndarray]


class Engine(Protocol):
    """A simulator of a universe, whose initial conditions serve all redshifts and parameters.

    Attributes
    ----------
    cosmology : Cosmology
    """

    cosmology: Cosmology

    def __init__(self, universe: Universe, *, threads: int = 1) -> None: ...

    def draw(self, group: h5py.Group, seed: int) -> None:
        """Write the initial conditions of a realization into a group."""

    def coeval(
        self,
        group: h5py.Group,
        redshift: float,
        escape_fractions: Sequence[float],
        axes: Sequence[int],
        *,
        star_fraction: float,
        turnover_mass: float,
        mean_free_path: float,
    ) -> Coeval:
        """Simulate a realization at a redshift from what `draw` wrote.

        Parameters
        ----------
        group
            What `draw` filled.
        redshift
            Of the fields.
        escape_fractions
            Fractions of ionizing photons that leave a galaxy, in haloes of 10^10 solar masses.
        axes
            Lines of sight.
        star_fraction
            Fraction of baryons in stars, in haloes of 10^10 solar masses.
        turnover_mass
            Solar masses below which haloes form few stars.
        mean_free_path
            Largest radius of an ionized region's sphere, Mpc.
        """
