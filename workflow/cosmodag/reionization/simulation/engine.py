"""The interface that all simulators of reionization implement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import h5py
import numpy as np

from cosmodag.cosmology.background import Cosmology


@dataclass(frozen=True)
class SimulationBox:
    """Size and resolution of a periodic simulation box.

    Attributes
    ----------
    box_size : float
        Side in comoving Mpc.
    cells : int
        Cells per side of the simulated fields.
    particles : int
        Particles per side, or cells per side of the initial conditions.
    """

    box_size: float
    cells: int
    particles: int


@dataclass(frozen=True)
class Astrophysics:
    """Properties of the sources of ionizing photons and of the gas between them.

    Attributes
    ----------
    star_fraction : float
        Fraction of baryons in stars, in haloes of 10^10 solar masses.
    turnover_mass : float
        Halo mass in solar masses below which haloes form few stars.
    mean_free_path : float
        Mean free path of ionizing photons in Mpc: the largest radius of the spheres that are
        tested for ionization.
    clumping_factor : float
        Clumping factor of ionized gas, which multiplies the rate of recombinations; 0 for none.
    """

    star_fraction: float = 0.05
    turnover_mass: float = 5e8
    mean_free_path: float = 50.0
    clumping_factor: float = 2.0


class CoevalFields(NamedTuple):
    """Fields of one realization at one redshift.

    Attributes
    ----------
    density : numpy.ndarray, shape (n, n, n), float32
        Density contrast.
    neutral_fraction : numpy.ndarray, shape (F, n, n, n), float32
        Neutral fraction for each escape fraction.
    brightness_temperature : iterable of numpy.ndarray, shape (A, n, n, n), float32
        Brightness temperature in mK along each line of sight; one array per escape fraction.
    """

    density: np.ndarray
    neutral_fraction: np.ndarray
    brightness_temperature: Iterable[np.ndarray]


class Engine(Protocol):
    """A simulator of reionization.

    The initial conditions of a realization serve all redshifts and all parameters.

    Parameters
    ----------
    box : SimulationBox
        Size and resolution of the box.
    threads : int
        Number of threads.

    Attributes
    ----------
    cosmology : Cosmology
        Cosmological parameters.
    """

    cosmology: Cosmology

    def __init__(self, box: SimulationBox, *, threads: int = 1) -> None: ...

    def draw_initial_conditions(self, group: h5py.Group, seed: int) -> None:
        """Write the initial conditions of a realization.

        Parameters
        ----------
        group : h5py.Group
            Empty group to write to.
        seed : int
            Seed of the realization.
        """

    def simulate(
        self,
        group: h5py.Group,
        redshift: float,
        escape_fractions: Sequence[float],
        axes: Sequence[int],
        astrophysics: Astrophysics,
    ) -> CoevalFields:
        """Simulate the fields of a realization at a redshift.

        Parameters
        ----------
        group : h5py.Group
            Initial conditions written by `draw_initial_conditions`.
        redshift : float
            Redshift of the fields.
        escape_fractions : sequence of float
            Fractions of ionizing photons that escape from their galaxy, in haloes of 10^10 solar
            masses.
        axes : sequence of int
            Lines of sight: axes from 0 to 2.
        astrophysics : Astrophysics
            Properties of the sources and of the gas.

        Returns
        -------
        CoevalFields
            Density, neutral fraction and brightness temperature.
        """
