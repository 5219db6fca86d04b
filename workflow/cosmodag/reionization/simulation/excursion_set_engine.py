"""The workflow's own simulator of reionization: needs nothing that must be compiled before."""

import functools
from collections.abc import Sequence

import h5py
import numpy as np

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.cosmology.particle_mesh import lagrangian_positions
from cosmodag.gridding.gather import gather
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.overdensity import overdensity
from cosmodag.reionization.simulation.brightness_temperature import (
    in_redshift_space,
    mean_temperature,
)
from cosmodag.reionization.simulation.collapse import Collapse
from cosmodag.reionization.simulation.engine import Coeval, Universe
from cosmodag.reionization.simulation.excursion_set import ionizing_efficiency, neutral_fractions


class ExcursionSet:
    """Second-order Lagrangian matter and the excursion set of its haloes.

    Parameters and methods as in `reionization_engine.Engine`.
    """

    def __init__(self, universe: Universe, *, threads: int = 1) -> None:
        self.universe, self.threads = universe, threads
        self.cosmology = Cosmology()
        self._box = universe.box_size * self.cosmology.hubble  # Mpc/h
        self._growth = Growth(self.cosmology.omega_m)

    def draw(self, group: h5py.Group, seed: int) -> None:
        """Write the Fourier modes of a realization's linear density contrast today."""
        group["modes"] = linear_modes(
            matter_power_spectrum(self.cosmology),
            particles=self.universe.particles,
            box_size=self._box,
            seed=seed,
            threads=self.threads,
        )

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
        """Simulate the fields of a realization at a redshift."""
        d = self._growth.first_order(redshift)
        psi = displacements(group["modes"][:], box_size=self._box, threads=self.threads)
        position, velocity = lagrangian_positions(*psi, self._growth, d, box_size=self._box)
        del psi
        velocity *= np.float32(d * self._growth.rate(redshift))  # now v / (a H)
        grid = np.zeros((self.universe.cells,) * 3, np.float32)
        assign_mass(position, grid, self._box, threads=self.threads)
        density = overdensity(grid, out=grid)
        neutral = neutral_fractions(
            density,
            [ionizing_efficiency(escape, star_fraction) for escape in escape_fractions],
            box_size=self._box,
            collapse=_collapse(self.cosmology, turnover_mass),
            growth=d,
            mean_free_path=mean_free_path * self.cosmology.hubble,
            threads=self.threads,
        )
        scale = np.float32(
            mean_temperature(self.cosmology, redshift) * density.size / len(position)
        )
        brightness = (
            in_redshift_space(
                position,
                velocity,
                scale * gather(field, position, self._box, method="ngp", threads=self.threads),
                cells=self.universe.cells,
                box_size=self._box,
                axes=axes,
                threads=self.threads,
            )
            for field in neutral
        )
        return Coeval(density, neutral, brightness)


@functools.cache
def _collapse(cosmology: Cosmology, turnover_mass: float) -> Collapse:
    """Collapsed fractions, whose tables serve all realizations."""
    return Collapse(cosmology, turnover_mass)
