"""A folder of published cubes, brought into the form that simulated ones have."""

import dataclasses
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.reionization.cubes.coeval_files import describe_coeval, read_coeval_cube
from cosmodag.reionization.cubes.cube_names import CubeDescription, parse_name
from cosmodag.reionization.cubes.cubes_file import FIELDS, NO_AXIS, CubesHeader, create_cubes
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube

SAME_REDSHIFT = 0.005
SAME_NEUTRAL_FRACTION = 0.01
"""Most by which a mean may differ from the neutral fraction that a name gives."""

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
) -> None:
    """Read all cubes of a redshift, raw ones or boxes of 21cmFAST 4, into a cubes file.

    Parameters
    ----------
    folder
        Is searched with all folders below it.
    output
        Cubes file to write (see `cubes_file`).
    redshift
        Of the cubes.
    cells, box_size
        Cells a side, and the side in Mpc, that names and files must agree with.
    escape_fraction
        Of cubes of which neither name nor folder tells it.
    hubble, omega_m
        Cosmology of the cubes.

    Raises
    ------
    InputError
        A cube is missing, damaged, or disagrees with its name or the settings.
    """
    cubes = describe_folder(folder)
    found = [cube for cube in cubes if abs(cube.redshift - redshift) < SAME_REDSHIFT]
    if not found:
        known = sorted({cube.redshift for cube in cubes})
        raise InputError(
            f"{folder}: no cube of redshift {redshift:g}; there are "
            f"{', '.join(f'{z:g}' for z in known) or 'none of any'}: change the key redshifts"
        )
    for cube in found:
        _check_size(cube, cells, box_size)
    universes = _paired(found, escape_fraction)
    if not universes:
        raise InputError(
            f"{folder}: no cube of brightness temperature (delta_T_…) at redshift {redshift:g}, "
            f"just {', '.join(sorted({cube.field for cube in found}))}: add it"
        )
    realizations = sorted({realization for realization, _ in universes})
    escapes = sorted({escape for _, escape in universes})
    for realization in realizations:
        for escape in escapes:
            if (realization, escape) not in universes:
                raise InputError(
                    f"{folder}: realization {realization} has no cube of escape fraction "
                    f"{escape:g} at redshift {redshift:g}, which others have: add it or take a "
                    "folder without"
                )
    with_neutral = ["neutral_fraction" in each for each in universes.values()]
    if any(with_neutral) and not all(with_neutral):
        lacking = next(each for each in universes.values() if "neutral_fraction" not in each)
        raise _no_partner(lacking["brightness_temperature"], "xH")
    axes = {each["brightness_temperature"].line_of_sight for each in universes.values()}
    if len(axes) > 1:
        raise InputError(f"{folder}: cubes with velocities beside some without: keep one kind")
    (axis,) = axes
    header = CubesHeader(
        redshift=float(redshift),
        box_size=float(box_size),
        cells=cells,
        realizations=tuple(realizations),
        escape_fractions=tuple(escapes),
        axes=(NO_AXIS if axis is None else axis,),
        hubble=hubble,
        omega_m=omega_m,
        engine="files",
    )
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        held = FIELDS if all(with_neutral) else FIELDS[:2]
        datasets = create_cubes(file, header, held)
        for s, realization in enumerate(realizations):
            for f, escape in enumerate(escapes):
                for field, cube in universes[realization, escape].items():
                    place = {"density": (s,), "neutral_fraction": (s, f)}.get(field, (s, f, 0))
                    if field != "density" or f == 0:
                        datasets[field][place] = read_cube(cube)


def describe_folder(folder: str | os.PathLike) -> list[CubeDescription]:
    """Tell what cubes a folder and those below it hold, in the order of their paths.

    Raises
    ------
    InputError
        There is no such folder, or a file of 21cmFAST 4 cannot be read.
    """
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: there is no such folder; give the folder of the cubes")
    cubes = []
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        if path.suffix in (".h5", ".hdf5"):
            cubes += describe_coeval(path)
        elif (cube := parse_name(path)) is not None:
            cubes.append(cube)
    return cubes


