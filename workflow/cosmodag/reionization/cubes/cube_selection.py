"""Selection of the cubes of one redshift, and of the cubes that belong together."""

import dataclasses
import os
from collections.abc import Iterable, Sequence

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.rejections import Rejections

REDSHIFT_TOLERANCE = 0.005

CubesByField = dict[str, CubeDescription]


def select_cubes(
    folder: str | os.PathLike,
    all_cubes: Sequence[CubeDescription],
    redshift: float,
    cells: int,
    box_size: float,
    escape_fraction: float | None,
    rejections: Rejections,
) -> dict[tuple[int, float], CubesByField]:
    """Return the cubes of one redshift by realization and escape fraction, then by field.

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
        By realization and escape fraction, the cube of each field.

    Raises
    ------
    InputError
        If there is no cube of the redshift, or a cube has another size or no partner.
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


def check_complete(
    folder: str | os.PathLike,
    redshift: float,
    cubes_by_realization: dict[tuple[int, float], CubesByField],
) -> None:
    """Raise an error unless all realizations have the same escape fractions and fields.

    Parameters
    ----------
    folder : path
        Folder of the cubes, for messages.
    redshift : float
        Redshift of the cubes.
    cubes_by_realization : dict
        As `select_cubes` returns it.

    Raises
    ------
    InputError
    """
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
        if key in groups:
            other = groups[key]["brightness_temperature"]
            if other.line_of_sight == cube.line_of_sight:
                raise InputError(
                    f"{cube.path} and {other.path}: both are realization {key[0]} with escape "
                    f"fraction {key[1]:g} at redshift {cube.redshift:g}: keep one, or put them in "
                    "folders RNG_<seed> of different seeds"
                )
            if cube.line_of_sight is None:
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
