"""Units that files state for their columns, compared with that of the configuration."""

import re
from collections.abc import Sequence
from pathlib import Path

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.box_coordinates import UNITS
from cosmodag.voids.catalogues.sky_columns import SURVEY
from cosmodag.voids.catalogues.table_columns import Column

_ANGLE = re.compile(
    r"deg|degrees?|rad|radians?|arcmin|arcsec|hourangle|hr|h|hours?|15deg|'?\"?[hd]:m:s\"?'?", re.I
)
_DEGREES = re.compile(r"deg|degrees?", re.I)
_VELOCITY = re.compile(r"\w?m(/|\*|\.)?s(\^|\*\*)?(-1)?", re.I)
_LENGTH = re.compile(
    r"(?:littleh|h)?(?:\^|\*\*)?(?:-1)?[*.]?c?(kpc|mpc|gpc|pc|km|cm|m)(?![a-gi-z])", re.I
)
_WITH_H = re.compile(r"(/h|/littleh|h-1|h\^-1|h\*\*-1|littleh-1)", re.I)


def check_units(path: Path, units: Sequence[str], columns: Sequence[Column], unit: str) -> None:
    """Refuse positions whose unit in the file is not that of the configuration.

    A length in Mpc may be one in Mpc/h, since many files leave out the h. Texts that are no unit
    are ignored.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    units : sequence of str, shape (3,)
        Units of the columns as the file states them, empty where there is none.
    columns : sequence of str or int, shape (3,)
        The columns of x, y and z.
    unit : str
        Unit of the configuration.

    Raises
    ------
    InputError
        The file states angles, velocities, or another length.
    """
    for column, text in zip(columns, units):
        word = re.sub(r"\s+", "", text)
        stated = f"{path}: column '{column}' is in {text.strip()} by its header"
        if _ANGLE.fullmatch(word):
            raise InputError(
                f"{stated}, an angle; give comoving Cartesian positions in Mpc/h; {SURVEY}"
            )
        if _VELOCITY.fullmatch(word):
            raise InputError(
                f"{stated}, a velocity; give comoving Cartesian positions in Mpc/h; {SURVEY}"
            )
        length = _LENGTH.match(word)
        if length is None or unit == "box":
            continue
        found, wanted = length[1].lower(), unit.partition("/")[0].lower()
        contradicts_h = _WITH_H.search(word) and not unit.endswith("/h")
        if found != wanted or contradicts_h:
            name = found.replace("mpc", "Mpc") + ("/h" if _WITH_H.search(word) else "")
            cure = f"set unit: {name}" if name in UNITS else "convert it"
            raise InputError(f"{stated}, but unit is {unit}; {cure}")


def check_sky_units(
    path: Path, units: Sequence[str], columns: Sequence[Column], *, cz: bool
) -> None:
    """Refuse sky coordinates whose unit in the file is not degrees, or redshifts with another unit.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    units : sequence of str, shape (3,)
        Units of the columns as the file states them, empty where there is none.
    columns : sequence of str or int, shape (3,) or (2,)
        The columns of right ascension, declination and redshift.
    cz : bool
        Whether the third column is c z in km/s.

    Raises
    ------
    InputError
        The file states another unit of angles, or a velocity where there should be a redshift.
    """
    for column, text in zip(columns[:2], units):
        word = re.sub(r"\s+", "", text)
        if _ANGLE.fullmatch(word) and not _DEGREES.fullmatch(word):
            raise InputError(
                f"{path}: column '{column}' is in {text.strip()} by its header; convert it to "
                "degrees"
            )
    for column, text in zip(columns[2:], units[2:]):
        if _VELOCITY.fullmatch(re.sub(r"\s+", "", text)) and not cz:
            raise InputError(
                f"{path}: column '{column}' is in {text.strip()} by its header, a velocity; set cz "
                "if it is c z in km/s"
            )
