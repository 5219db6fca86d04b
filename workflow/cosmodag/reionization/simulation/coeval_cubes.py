"""Simulation of coeval cubes: initial conditions once per realization, then cubes per redshift."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence

from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file, open_kind
from cosmodag.reionization.cubes.cubes_file import (
    CubesHeader,
    create_cubes,
)
from cosmodag.reionization.cubes.realizations import realization_name, realization_seed
from cosmodag.reionization.simulation.engine import Astrophysics, Engine, SimulationBox
from cosmodag.reionization.simulation.excursion_set_engine import ExcursionSetEngine
from cosmodag.reionization.simulation.priors import Priors
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
    redshift: float | None = None,
    escape_fractions: Sequence[float] | None = None,
    axes: Sequence[int] = (2,),
    astrophysics: Astrophysics | None = None,
    priors: Priors | None = None,
    draw: int = 0,
    threads: int = 1,
) -> None:
    """Simulate the cubes of all realizations of a file, at one redshift or each at its own.

    Parameters
    ----------
    initial : path
        Initial conditions written by `draw_initial_conditions`.
    output : path
        Cubes file to write, see `cubes_file`.
    redshift : float, optional
        Redshift of the cubes, 4 to 30; given unless `priors` has a range of it.
    escape_fractions : sequence of float, optional
        Fractions of ionizing photons that escape from their galaxy, in haloes of 10^10 solar
        masses: above 0, at most 1. Given unless `priors` has a range of the escape fraction.
    axes : sequence of int
        Lines of sight: axes from 0 to 2.
    astrophysics : Astrophysics, optional
        Properties of the sources and of the gas; by default those of `Astrophysics`.
    priors : Priors, optional
        Ranges from which each realization draws parameters, in place of the values above. The
        values of a realization depend on the seed of the file, its index and `draw` alone.
    draw : int
        Number of the draw. Files of different redshifts with the same number have the same
        parameters.
    threads : int
        Number of threads.

    Raises
    ------
    InputError
        If a parameter is out of range, missing or given twice, the file cannot be read, or the
        engine is not installed.

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
    priors = priors or Priors()
    _check_axes(axes)
    _check_redshifts(priors.ranges.get("redshift"), redshift)
    _check_escape_fractions(priors.ranges.get("escape_fraction"), escape_fractions)
    with open_kind(initial, "initial") as file:
        attributes = file.attrs
        box = SimulationBox(
            float(attributes["box_size"]), int(attributes["cells"]), int(attributes["particles"])
        )
        simulator = _create_engine(attributes["engine"], box, threads)
        seed, realizations = int(attributes["seed"]), attributes["realizations"]
        if attributes["engine"] == "21cmfast" and "clumping_factor" in priors.ranges:
            raise InputError(
                "clumping_factor: 21cmFAST is run without recombinations: give no range, or choose "
                "the engine excursion_set"
            )
        drawn = [priors.draw(seed, int(index), draw) for index in realizations]
        header = CubesHeader(
            redshift=float(redshift or 0),
            box_size=box.box_size,
            cells=box.cells,
            realizations=tuple(int(index) for index in realizations),
            escape_fractions=tuple(float(value) for value in sorted(escape_fractions or [0])),
            axes=tuple(axes),
            hubble=simulator.cosmology.hubble,
            omega_m=simulator.cosmology.omega_m,
            engine=attributes["engine"],
            seed=seed,
            drawn=tuple(priors.names),
            log_drawn=tuple(priors.logarithms),
            drawn_values=tuple(value for values in drawn for value in values.values()),
            draw=draw,
        )
        with create_file(output, "cubes", inputs=[initial]) as cubes_file:
            datasets = create_cubes(cubes_file, header)
            progress = f"draw {draw}" if redshift is None else f"z = {redshift:g}"
            names = tqdm(header.names, desc=progress, unit="realization", disable=None)
            for s, name in enumerate(names):
                values = header.parameters(s)
                fields = simulator.simulate(
                    file[name],
                    values.pop("redshift", header.redshift),
                    [values.pop("escape_fraction")]
                    if "escape_fraction" in values
                    else header.escape_fractions,
                    axes,
                    dataclasses.replace(astrophysics or Astrophysics(), **values),
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


def _check_redshifts(ends: Sequence[float] | None, redshift: float | None) -> None:
    """Raise an error unless there is a redshift, or a range of it, that can be simulated."""
    values = [*(ends or ()), *([] if redshift is None else [redshift])]
    if (ends is None) == (redshift is None):
        raise InputError("redshift: give one value, or one range [low, high]")
    for value in values:
        if not 4 <= value <= 30:
            raise InputError(f"redshift: {value} is out of range: it must be 4 to 30")


def _check_escape_fractions(ends: Sequence[float] | None, values: Sequence[float] | None) -> None:
    """Raise an error unless there are escape fractions, or a range, that can be simulated."""
    if (ends is None) == (values is None):
        raise InputError("escape_fractions: give a list of values, or a range of escape_fraction")
    for value in ends or values or ():
        if not 0 < value <= 1:
            raise InputError(f"escape_fractions: {value} must be above 0 and at most 1")
    if values is not None and (not values or len(set(values)) < len(values)):
        raise InputError(f"escape_fractions: {list(values)} must be a list of different values")


def _check_axes(axes: Sequence[int]) -> None:
    """Raise an error for axes that are none, or not each given once."""
    if not axes or not set(axes) <= {0, 1, 2} or len(set(axes)) < len(axes):
        raise InputError(f"axes: {list(axes)} must be some of 0, 1 and 2, each once")
