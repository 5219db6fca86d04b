"""Simulation of coeval cubes: initial conditions once per realization, then cubes per redshift."""

import os
from collections.abc import Callable, Mapping, Sequence

from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file, open_kind
from cosmodag.reionization.cubes.cubes_file import (
    CubesHeader,
    create_cubes,
    realization_name,
    realization_seed,
)
from cosmodag.reionization.simulation.engine import Astrophysics, Engine, SimulationBox
from cosmodag.reionization.simulation.excursion_set_engine import ExcursionSetEngine
from cosmodag.reionization.simulation.py21cmfast_engine import Py21cmFastEngine

ENGINES: Mapping[str, Callable[..., Engine]] = {
    "excursion_set": ExcursionSetEngine,
    "21cmfast": Py21cmFastEngine,
}
"""Simulators by the value of the configuration key `engine`."""


def draw_initial_conditions(
    output: str | os.PathLike,
    box: SimulationBox,
    *,
    realizations: Sequence[int],
    engine: str,
    seed: int,
    threads: int = 1,
) -> None:
    """Draw the initial conditions of realizations and write them to a file.

    Parameters
    ----------
    output : path
        HDF5 file of kind "initial" to write.
    box : SimulationBox
        Size and resolution of the box.
    realizations : sequence of int
        Indices of the realizations. The initial conditions of an index do not depend on the other
        indices.
    engine : str
        Name of the simulator, a key of `ENGINES`.
    seed : int
        Seed from which the seeds of all realizations are derived.
    threads : int
        Number of threads.

    Raises
    ------
    InputError
        If the box cannot be simulated, or if the engine is unknown or not installed.

    See Also
    --------
    simulate_cubes : Simulate cubes from the initial conditions; its example uses both functions.
    """
    _check_box(box)
    simulator = _create_engine(engine, box, threads)
    with create_file(output, "initial") as file:
        file.attrs.update(
            engine=engine,
            seed=seed,
            realizations=list(realizations),
            box_size=box.box_size,
            cells=box.cells,
            particles=box.particles,
        )
        progress = tqdm(realizations, desc="realizations", unit="realization", disable=None)
        for index in progress:
            group = file.create_group(realization_name(seed, index))
            simulator.draw_initial_conditions(group, realization_seed(seed, index))


def simulate_cubes(
    initial: str | os.PathLike,
    output: str | os.PathLike,
    *,
    redshift: float,
    escape_fractions: Sequence[float],
    axes: Sequence[int] = (2,),
    astrophysics: Astrophysics | None = None,
    threads: int = 1,
) -> None:
    """Simulate the cubes of all realizations of a file at one redshift.

    Parameters
    ----------
    initial : path
        Initial conditions written by `draw_initial_conditions`.
    output : path
        Cubes file to write, see `cubes_file`.
    redshift : float
        Redshift of the cubes, 4 to 30.
    escape_fractions : sequence of float
        Fractions of ionizing photons that escape from their galaxy, in haloes of 10^10 solar
        masses: above 0, at most 1.
    axes : sequence of int
        Lines of sight: axes from 0 to 2.
    astrophysics : Astrophysics, optional
        Properties of the sources and of the gas; by default those of `Astrophysics`.
    threads : int
        Number of threads.

    Raises
    ------
    InputError
        If a parameter is out of range, the file cannot be read, or the engine is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from cosmodag.reionization.cubes.cubes_file import CubesFile
    >>> box = SimulationBox(box_size=32.0, cells=16, particles=32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     initial, cubes = f"{folder}/initial.h5", f"{folder}/z8.h5"
    ...     draw_initial_conditions(initial, box, realizations=[0], engine="excursion_set", seed=1)
    ...     simulate_cubes(initial, cubes, redshift=8.0, escape_fractions=[0.1])
    ...     with CubesFile(cubes) as file:
    ...         print(file.header.names, file.read("density", 0).shape)
    ['s1-0000'] (16, 16, 16)
    """
    escape_fractions = sorted(escape_fractions)
    _check_parameters(redshift, escape_fractions, axes)
    with open_kind(initial, "initial") as file:
        attributes = file.attrs
        box = SimulationBox(
            float(attributes["box_size"]), int(attributes["cells"]), int(attributes["particles"])
        )
        simulator = _create_engine(attributes["engine"], box, threads)
        header = CubesHeader(
            redshift=float(redshift),
            box_size=box.box_size,
            cells=box.cells,
            realizations=tuple(int(index) for index in attributes["realizations"]),
            escape_fractions=tuple(float(value) for value in escape_fractions),
            axes=tuple(axes),
            hubble=simulator.cosmology.hubble,
            omega_m=simulator.cosmology.omega_m,
            engine=attributes["engine"],
            seed=int(attributes["seed"]),
        )
        with create_file(output, "cubes", inputs=[initial]) as cubes_file:
            datasets = create_cubes(cubes_file, header)
            names = tqdm(header.names, desc=f"z = {redshift:g}", unit="realization", disable=None)
            for s, name in enumerate(names):
                fields = simulator.simulate(
                    file[name], redshift, escape_fractions, axes, astrophysics or Astrophysics()
                )
                datasets["density"][s] = fields.density
                datasets["neutral_fraction"][s] = fields.neutral_fraction
                for f, cubes in enumerate(fields.brightness_temperature):
                    datasets["brightness_temperature"][s, f] = cubes


def _create_engine(name: str, box: SimulationBox, threads: int) -> Engine:
    """Return the simulator of a name."""
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is not known: choose from {', '.join(ENGINES)}")
    return ENGINES[name](box, threads=threads)


def _check_box(box: SimulationBox) -> None:
    """Raise an error for a box that cannot be simulated."""
    for key, value, minimum in (
        ("box_size", box.box_size, 1.0),
        ("cells", box.cells, 8),
        ("particles", box.particles, box.cells),
    ):
        if not value >= minimum:
            raise InputError(f"{key}: {value} is too small: it must be at least {minimum}")
    for key, value in (("cells", box.cells), ("particles", box.particles)):
        if value % 2:
            raise InputError(f"{key}: {value} is odd: it must be even")


def _check_parameters(
    redshift: float, escape_fractions: Sequence[float], axes: Sequence[int]
) -> None:
    """Raise an error for parameters that cannot be simulated."""
    if not 4 <= redshift <= 30:
        raise InputError(f"redshift: {redshift} is out of range: it must be 4 to 30")
    for value in escape_fractions:
        if not 0 < value <= 1:
            raise InputError(f"escape_fractions: {value} must be above 0 and at most 1")
    if not escape_fractions or len(set(escape_fractions)) < len(escape_fractions):
        raise InputError(
            f"escape_fractions: {list(escape_fractions)} must be a list of different values"
        )
    if not axes or not set(axes) <= {0, 1, 2} or len(set(axes)) < len(axes):
        raise InputError(f"axes: {list(axes)} must be some of 0, 1 and 2, each once")
