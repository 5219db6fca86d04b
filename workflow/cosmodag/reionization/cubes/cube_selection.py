"""Selection of the cubes of one redshift, and of the cubes that belong together."""

import dataclasses
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_file_names import FIELD_BY_PREFIX, CubeDescription
from cosmodag.reionization.cubes.cubes_file import Universe
from cosmodag.rejections import Rejections

REDSHIFT_TOLERANCE = 0.005

CubesByField = dict[str, CubeDescription]
CubesByUniverse = dict[tuple[Universe, float], CubesByField]
"""By universe and escape fraction, the cube of each field."""


def select_cubes(
    folder: str | os.PathLike,
    all_cubes: Sequence[CubeDescription],
    redshift: float,
    cells: int,
    box_size: float,
    escape_fraction: float | None,
    rejections: Rejections,
) -> CubesByUniverse:
    """Return the cubes of one redshift by universe and escape fraction, then by field.

    Parameters
    ----------
    folder : path
        Folder of the cubes, for messages.
    all_cubes : sequence of CubeDescription
        All cubes of the folder.
    redshift, cells, box_size, escape_fraction
        See `cosmodag.reionization.cubes.cube_folder.read_folder`.
    rejections : Rejections
        Files of the folder that are no cubes, for messages.

    Returns
    -------
    dict
        By universe and escape fraction, the cube of each field.

    Raises
    ------
    InputError
        If there is no cube of the redshift, a cube has another size, or two files could be the same
        cube.
    """
    cubes = [cube for cube in all_cubes if abs(cube.redshift - redshift) < REDSHIFT_TOLERANCE]
    if not cubes:
        redshifts = sorted({cube.redshift for cube in all_cubes})
        raise InputError(
            f"{folder}: no cube of redshift {redshift:g}; there are "
            f"{', '.join(f'{z:g}' for z in redshifts) or 'none of any'}{rejections.first}: change "
            "the key redshifts"
        )
    for cube in cubes:
        _check_size(cube, cells, box_size)
    cubes_by_universe = _group_by_universe(cubes, escape_fraction, scanned_parameters(all_cubes))
    if not cubes_by_universe:
        raise InputError(
            f"{folder}: no cube of brightness temperature (delta_T_…) at redshift {redshift:g}, "
            f"only {', '.join(sorted({cube.field for cube in cubes}))}: add it"
        )
    return cubes_by_universe


