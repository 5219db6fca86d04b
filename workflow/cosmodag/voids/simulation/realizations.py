"""Simulated realizations of boxes: evolved matter, and the galaxies drawn from it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.cosmology.background import Cosmology
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.hdf5 import create_file
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.grids.grid_file import GridMetadata, write_grids
from cosmodag.voids.simulation.galaxy_bias import draw_galaxies
from cosmodag.voids.simulation.matter_evolution import simulate_matter
from cosmodag.voids.simulation.redshift_space import project_on_axis, project_on_sight
from cosmodag.voids.survey.selection_file import write_selection
from cosmodag.voids.survey.simulated_survey import BoxSelection, SimulatedSurvey


@dataclass(frozen=True, kw_only=True)
class BoxSimulation:
    """Settings of a simulation of matter and galaxies in periodic boxes.

    Parameters
    ----------
    box_size : float
        Side of the box in Mpc/h.
    particles : int
        Matter particles per side; an even number.
    number_density : float
        Galaxies per (Mpc/h)³.
    matter_cells : int
        Cells per side of the grid to which matter is assigned.
    seed : int
        Seed from which the seeds of all realizations are derived.
    mesh : int, optional
        Cells per side of the mesh of the gravitational force; as many as particles by default.
    steps : int
        Time steps from redshift 9.
    redshift : float
        Final redshift.
    cosmology : mapping from str to float or to sequence of float, shape (2,), optional
        Parameters of `cosmodag.cosmology.background.Cosmology` that differ from the defaults:
        either a value, or bounds of a uniform distribution from which each realization draws.
    occupation : mapping from str to float, optional
        `smoothing`, `threshold` and `power` of
        `cosmodag.voids.simulation.galaxy_bias.draw_galaxies`.
    redshift_space_axis : {0, 1, 2}, optional
        Line of sight along which peculiar velocities move galaxies; by default they are where they
        are. Matter stays in real space.
    survey : SimulatedSurvey, optional
        Survey by which the boxes are observed: galaxies are in redshift space along the line of
        sight of its observer, and thinned to its selection. The boxes of its galaxies are open.

    Raises
    ------
    InputError
        A setting is impossible.
    """

    box_size: float
    particles: int
    number_density: float
    matter_cells: int
    seed: int = 0
    mesh: int | None = None
    steps: int = 10
    redshift: float = 0.0
    cosmology: Mapping[str, float | Sequence[float]] | None = None
    occupation: Mapping[str, float] | None = None
    redshift_space_axis: int | None = None
    survey: SimulatedSurvey | None = None

    def __post_init__(self):
        for key, value, minimum in (
            ("box_size", self.box_size, 1.0),
            ("particles", self.particles, 8),
            ("matter_cells", self.matter_cells, 1),
            ("mesh", self.mesh or self.particles, 8),
            ("steps", self.steps, 1),
        ):
            if not value >= minimum:
                raise InputError(f"{key}: {value} is too small; at least {minimum}")
        if self.particles % 2 or (self.mesh or 2) % 2:
            raise InputError(f"particles {self.particles} and mesh {self.mesh}: must be even")
        if not self.number_density > 0:
            raise InputError(
                f"number_density: {self.number_density} must be positive, per (Mpc/h)³"
            )
        if not 0 <= self.redshift < 9:
            raise InputError(
                f"redshift: {self.redshift} must be at least 0 and below 9, where steps begin"
            )
        if self.survey is not None and self.redshift_space_axis is not None:
            raise InputError("redshift_space_axis: the survey has lines of sight; remove this key")


def simulate_boxes(
    galaxies_output: str | os.PathLike,
    matter_output: str | os.PathLike,
    simulation: BoxSimulation,
    *,
    source: str,
    realizations: Sequence[int],
    threads: int | None = None,
) -> None:
    """Simulate boxes, and write their galaxies and the grids of their matter.

    Parameters
    ----------
    galaxies_output : path-like
        Galaxies file to write, see `cosmodag.voids.catalogues.galaxies_file`. Attributes of each
        box are the parameters of its cosmology, its linear power spectrum today, `linear_power`
        (2, n), as wavenumbers in h/Mpc and power in (Mpc/h)³, its `redshift` and its `seed`.
    matter_output : path-like
        Grid file to write, with the number of matter particles per cell by cloud in cell.
    simulation : BoxSimulation
        Settings of the simulation.
    source : str
        Name of the source; realization 3 belongs to the group "<source>/r0003".
    realizations : sequence of int
        Numbers of the realizations. A realization does not depend on which others are simulated.
    threads : int, optional
        Threads to use; numba's number of threads by default.

    Raises
    ------
    InputError
        A realization or a cosmological parameter is impossible; nothing is written then.
    """
    if not realizations or len(set(realizations)) < len(realizations):
        raise InputError(f"realizations: give different numbers, not {list(realizations)}")
    boxes = [_Realization.draw(simulation, source, number) for number in realizations]
    metadata = GridMetadata(
        box_size=(simulation.box_size,) * 3,
        method="cic",
        periodic=True,
        source=source,
        boxes=[box.name for box in boxes],
        groups=[box.group for box in boxes],
        omega_m=[box.cosmology.omega_m for box in boxes],
        sigma8=[box.cosmology.sigma8 for box in boxes],
        seeds=[box.seed for box in boxes],
    )
    inputs = [] if simulation.survey is None else simulation.survey.files
    with create_file(galaxies_output, "galaxies", inputs=inputs) as file:
        start_galaxies(file, source)
        grids = _simulate(file, boxes, simulation, threads)
        write_grids(matter_output, grids, metadata, shape=(simulation.matter_cells,) * 3)


@dataclass(frozen=True)
class _Realization:
    """Name, group, seed and cosmology of one box."""

    name: str
    group: str
    seed: int
    cosmology: Cosmology

    @classmethod
    def draw(cls, simulation: BoxSimulation, source: str, number: int) -> "_Realization":
        """Draw the seed and the cosmology of a realization."""
        rng = np.random.default_rng([simulation.seed, number])
        seed = int(rng.integers(2**62))
        allowed = Cosmology.__dataclass_fields__
        values = {}
        for key, value in sorted((simulation.cosmology or {}).items()):
            if key not in allowed:
                raise InputError(f"cosmology: '{key}' is unknown; allowed: {', '.join(allowed)}")
            bounds = np.atleast_1d(np.asarray(value, float))
            if len(bounds) > 2 or not (bounds > 0).all() or bounds[0] > bounds[-1]:
                raise InputError(
                    f"cosmology: {key} is {value}: give a positive number or [lower, upper]"
                )
            values[key] = float(rng.uniform(bounds[0], bounds[-1]))
        name = f"r{number:04d}"
        return cls(name, f"{source}/{name}", seed, Cosmology(**values))


def _simulate(
    file: h5py.File,
    boxes: Sequence[_Realization],
    simulation: BoxSimulation,
    threads: int | None,
) -> Iterator[tuple[np.ndarray, int]]:
    """Simulate box after box: write its galaxies, yield its matter grid and particle count."""
    box_size, matter_cells = simulation.box_size, simulation.matter_cells
    density, survey = simulation.number_density, simulation.survey
    placed = None if survey is None else survey.place(box_size, density)
    for box in tqdm(boxes, desc="boxes", unit="box", disable=None):
        matter, displacement = simulate_matter(
            box.cosmology,
            seed=box.seed,
            box_size=box_size,
            particles=simulation.particles,
            mesh=simulation.mesh,
            steps=simulation.steps,
            redshift=simulation.redshift,
            threads=threads,
        )
        moved = _project(simulation.redshift_space_axis, placed, matter, displacement)
        galaxies = draw_galaxies(
            matter,
            displacement=displacement if moved else None,
            box_size=box_size,
            number_density=density if placed is None else placed.highest_density,
            seed=box.seed + 1,
            threads=threads,
            **(simulation.occupation or {}),
        )
        if placed is not None:
            galaxies = placed.observe(galaxies, np.random.default_rng(box.seed + 2))
        group = start_box(
            file,
            box.name,
            box_size=(box_size,) * 3,
            origin=(0.0,) * 3,
            periodic=placed is None,
            group=box.group,
            attributes=asdict(box.cosmology)
            | {"linear_power": np.array(matter_power_spectrum(box.cosmology))}
            | {"redshift": simulation.redshift, "seed": box.seed},
        )
        if placed is not None:
            write_selection(group, placed)
        append(group, galaxies)
        grid = np.zeros((matter_cells,) * 3, np.float32)
        yield (
            assign_mass(matter, grid, box_size, method="cic", threads=threads),
            len(matter),
        )


def _project(
    axis: int | None, placed: BoxSelection | None, matter: np.ndarray, displacement: np.ndarray
) -> bool:
    """Keep the displacements along the line of sight; return whether there is one."""
    if placed is not None:
        project_on_sight(displacement, matter, -placed.corner)
    elif axis is not None:
        project_on_axis(displacement, axis)
    return placed is not None or axis is not None
