"""Conversion of a folder of published cubes to a cubes file."""

import dataclasses
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.file_patterns import files_below
from cosmodag.hdf5 import create_file
from cosmodag.reionization.cubes.coeval_files import (
    FIELD_BY_DATASET,
    describe_coeval_file,
    read_coeval_cube,
)
from cosmodag.reionization.cubes.cube_file_names import (
    FIELD_BY_PREFIX,
    CubeDescription,
    parse_file_name,
)
from cosmodag.reionization.cubes.cube_partners import check_partners
from cosmodag.reionization.cubes.cube_selection import (
    CubesByField,
    check_complete,
    select_cubes,
)
from cosmodag.reionization.cubes.cubes_file import (
    FIELDS,
    NO_AXIS,
    CubesHeader,
    create_cubes,
    keep_first_cubes,
)
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube
from cosmodag.rejections import MAX_REJECTED, Rejections, rejections_path

NEUTRAL_FRACTION_TOLERANCE = 0.01
"""Largest difference between the mean of a cube and the neutral fraction in its file name."""

logger = logging.getLogger(__name__)


def read_folder(
    folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    redshift: float,
    cells: int,
    box_size: float,
    escape_fraction: float | None = None,
    hubble: float = 0.6766,
    omega_m: float = 0.3111,
    max_rejected: float = MAX_REJECTED,
) -> None:
    """Read all cubes of one redshift from a folder and write them to a cubes file.

    The cubes may be raw cubes or coeval boxes of 21cmFAST 4.

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
        Escape fraction of the cubes for which neither a file name nor a folder states it.
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
    cubes_by_realization = select_cubes(
        folder,
        describe_folder(folder, rejections),
        redshift,
        cells,
        box_size,
        escape_fraction,
        rejections,
    )
    check_complete(folder, redshift, cubes_by_realization)
    realizations = sorted({realization for realization, _ in cubes_by_realization})
    escape_fractions = sorted({escape_fraction for _, escape_fraction in cubes_by_realization})
    axes = {c["brightness_temperature"].line_of_sight for c in cubes_by_realization.values()}
    if len(axes) > 1:
        raise InputError(
            f"{folder}: some cubes have redshift-space distortions (delta_T_v…) and others have "
            "none: keep one kind"
        )
    (axis,) = axes
    header = CubesHeader(
        redshift=float(redshift),
        box_size=float(box_size),
        cells=cells,
        realizations=tuple(realizations),
        escape_fractions=tuple(escape_fractions),
        axes=(NO_AXIS if axis is None else axis,),
        hubble=hubble,
        omega_m=omega_m,
        engine="files",
    )
    has_neutral_fraction = all("neutral_fraction" in c for c in cubes_by_realization.values())
    paths = [cube.path for cubes in cubes_by_realization.values() for cube in cubes.values()]
    with create_file(
        output, "cubes", inputs=sorted(set(paths)), files=[rejections_path(output)]
    ) as file:
        datasets = create_cubes(file, header, FIELDS if has_neutral_fraction else FIELDS[:2])
        usable: list[int] = []
        for realization in realizations:
            try:
                for f, fraction in enumerate(escape_fractions):
                    _write_cubes(
                        datasets,
                        len(usable),
                        f,
                        cubes_by_realization[realization, fraction],
                        header,
                    )
            except InputError as error:
                rejections.add(folder, f"realization {realization}", str(error))
            else:
                usable.append(realization)
        rejections.check(folder, len(realizations), "repair or remove its cubes")
        if len(usable) < len(realizations):
            keep_first_cubes(file, dataclasses.replace(header, realizations=tuple(usable)))
        rejections.record(file.attrs)
        rejections.write(output)


def _write_cubes(
    datasets: Mapping[str, h5py.Dataset], s: int, f: int, cubes: CubesByField, header: CubesHeader
) -> None:
    """Read the cubes of a realization and an escape fraction, and write them at their place."""
    values = {
        field: read_cube(cube) for field, cube in cubes.items() if field != "density" or f == 0
    }
    for field, cube in values.items():
        index = {"density": (s,), "neutral_fraction": (s, f)}.get(field, (s, f, 0))
        datasets[field][index] = cube
    density = values["density"] if f == 0 else datasets["density"][s]
    check_partners(
        cubes["brightness_temperature"], values["brightness_temperature"], density, header
    )


def describe_folder(
    folder: str | os.PathLike, rejections: Rejections | None = None
) -> list[CubeDescription]:
    """Return the metadata of all cubes in a folder and its subfolders.

    Parameters
    ----------
    folder : path
        Folder, searched recursively, also in linked folders.
    rejections : Rejections, optional
        Gets files that look like cubes but are none, without counting them; by default, those of
        21cmFAST 4 that cannot be read are an error.

    Returns
    -------
    list of CubeDescription
        In the order of their paths.

    Raises
    ------
    InputError
        If there is no such folder, or if a file of 21cmFAST 4 cannot be read.
    """
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: there is no such folder: give the folder of the cubes")
    cubes = []
    for path in sorted(map(Path, files_below(folder, "give the folder of the cubes"))):
        reason = None
        if path.suffix in (".h5", ".hdf5"):
            try:
                found = describe_coeval_file(path)
                reason = None if found else f"no coeval box: none of {', '.join(FIELD_BY_DATASET)}"
                cubes += found
            except InputError as error:
                if rejections is None:
                    raise
                reason = str(error)
        elif (cube := parse_file_name(path)) is not None:
            cubes.append(cube)
        elif path.name.startswith(tuple(FIELD_BY_PREFIX)) or path.suffix in (".npy", ".npz"):
            reason = (
                "no cube by its name, which needs _z<redshift> and _<cells>_<side>Mpc at its end"
            )
        if reason is not None and rejections is not None:
            rejections.add(path, "", reason, 0)
    return cubes


def read_cube(cube: CubeDescription) -> np.ndarray:
    """Read one cube and compare its values with its file name.

    Parameters
    ----------
    cube : CubeDescription
        Metadata of the cube.

    Returns
    -------
    numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK, density contrast or neutral fraction.

    Raises
    ------
    InputError
        If the cube cannot be read or contradicts its file name.
    """
    if cube.dataset is not None:
        return read_coeval_cube(cube)
    values = read_raw_cube(cube.path, cube.field, cells=cube.cells)
    mean, expected = float(values.mean(dtype=np.float64)), cube.neutral_fraction
    if cube.field == "neutral_fraction" and expected is not None:
        if abs(mean - expected) > NEUTRAL_FRACTION_TOLERANCE:
            raise InputError(
                f"{cube.path}: its mean neutral fraction is {mean:.4f}, but its name says "
                f"{expected:.4f}: rename the file or copy it again"
            )
    elif not values.any():
        if cube.field == "density" or (expected or 0) > NEUTRAL_FRACTION_TOLERANCE:
            state = "" if expected is None else f" for a neutral fraction of {expected:g}"
            raise InputError(
                f"{cube.path}: {cube.field} is 0 everywhere, which is impossible{state}: copy the "
                "file again"
            )
        logger.warning(
            "%s: 0 everywhere, so the box is fully ionized; its slices are flagged", cube.path
        )
    return values