def read_cube(cube: CubeDescription) -> np.ndarray:
    """Read one cube and compare it with what its name says.

    Returns
    -------
    (n, n, n) float32
    """
    if cube.dataset is not None:
        return read_coeval_cube(cube)
    values = read_raw_cube(cube.path, cube.field, cells=cube.cells)
    mean, told = float(values.mean(dtype=np.float64)), cube.neutral_fraction
    if cube.field == "neutral_fraction" and told is not None:
        if abs(mean - told) > SAME_NEUTRAL_FRACTION:
            raise InputError(
                f"{cube.path}: its mean neutral fraction is {mean:.4f} where its name says "
                f"{told:.4f}: rename it or fetch it anew"
            )
    elif not values.any():
        if cube.field == "density" or (told or 0) > SAME_NEUTRAL_FRACTION:
            raise InputError(
                f"{cube.path}: {cube.field} is 0 everywhere, which it cannot be"
                f"{'' if told is None else f' at a neutral fraction of {told:g}'}: fetch it anew"
            )
        logger.warning("%s: 0 everywhere, so all is ionized; its slices are flagged", cube.path)
    return values


def _check_size(cube: CubeDescription, cells: int, box_size: float) -> None:
    for key, told, wanted in (("cells", cube.cells, cells), ("box_size", cube.box_size, box_size)):
        if told != wanted:
            raise InputError(
                f"{cube.path}: its name or header says {told:g} where the key {key} is {wanted:g}: "
                "change the key or rename the file"
            )


def _paired(
    cubes: Sequence[CubeDescription], assumed: float | None
) -> dict[tuple[int, float], dict[str, CubeDescription]]:
    """Cubes of each realization and escape fraction, by field."""
    universes = {}
    for cube in cubes:
        if cube.field != "brightness_temperature":
            continue
        escape = cube.escape_fraction
        beside = [c for c in cubes if c.path.parent == cube.path.parent]
        if escape is None:  # an xH cube of the same folder may tell
            told = {c.escape_fraction for c in beside if c.escape_fraction is not None}
            escape = told.pop() if len(told) == 1 else assumed
        if escape is None:
            raise InputError(
                f"{cube.path}: the escape fraction stands neither in its name nor in a folder's "
                "(ESC_FRAC_…) nor in that of one xH cube beside it: give the key escape_fraction"
            )
        key = cube.realization or 0, escape
        before = universes.get(key, {}).get("brightness_temperature")
        if before is not None and cube.line_of_sight is None:
            continue  # of two, the one with velocities
        universes[key] = {
            "brightness_temperature": dataclasses.replace(cube, escape_fraction=escape)
        }
    for (realization, escape), fields in universes.items():
        own = fields["brightness_temperature"]
        alike = [c for c in cubes if (c.realization or 0) == realization]
        fields["density"] = _partner(own, "density", alike, escape)
        neutral = _partner(own, "neutral_fraction", alike, escape, needed=False)
        if neutral is not None:
            fields["neutral_fraction"] = neutral
    return universes


def _partner(
    cube: CubeDescription,
    field: str,
    others: Iterable[CubeDescription],
    escape: float,
    *,
    needed: bool = True,
) -> CubeDescription | None:
    """The cube of a field in the same folder, or one of the same universe elsewhere."""
    others = [other for other in others if other.field == field]
    here = [other for other in others if other.path.parent == cube.path.parent]
    same = [other for other in here if other.escape_fraction in (escape, None)]
    same += [other for other in others if other.escape_fraction == escape]
    if field == "density":  # matter does not know of escape fractions
        same += others
    if not same and needed:
        raise _no_partner(cube, "updated_smoothed_deltax")
    return same[0] if same else None


def _no_partner(cube: CubeDescription, beginning: str) -> InputError:
    return InputError(
        f"{cube.path}: has no partner {beginning}_z{cube.redshift:06.2f}_…_{cube.cells}_"
        f"{cube.box_size:g}Mpc in its folder or another of its universe: add it"
    )