def scanned_parameters(cubes: Iterable[CubeDescription]) -> list[str]:
    """Return the names of the parameters that differ between cubes, without the escape fraction.

    Parameters
    ----------
    cubes : iterable of CubeDescription
        All cubes of a folder, at all redshifts, so that all redshifts have the same names.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    values = defaultdict(set)
    for cube in cubes:
        for name, value in cube.parameters:
            values[name].add(value)
    return sorted(name for name, found in values.items() if len(found) > 1)


def universe_of(
    cube: CubeDescription, given: Mapping[str, float], scanned: Sequence[str]
) -> Universe:
    """Return the universe of a cube: its seed, and the values of the parameters of a scan.

    Parameters
    ----------
    cube : CubeDescription
    given : mapping from str to float
        Parameters of the cube.
    scanned : sequence of str
        Names of the parameters of the scan, see `scanned_parameters`.

    Returns
    -------
    Universe
    """
    values = [f"{name}={given[name]:g}" for name in scanned if name in given]
    return Universe(cube.realization or 0, ",".join(values))


def check_complete(
    folder: str | os.PathLike, redshift: float, cubes_by_universe: CubesByUniverse
) -> None:
    """Raise an error unless all universes have the same escape fractions and fields.

    Parameters
    ----------
    folder : path
        Folder of the cubes, for messages.
    redshift : float
        Redshift of the cubes.
    cubes_by_universe : dict
        As `select_cubes` returns it.

    Raises
    ------
    InputError
    """
    for universe in sorted({universe for universe, _ in cubes_by_universe}):
        for escape_fraction in sorted({fraction for _, fraction in cubes_by_universe}):
            if (universe, escape_fraction) not in cubes_by_universe:
                raise InputError(
                    f"{folder}: {universe} has no cube of escape fraction {escape_fraction:g} at "
                    f"redshift {redshift:g}, but others have: add it, or use a folder without that "
                    "escape fraction"
                )
    groups = cubes_by_universe.values()
    for prefix, field in FIELD_BY_PREFIX.items():
        without = [cubes for cubes in groups if field not in cubes]
        if without and len(without) < len(groups):
            raise _missing_partner_error(without[0]["brightness_temperature"], prefix)


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


def _group_by_universe(
    cubes: Sequence[CubeDescription], default_escape_fraction: float | None, scanned: Sequence[str]
) -> CubesByUniverse:
    """Return the cubes of each universe and escape fraction by field."""
    groups: CubesByUniverse = {}
    for cube in cubes:
        if cube.field != "brightness_temperature":
            continue
        escape_fraction = _escape_fraction(cube, cubes, default_escape_fraction)
        parameters = _parameters(cube, cubes)
        key = universe_of(cube, parameters, scanned), escape_fraction
        if key in groups:
            other = groups[key]["brightness_temperature"]
            if other.line_of_sight == cube.line_of_sight:
                raise InputError(
                    f"{cube.path} and {other.path}: both are {key[0]} with escape fraction "
                    f"{key[1]:g} at redshift {cube.redshift:g}: keep one, or put them in folders "
                    "RNG_<seed> of different seeds"
                )
            if cube.line_of_sight is None:
                continue  # of two cubes, use the one with redshift-space distortions
        cube = dataclasses.replace(
            cube, escape_fraction=escape_fraction, parameters=tuple(parameters.items())
        )
        groups[key] = {"brightness_temperature": cube}
    for (universe, escape_fraction), fields in groups.items():
        temperature = fields["brightness_temperature"]
        for field in ("density", "neutral_fraction"):
            same_seed = [c for c in cubes if (c.realization or 0) == universe.realization]
            candidates = [c for c in same_seed if c.field == field]
            if field == "neutral_fraction":  # the density does not depend on these parameters
                given = dict(temperature.parameters)
                candidates = [
                    c for c in candidates if all(given.get(k, v) == v for k, v in c.parameters)
                ]
            partner = _find_partner(temperature, field, candidates, escape_fraction)
            if partner is not None:
                fields[field] = partner
    return groups


def _parameters(cube: CubeDescription, cubes: Sequence[CubeDescription]) -> dict[str, float]:
    """Return the parameters of a cube, with those of the only xH cube in its folder, if it is."""
    beside = {
        c.parameters
        for c in cubes
        if c.path.parent == cube.path.parent and c.field == "neutral_fraction"
    }
    return dict(beside.pop() if len(beside) == 1 else ()) | dict(cube.parameters)


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
    candidates: Sequence[CubeDescription],
    escape_fraction: float,
) -> CubeDescription | None:
    """Return the cube of another field, preferably from the same file or the same folder."""
    beside = [
        c
        for c in candidates
        if c.path.parent == cube.path.parent and c.escape_fraction in (escape_fraction, None)
    ]
    own = [c for c in candidates if c.path == cube.path]
    if not own and len(beside) > 1:
        raise InputError(
            f"{beside[0].path} and {beside[1].path}: both could be the {field.replace('_', ' ')} "
            f"of {cube.path.name}: keep one"
        )
    partners = [*own, *beside, *(c for c in candidates if c.escape_fraction == escape_fraction)]
    if field == "density":  # the density does not depend on the escape fraction
        partners += candidates
    return partners[0] if partners else None


def _missing_partner_error(cube: CubeDescription, prefix: str) -> InputError:
    return InputError(
        f"{cube.path}: has no partner {prefix}_z{cube.redshift:06.2f}_…_{cube.cells}_"
        f"{cube.box_size:g}Mpc in its folder or another folder of its realization: add it, or "
        "remove it from all others"
    )
