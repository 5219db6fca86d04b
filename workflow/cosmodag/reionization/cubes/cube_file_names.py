"""Metadata in the file names of the raw cubes of 21cmFAST.

Versions 1 and 2 of 21cmFAST wrote raw float32 without a header. Redshift, neutral fraction, number
of cells and box size are part of the file name. The escape fraction is part of the name of an
``xH_`` cube or of its folder, and the seed part of the name of the folder. An array of NumPy is
described by the same name with the suffix ``.npy``.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

FIELD_BY_PREFIX = {
    "delta_T": "brightness_temperature",
    "updated_smoothed_deltax": "density",
    "xH": "neutral_fraction",
}
"""Field of a cube by the prefix of its file name."""
_REDSHIFT = re.compile(r"_z(\d+\.\d+)")
_SIZE = re.compile(r"_(\d+)_(\d+(?:\.\d+)?)Mpc$")
_NEUTRAL_FRACTION = re.compile(r"_nf(\d\.\d+)")
_ESCAPE_FRACTION = re.compile(r"_Fesc(\d\.\d+)")
_LINE_OF_SIGHT = re.compile(r"^delta_T_v([123])_")
_PARAMETER = re.compile(
    r"_(zetaX?|alphaX|TvirminX?|Mturn|Fstar|starPL|escPL|effPLindex|eff)"
    r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?=_)"
)
_FOLDER_ESCAPE_FRACTION = re.compile(r"ESC_FRAC_(\d\.\d+)")
_FOLDER_SEED = re.compile(r"RNG_(\d+)")


@dataclass(frozen=True)
class CubeDescription:
    """Metadata of a cube from its file name or header; None stands for unknown.

    Attributes
    ----------
    path : pathlib.Path
        File that contains the cube.
    field : str
        "brightness_temperature" (mK), "density" (contrast) or "neutral_fraction".
    redshift : float
        Redshift of the cube.
    cells : int
        Cells per side.
    box_size : float
        Side of the box in Mpc.
    neutral_fraction : float or None
        Mean neutral fraction of the cube.
    escape_fraction : float or None
        Escape fraction, from the name of the file or of its folder.
    realization : int or None
        Random seed, from the name of the folder.
    line_of_sight : int or None
        Axis, from 0, of the redshift-space distortions.
    dataset : str or None
        Path of the cube in an HDF5 file; None for a raw cube.
    parameters : tuple of (str, float)
        Other astrophysical parameters of the simulation, sorted by name.
    column : str or None
        Column of a table that lists the file, whose name then has no meaning; "ionized_fraction" is
        1 minus the neutral fraction.
    """

    path: Path
    field: str
    redshift: float
    cells: int
    box_size: float
    neutral_fraction: float | None
    escape_fraction: float | None
    realization: int | None
    line_of_sight: int | None
    dataset: str | None = None
    parameters: tuple[tuple[str, float], ...] = ()
    column: str | None = None


def parse_file_name(path: str | os.PathLike) -> CubeDescription | None:
    """Parse the file name of a raw cube, with or without the suffix ``.gz`` or ``.npy``.

    Parameters
    ----------
    path : path
        Path of the file. The names of its folders may contain the escape fraction and the seed.

    Returns
    -------
    CubeDescription or None
        None if the name is not that of a cube.

    Examples
    --------
    >>> cube = parse_file_name("ESC_FRAC_0.070_RNG_150/delta_T_v3_z006.00_nf0.010864_200_300Mpc")
    >>> cube.field, cube.redshift, cube.escape_fraction, cube.realization
    ('brightness_temperature', 6.0, 0.07, 150)
    """
    path = Path(path)
    name = path.name.removesuffix(".gz").removesuffix(".npy")
    fields = (f for prefix, f in FIELD_BY_PREFIX.items() if name.startswith(f"{prefix}_"))
    field = next(fields, None)
    redshift, size = _REDSHIFT.search(name), _SIZE.search(name)
    if field is None or redshift is None or size is None:
        return None
    folders = "/".join(path.parent.parts)
    escape_fraction = _last_number(_ESCAPE_FRACTION, name)
    if escape_fraction is None:
        escape_fraction = _last_number(_FOLDER_ESCAPE_FRACTION, folders)
    seed = _last_number(_FOLDER_SEED, folders)
    axis = _last_number(_LINE_OF_SIGHT, name)
    return CubeDescription(
        path=path,
        field=field,
        redshift=float(redshift[1]),
        cells=int(size[1]),
        box_size=float(size[2]),
        neutral_fraction=_last_number(_NEUTRAL_FRACTION, name),
        escape_fraction=escape_fraction,
        realization=None if seed is None else int(seed),
        line_of_sight=None if axis is None else int(axis) - 1,
        parameters=tuple(sorted((key, float(value)) for key, value in _PARAMETER.findall(name))),
    )


def _last_number(pattern: re.Pattern[str], text: str) -> float | None:
    """Return the last match as a number: for folders, that of the innermost one."""
    matches = pattern.findall(text)
    return float(matches[-1]) if matches else None
