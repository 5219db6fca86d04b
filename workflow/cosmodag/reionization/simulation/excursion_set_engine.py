"""The built-in simulator of reionization, which needs no compiled external code."""

import functools
from collections.abc import Sequence

import h5py
import numpy as np

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.cosmology.particle_mesh import lagrangian_positions
from cosmodag.gridding.fields import overdensity
from cosmodag.gridding.interpolation import gather
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.reionization.simulation.brightness_temperature import (
    mean_brightness_temperature,
    redshift_space_cubes,
)
from cosmodag.reionization.simulation.collapsed_fraction import CollapsedFraction
from cosmodag.reionization.simulation.engine import Astrophysics, CoevalFields, SimulationBox
from cosmodag.reionization.simulation.excursion_set import neutral_fractions
from cosmodag.reionization.simulation.photon_budget import filling_factors, ionizing_efficiency


class ExcursionSetEngine:
    """Second-order Lagrangian matter with ionized regions from the excursion set of its haloes.

    Parameters and methods are those of `engine.Engine`.
    """

    def __init__(self, box: SimulationBox, *, threads: int = 1) -> None:
        self.box, self.threads = box, threads
        self.cosmology = Cosmology()
        self._box_size = box.box_size * self.cosmology.hubble  # Mpc/h
        self._growth = Growth(self.cosmology.omega_m)

    def draw_initial_conditions(self, group: h5py.Group, seed: int) -> None:
        """Write the Fourier modes of the linear density contrast of a realization today."""
        group["modes"] = linear_modes(
            matter_power_spectrum(self.cosmology),
            particles=self.box.particles,
            box_size=self._box_size,
            seed=seed,
            threads=self.threads,
        )

    def simulate(
        self,
        group: h5py.Group,
        redshift: float,
        escape_fractions: Sequence[float],
        axes: Sequence[int],
        astrophysics: Astrophysics,
    ) -> CoevalFields:
        """Simulate the fields of a realization at a redshift."""
        d = self._growth.first_order(redshift)
        psi = displacements(group["modes"][:], box_size=self._box_size, threads=self.threads)
        position, velocity = lagrangian_positions(*psi, self._growth, d, box_size=self._box_size)
        del psi
        velocity *= np.float32(d * self._growth.rate(redshift))  # from dx/dD to v / (a H)
        grid = np.zeros((self.box.cells,) * 3, np.float32)
        assign_mass(position, grid, self._box_size, threads=self.threads)
        density = overdensity(grid, out=grid)
        collapsed_fraction = _collapsed_fraction(self.cosmology, astrophysics.turnover_mass)
        neutral_fraction = neutral_fractions(
            density,
            filling_factors(
                [ionizing_efficiency(f, astrophysics.star_fraction) for f in escape_fractions],
                redshift,
                cosmology=self.cosmology,
                growth=self._growth,
                collapsed_fraction=collapsed_fraction,
                clumping_factor=astrophysics.clumping_factor,
            ),
            box_size=self._box_size,
            collapsed_fraction=collapsed_fraction,
            growth_factor=d,
            mean_free_path=astrophysics.mean_free_path * self.cosmology.hubble,
            threads=self.threads,
        )
        scale = np.float32(
            mean_brightness_temperature(self.cosmology, redshift) * density.size / len(position)
        )
        brightness_temperature = (
            redshift_space_cubes(
                position,
                velocity,
                scale * gather(cube, position, self._box_size, method="ngp", threads=self.threads),
                cells=self.box.cells,
                box_size=self._box_size,
                axes=axes,
                threads=self.threads,
            )
            for cube in neutral_fraction
        )
        return CoevalFields(density, neutral_fraction, brightness_temperature)


@functools.lru_cache(maxsize=4)
def _collapsed_fraction(cosmology: Cosmology, turnover_mass: float) -> CollapsedFraction:
    """Return collapsed fractions, whose tables realizations with one turnover mass share."""
    return CollapsedFraction(cosmology, turnover_mass)
