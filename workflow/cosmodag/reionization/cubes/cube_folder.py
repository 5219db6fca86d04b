"""Conversion of a folder of published cubes to a cubes file."""

import dataclasses
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.cube_files import describe_folder, read_cube
from cosmodag.reionization.cubes.cube_partners import check_temperature
from cosmodag.reionization.cubes.cube_selection import CubesByField, check_complete, select_cubes
from cosmodag.reionization.cubes.cubes_file import (
    FIELDS,
    NO_AXIS,
    CubesHeader,
    Universe,
    create_cubes,
    keep_first_cubes,
)
from cosmodag.reionization.cubes.listed_cubes import listed_cubes
from cosmodag.rejections import MAX_REJECTED, Rejections, rejections_path

logger = logging.getLogger(__name__)


def read_folder(
    folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    redshift: float,
    cells: int,
    box_size: float,
    escape_fraction: float | None = None,
    table: str | os.PathLike | None = None,
    unit: str = "mK",
    order: Literal["C", "F"] = "C",
    hubble: float = 0.6766,
    omega_m: float = 0.3111,
    max_rejected: float = MAX_REJECTED,
) -> None:
    """Read all cubes of one redshift from a folder and write them to a cubes file.

    The cubes may be raw cubes, arrays of NumPy, or coeval boxes of 21cmFAST 3 and 4, with their
    names, or any arrays that a table lists. Density and neutral fraction are optional, but all or
    none must have them.

    Parameters
    ----------
    folder : path
        Folder, searched recursively, also in linked folders.
    output : path
        Cubes file to write, see `cubes_file`.
    redshift : float
        Redshift of the cubes to read.
    cells : int
        Cells per side that all file names and headers must state.
    box_size : float
        Side of the box in Mpc that all file names and headers must state.
    escape_fraction : float, optional
        Escape fraction of the cubes for which neither a file name, nor a folder, nor a table
        states it.
    table : path, optional
        Table that lists the cubes, see `listed_cubes`; by default, names of files describe them.
    unit : {"mK", "K"}
        Unit of the brightness temperature of all cubes.
    order : {"C", "F"}
        Order of raw numbers in files that a table lists, unless they are records of Fortran.
    hubble : float
        Hubble constant h of the cosmology of the cubes.
    omega_m : float
        Matter density of the cosmology of the cubes.
    max_rejected : float
        Largest fraction of the realizations that may be left out because a cube cannot be used.
        They are listed in a table beside the output, see `cosmodag.rejections`.

    Raises
    ------
    InputError
        If a cube is missing or inconsistent with the parameters, or if too many cubes are damaged
        or inconsistent with their file names.
    """
    rejections = Rejections("realizations", max_rejected)
    stated = redshift, cells, box_size, escape_fraction
    if table is None:
        cubes_by_universe = select_cubes(
            folder, describe_folder(folder, rejections), *stated, rejections
        )
    else:
        cubes_by_universe = listed_cubes(folder, table, *stated)
    check_complete(folder, redshift, cubes_by_universe)
    universes = sorted({universe for universe, _ in cubes_by_universe})
    escape_fractions = sorted({escape_fraction for _, escape_fraction in cubes_by_universe})
    axes = {c["brightness_temperature"].line_of_sight for c in cubes_by_universe.values()}
    if len(axes) > 1:
        raise InputError(
            f"{folder}: the redshift-space distortions of its cubes (delta_T_v…, distorted_axis) "
            "are along different axes, or some have none: keep one kind"
        )
    (axis,) = axes
    header = CubesHeader(
        redshift=float(redshift),
        box_size=float(box_size),
        cells=cells,
        realizations=(),
        escape_fractions=tuple(escape_fractions),
        axes=(NO_AXIS if axis is None else axis,),
        hubble=hubble,
        omega_m=omega_m,
        engine="files",
    )
    header = _with_universes(header, universes)
    first = next(iter(cubes_by_universe.values()))
    if "density" not in first:
        logger.info("%s: no density, so only its brightness temperature can be used", folder)
    paths = [cube.path for cubes in cubes_by_universe.values() for cube in cubes.values()]
    paths = [path for path in paths if path.is_file()]  # a missing one rejects its universe
    if table is not None:
        paths.append(Path(table))
    with create_file(
        output, "cubes", inputs=sorted(set(paths)), files=[rejections_path(output)]
    ) as file:
        datasets = create_cubes(file, header, tuple(filter(first.__contains__, FIELDS)))
        usable: list[Universe] = []
        for universe in universes:
            try:
                for f, fraction in enumerate(escape_fractions):
                    _write_cubes(
                        datasets,
                        len(usable),
                        f,
                        cubes_by_universe[universe, fraction],
                        header,
                        partial(read_cube, unit=unit, order=order),
                    )
            except InputError as error:
                rejections.add(folder, str(universe), str(error))
            else:
                usable.append(universe)
        rejections.check(folder, len(universes), "repair or remove its cubes")
        if len(usable) < len(universes):
            keep_first_cubes(file, _with_universes(header, usable))
        rejections.record(file.attrs)
        rejections.write(output)


def _write_cubes(
    datasets: Mapping[str, h5py.Dataset],
    s: int,
    f: int,
    cubes: CubesByField,
    header: CubesHeader,
    read: Callable[[CubeDescription], np.ndarray],
) -> None:
    """Read the cubes of a universe and an escape fraction, and write them at their place."""
    values = {field: read(cube) for field, cube in cubes.items() if field != "density" or f == 0}
    for field, cube in values.items():
        index = {"density": (s,), "neutral_fraction": (s, f)}.get(field, (s, f, 0))
        datasets[field][index] = cube
    density = values.get("density")
    if density is None and "density" in cubes:
        density = datasets["density"][s]
    check_temperature(
        cubes["brightness_temperature"],
        values["brightness_temperature"],
        header,
        density=density,
        neutral_fraction=values.get("neutral_fraction"),
    )


def _with_universes(header: CubesHeader, universes: Sequence[Universe]) -> CubesHeader:
    """Return a header with other universes."""
    realizations, variants = zip(*universes)
    return dataclasses.replace(
        header, realizations=realizations, variants=variants if any(variants) else ()
    )
