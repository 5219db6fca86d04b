"""Simulated boxes: independent realizations of galaxies and of the matter beneath them.

Matter is evolved by the particle-mesh steps of `particle_mesh`, not by PySCo, after weighing both
from the same initial modes (128³ particles, 256 Mpc/h, redshift 0; the spectra are measured by
``python -m tests.bench simulation``). Ours takes 10 steps and 4.2 s of processor time, PySCo with
its solver `fft` 43 steps and 14.1 s. Our power is PySCo's within 1.2 % to k = 0.3 h/Mpc, 2 % to
0.4 and 3.1 % to 0.8. Over HMcode's, in that one box and up to 0.1, 0.2, 0.3, 0.4, 0.6 and 0.8
h/Mpc, ours is 1.02, 0.99, 0.93, 0.96, 0.93 and 0.87, PySCo's 1.02, 0.99, 0.94, 0.98, 0.96 and 0.90.
Against our own run of 256³ particles with the same phases, 128³ have 0.991 of the power at 0.3,
0.985 at 0.5 and 0.956 at 1 h/Mpc. PySCo would add a binary runtime that exists for Linux on x86-64
alone and top-level modules such as `utils`, so it stays a peer to measure.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numba import get_num_threads
from tqdm import tqdm

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.cosmology.initial_conditions import displacements, linear_modes
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.cosmology.particle_mesh import evolve
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.grids.grid_file import write_grids
from cosmodag.voids.simulation.occupation import draw_galaxies


def simulate_matter(
    cosmology: Cosmology,
    *,
    seed: int,
    box_size: float,
    particles: int,
    mesh: int | None = None,
    steps: int = 10,
    redshift: float = 0.0,
    threads: int | None = None,
) -> np.ndarray:
    """Evolve one realization of the matter.

    Parameters
    ----------
    cosmology
        Its parameters.
    seed
        Seed of the initial conditions.
    box_size
        Side of the periodic box, Mpc/h.
    particles
        Particles per side.
    mesh
        Cells per side of the mesh of the force; as many as particles by default.
    steps
        Time steps from redshift 9.
    redshift
        Redshift of the result.
    threads
        Threads to use; all that numba has by default. The result does not depend on them but for
        rounding.

    Returns
    -------
    (particles³, 3) float32
        Positions, 0 <= x < box_size, in Mpc/h.
    """
    threads = threads or get_num_threads()
    modes = linear_modes(
        matter_power_spectrum(cosmology),
        particles=particles,
        box_size=box_size,
        seed=seed,
        threads=threads,
    )
    psi1, psi2 = displacements(modes, box_size=box_size, threads=threads)
    del modes
    return evolve(
        psi1,
        psi2,
        Growth(cosmology.omega_m),
        box_size=box_size,
        mesh=mesh or particles,
        steps=steps,
        redshift=redshift,
        threads=threads,
    )


def simulate_boxes(
    galaxies_output: str | os.PathLike,
    matter_output: str | os.PathLike,
    *,
    source: str,
    realizations: Sequence[int],
    box_size: float,
    particles: int,
    number_density: float,
    matter_cells: int,
    seed: int = 0,
    mesh: int | None = None,
    steps: int = 10,
    redshift: float = 0.0,
    cosmology: Mapping[str, float | Sequence[float]] | None = None,
    occupation: Mapping[str, float] | None = None,
    threads: int | None = None,
) -> None:
    """Simulate boxes into a galaxies file and a grid file of their matter.

    Parameters
    ----------
    galaxies_output
        The galaxies file (see `galaxies_file`).
    matter_output
        The grid file: mass of all particles per cell, by cloud-in-cell, (B, n, n, n) float32.
    source
        Name of the source; box 3 is independent as "<source>/r0003".
    realizations
        Numbers of the realizations. A number stands for the same box whichever others are made.
    box_size
        Side of each periodic box, Mpc/h.
    particles, mesh, steps, redshift, threads
        As in `simulate_matter`.
    number_density
        Galaxies per (Mpc/h)³.
    matter_cells
        Cells per side of the matter grid.
    seed
        Seed that all realizations are derived from.
    cosmology
        Parameters of `Cosmology` that differ from its defaults: a number, or the bounds
        [lower, upper] that each realization draws from evenly.
    occupation
        `smoothing`, `threshold` and `power` of `galaxies.draw_galaxies`.

    Raises
    ------
    InputError
        A setting is impossible; nothing is written then.
    """
    _check(realizations, box_size, particles, number_density, matter_cells, mesh, steps, redshift)
    boxes = [_Box.draw(source, number, seed, cosmology or {}) for number in realizations]
    with whole_file(galaxies_output) as partial, h5py.File(partial, "w") as file:
        start_galaxies(file, source)

        def matter_grids() -> Iterator[tuple[np.ndarray, int]]:
            """Simulate box after box, write its galaxies, give its matter on the grid."""
            for box in tqdm(boxes, desc="boxes", unit="box", disable=None):
                matter = simulate_matter(
                    box.cosmology,
                    seed=box.seed,
                    box_size=box_size,
                    particles=particles,
                    mesh=mesh,
                    steps=steps,
                    redshift=redshift,
                    threads=threads,
                )
                galaxies = draw_galaxies(
                    matter,
                    box_size=box_size,
                    number_density=number_density,
                    seed=box.seed + 1,
                    threads=threads,
                    **(occupation or {}),
                )
                group = start_box(
                    file,
                    box.name,
                    box_size=(box_size,) * 3,
                    origin=(0.0,) * 3,
                    periodic=True,
                    group=box.group,
                    attributes={
                        "omega_m": box.cosmology.omega_m,
                        "sigma8": box.cosmology.sigma8,
                        "seed": box.seed,
                    },
                )
                append(group, galaxies)
                grid = np.zeros((matter_cells,) * 3, np.float32)
                yield (
                    assign_mass(matter, grid, box_size, method="cic", threads=threads),
                    len(matter),
                )

        write_grids(
            matter_output,
            matter_grids(),
            shape=(matter_cells,) * 3,
            box_size=(box_size,) * 3,
            boxes=[box.name for box in boxes],
            groups=[box.group for box in boxes],
            method="cic",
            periodic=True,
            source=source,
            omega_m=[box.cosmology.omega_m for box in boxes],
            sigma8=[box.cosmology.sigma8 for box in boxes],
        )


@dataclass(frozen=True)
class _Box:
    """One realization: its names, its seed and its cosmology."""

    name: str
    group: str
    seed: int
    cosmology: Cosmology

    @classmethod
    def draw(cls, source: str, number: int, seed: int, varied: Mapping) -> "_Box":
        rng = np.random.default_rng([seed, number])
        own_seed = int(rng.integers(2**62))
        known = Cosmology.__dataclass_fields__
        values = {}
        for key, value in sorted(varied.items()):
            if key not in known:
                raise InputError(f"cosmology: '{key}' is unknown; allowed: {', '.join(known)}")
            bounds = np.atleast_1d(np.asarray(value, float))
            if len(bounds) > 2 or not (bounds > 0).all() or bounds[0] > bounds[-1]:
                raise InputError(
                    f"cosmology: {key} is {value}: give a positive number or [lower, upper]"
                )
            values[key] = float(rng.uniform(bounds[0], bounds[-1]))
        name = f"r{number:04d}"
        return cls(name, f"{source}/{name}", own_seed, Cosmology(**values))


def _check(
    realizations, box_size, particles, number_density, matter_cells, mesh, steps, redshift
) -> None:
    """Refuse settings that cannot be simulated."""
    if not realizations or len(set(realizations)) < len(realizations):
        raise InputError(f"realizations: give different numbers, not {list(realizations)}")
    for key, value, least in (
        ("box_size", box_size, 1.0),
        ("particles", particles, 8),
        ("matter_cells", matter_cells, 1),
        ("mesh", mesh or particles, 8),
        ("steps", steps, 1),
    ):
        if not value >= least:
            raise InputError(f"{key}: {value} is too small; at least {least}")
    if particles % 2 or (mesh or 2) % 2:
        raise InputError(f"particles {particles} and mesh {mesh}: must be even")
    if not number_density > 0:
        raise InputError(f"number_density: {number_density} must be positive, per (Mpc/h)³")
    if not 0 <= redshift < 9:
        raise InputError(f"redshift: {redshift} must be at least 0 and below 9, where steps begin")
