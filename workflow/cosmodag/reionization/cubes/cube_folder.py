"""Conversion of a folder of published cubes to a cubes file."""

import dataclasses
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.reionization.cubes.coeval_files import describe_coeval_file, read_coeval_cube
from cosmodag.reionization.cubes.cube_file_names import CubeDescription, parse_file_name
from cosmodag.reionization.cubes.cubes_file import FIELDS, NO_AXIS, CubesHeader, create_cubes
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube

REDSHIFT_TOLERANCE = 0.005
NEUTRAL_FRACTION_TOLERANCE = 0.01
"""Largest difference between the mean of a cube and the neutral fraction in its file name."""

CubesByField = dict[str, CubeDescription]

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
    """Read all cubes of one redshift from a folder and write them to a cubes file.

    The cubes may be raw cubes or coeval boxes of 21cmFAST 4.

    Parameters
    ----------
    folder : path
        Folder, searched recursively.
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

    Raises
    ------
    InputError
        If a cube is missing, damaged, or inconsistent with its file name or the parameters.
    """
    cubes_by_realization = _select_cubes(folder, redshift, cells, box_size, escape_fraction)
    _check_complete(folder, redshift, cubes_by_realization)
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
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        datasets = create_cubes(file, header, FIELDS if has_neutral_fraction else FIELDS[:2])
        for s, realization in enumerate(realizations):
            for f, fraction in enumerate(escape_fractions):
                for field, cube in cubes_by_realization[realization, fraction].items():
                    index = {"density": (s,), "neutral_fraction": (s, f)}.get(field, (s, f, 0))
                    if field != "density" or f == 0:
                        datasets[field][index] = read_cube(cube)


def describe_folder(folder: str | os.PathLike) -> list[CubeDescription]:
    """Return the metadata of all cubes in a folder and its subfolders.

    Parameters
    ----------
    folder : path
        Folder, searched recursively.

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
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        if path.suffix in (".h5", ".hdf5"):
            cubes += describe_coeval_file(path)
        elif (cube := parse_file_name(path)) is not None:
            cubes.append(cube)
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


def _select_cubes(
    folder: str | os.PathLike,
    redshift: float,
    cells: int,
    box_size: float,
    escape_fraction: float | None,
) -> dict[tuple[int, float], CubesByField]:
    """Return the cubes of one redshift by realization and escape fraction, then by field."""
    all_cubes = describe_folder(folder)
    cubes = [cube for cube in all_cubes if abs(cube.redshift - redshift) < REDSHIFT_TOLERANCE]
    if not cubes:
        redshifts = sorted({cube.redshift for cube in all_cubes})
        raise InputError(
            f"{folder}: no cube of redshift {redshift:g}; there are "
            f"{', '.join(f'{z:g}' for z in redshifts) or 'none of any'}: change the key redshifts"
        )
    for cube in cubes:
        _check_size(cube, cells, box_size)
    cubes_by_realization = _group_by_realization(cubes, escape_fraction)
    if not cubes_by_realization:
        raise InputError(
            f"{folder}: no cube of brightness temperature (delta_T_…) at redshift {redshift:g}, "
            f"only {', '.join(sorted({cube.field for cube in cubes}))}: add it"
        )
    return cubes_by_realization


def _check_size(cube: CubeDescription, cells: int, box_size: float) -> None:
    """Raise an error for a cube of another size than the configuration states."""
    for key, value, expected in (
        ("cells", cube.cells, cells),
        ("box_size", cube.box_size, box_size),
    ):
        if value != expected:
            raise InputError(
                f"{cube.path}: its name or header states {key} {value:g}, but the configuration "
                f"states {expected:g}: change the key {key} or rename the file"
            )


def _check_complete(
    folder: str | os.PathLike,
    redshift: float,
    cubes_by_realization: dict[tuple[int, float], CubesByField],
) -> None:
    """Raise an error unless all realizations have the same escape fractions and fields."""
    for realization in sorted({realization for realization, _ in cubes_by_realization}):
        for escape_fraction in sorted({fraction for _, fraction in cubes_by_realization}):
            if (realization, escape_fraction) not in cubes_by_realization:
                raise InputError(
                    f"{folder}: realization {realization} has no cube of escape fraction "
                    f"{escape_fraction:g} at redshift {redshift:g}, but others have: add it, or "
                    "use a folder without that escape fraction"
                )
    with_xh = [cubes for cubes in cubes_by_realization.values() if "neutral_fraction" in cubes]
    without = [cubes for cubes in cubes_by_realization.values() if "neutral_fraction" not in cubes]
    if with_xh and without:
        raise _missing_partner_error(without[0]["brightness_temperature"], "xH")


def _group_by_realization(
    cubes: Sequence[CubeDescription], default_escape_fraction: float | None
) -> dict[tuple[int, float], CubesByField]:
    """Return the cubes of each realization and escape fraction by field."""
    groups: dict[tuple[int, float], CubesByField] = {}
    for cube in cubes:
        if cube.field != "brightness_temperature":
            continue
        escape_fraction = _escape_fraction(cube, cubes, default_escape_fraction)
        key = cube.realization or 0, escape_fraction
        if key in groups and cube.line_of_sight is None:
            continue  # of two cubes, use the one with redshift-space distortions
        groups[key] = {
            "brightness_temperature": dataclasses.replace(cube, escape_fraction=escape_fraction)
        }
    for (realization, escape_fraction), fields in groups.items():
        temperature = fields["brightness_temperature"]
        candidates = [c for c in cubes if (c.realization or 0) == realization]
        density = _find_partner(temperature, "density", candidates, escape_fraction)
        if density is None:
            raise _missing_partner_error(temperature, "updated_smoothed_deltax")
        fields["density"] = density
        neutral = _find_partner(temperature, "neutral_fraction", candidates, escape_fraction)
        if neutral is not None:
            fields["neutral_fraction"] = neutral
    return groups


def _escape_fraction(
    cube: CubeDescription, cubes: Sequence[CubeDescription], default: float | None
) -> float:
    """Return the escape fraction of a cube: its own, that of its folder, or the default."""
    if cube.escape_fraction is not None:
        return cube.escape_fraction
    fractions = {c.escape_fraction for c in cubes if c.path.parent == cube.path.parent} - {None}
    escape_fraction = fractions.pop() if len(fractions) == 1 else default
    if escape_fraction is None:
        raise InputError(
            f"{cube.path}: the escape fraction is neither in its name, nor in that of a folder "
            "(ESC_FRAC_…), nor in that of exactly one xH cube in the same folder: set the key "
            "escape_fraction"
        )
    return escape_fraction


def _find_partner(
    cube: CubeDescription,
    field: str,
    candidates: Iterable[CubeDescription],
    escape_fraction: float,
) -> CubeDescription | None:
    """Return the cube of another field, preferably from the same folder."""
    candidates = [c for c in candidates if c.field == field]
    partners = [
        c
        for c in candidates
        if c.path.parent == cube.path.parent and c.escape_fraction in (escape_fraction, None)
    ]
    partners += [c for c in candidates if c.escape_fraction == escape_fraction]
    if field == "density":  # the density does not depend on the escape fraction
        partners += candidates
    return partners[0] if partners else None


def _missing_partner_error(cube: CubeDescription, prefix: str) -> InputError:
    return InputError(
        f"{cube.path}: has no partner {prefix}_z{cube.redshift:06.2f}_…_{cube.cells}_"
        f"{cube.box_size:g}Mpc in its folder or another folder of its realization: add it"
    )
