"""Simulated universes: initial conditions once a realization, then cubes redshift by redshift."""

import os
from collections.abc import Sequence

import h5py
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.hdf5 import open_kind
from cosmodag.reionization.cubes.cubes_file import (
    CubesHeader,
    create_cubes,
    universe_name,
    universe_seed,
)
from cosmodag.reionization.simulation.engine import Engine, Universe
from cosmodag.reionization.simulation.excursion_set_engine import ExcursionSet
from cosmodag.reionization.simulation.fast21cm_engine import Fast21cm

ENGINES = {"excursion_set": ExcursionSet, "21cmfast": Fast21cm}


def draw_universes(
    output: str | os.PathLike,
    *,
    realizations: Sequence[int],
    engine: str,
    seed: int,
    box_size: float,
    cells: int,
    particles: int | None = None,
    threads: int = 1,
) -> None:
    """Write the initial conditions of realizations.

    Parameters
    ----------
    output
        HDF5 file of kind "initial".
    realizations
        Numbers of the realizations; a number stands for the same one whichever others are drawn.
    engine
        One of `ENGINES`.
    seed
        Seed that all realizations are derived from.
    box_size, cells, particles
        As in `Universe`; twice as many particles as cells a side by default.
    threads
        Threads to use.

    Raises
    ------
    InputError
        The engine is not installed, or numbers are impossible.
    """
    universe = Universe(float(box_size), cells, particles or 2 * cells)
    _check_universe(universe)
    simulator = _engine(engine, universe, threads)
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(
            kind="initial",
            engine=engine,
            seed=seed,
            realizations=list(realizations),
            box_size=universe.box_size,
            cells=universe.cells,
            particles=universe.particles,
        )
        for number in tqdm(realizations, desc="universes", unit="universe", disable=None):
            group = file.create_group(universe_name(seed, number))
            simulator.draw(group, universe_seed(seed, number))


def simulate_cubes(
    initial: str | os.PathLike,
    output: str | os.PathLike,
    *,
    redshift: float,
    escape_fractions: Sequence[float],
    axes: Sequence[int] = (2,),
    star_fraction: float = 0.05,
    turnover_mass: float = 5e8,
    mean_free_path: float = 50.0,
    threads: int = 1,
) -> None:
    """Simulate the cubes of all realizations of a file at one redshift.

    Parameters
    ----------
    initial
        File of `draw_universes`.
    output
        Cubes file to write (see `cubes_file`).
    redshift, escape_fractions, axes, star_fraction, turnover_mass, mean_free_path
        As in `reionization_engine.Engine.coeval`.
    threads
        Threads to use.

    Raises
    ------
    InputError
        The file cannot be used, the engine is not installed, or numbers are impossible.
    """
    escape_fractions = sorted(escape_fractions)
    _check_parameters(redshift, escape_fractions, axes)
    with open_kind(initial, "initial") as file:
        told = file.attrs
        universe = Universe(float(told["box_size"]), int(told["cells"]), int(told["particles"]))
        simulator = _engine(told["engine"], universe, threads)
        header = CubesHeader(
            redshift=float(redshift),
            box_size=universe.box_size,
            cells=universe.cells,
            realizations=tuple(int(number) for number in told["realizations"]),
            escape_fractions=tuple(float(value) for value in escape_fractions),
            axes=tuple(axes),
            hubble=simulator.cosmology.hubble,
            omega_m=simulator.cosmology.omega_m,
            engine=told["engine"],
            seed=int(told["seed"]),
        )
        with whole_file(output) as partial, h5py.File(partial, "w") as written:
            fields = create_cubes(written, header)
            names = tqdm(header.names, desc=f"z = {redshift:g}", unit="universe", disable=None)
            for place, name in enumerate(names):
                coeval = simulator.coeval(
                    file[name],
                    redshift,
                    escape_fractions,
                    axes,
                    star_fraction=star_fraction,
                    turnover_mass=turnover_mass,
                    mean_free_path=mean_free_path,
                )
                fields["density"][place] = coeval.density
                fields["neutral_fraction"][place] = coeval.neutral
                for number, cubes in enumerate(coeval.brightness):
                    fields["brightness_temperature"][place, number] = cubes


def _engine(name: str, universe: Universe, threads: int) -> Engine:
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is not known: choose from {', '.join(ENGINES)}")
    return ENGINES[name](universe, threads=threads)


def _check_universe(universe: Universe) -> None:
    """Refuse boxes that cannot be simulated."""
    for key, value, least in (
        ("box_size", universe.box_size, 1.0),
        ("cells", universe.cells, 8),
        ("particles", universe.particles, universe.cells),
    ):
        if not value >= least:
            raise InputError(f"{key}: {value} is too small; at least {least}")
    if universe.cells % 2 or universe.particles % 2:
        raise InputError(f"cells {universe.cells}, particles {universe.particles}: must be even")


def _check_parameters(
    redshift: float, escape_fractions: Sequence[float], axes: Sequence[int]
) -> None:
    """Refuse parameters that cannot be simulated."""
    if not 4 <= redshift <= 30:
        raise InputError(f"redshift: {redshift} must be 4 to 30, where hydrogen is ionized")
    for value in escape_fractions:
        if not 0 < value <= 1:
            raise InputError(f"escape_fractions: {value} must be above 0 and at most 1")
    if len(set(escape_fractions)) < len(escape_fractions) or not escape_fractions:
        raise InputError(f"escape_fractions: give different numbers, not {list(escape_fractions)}")
    if not axes or not set(axes) <= {0, 1, 2} or len(set(axes)) < len(axes):
        raise InputError(f"axes: give some of 0, 1 and 2, each once, not {list(axes)}")
