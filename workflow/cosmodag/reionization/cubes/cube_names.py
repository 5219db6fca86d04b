"""What the names of 21cmFAST's raw cubes say.

Versions 1 and 2 wrote raw float32 with no header: redshift, neutral fraction, cells and box stand
in the name alone, the escape fraction just in that of an ``xH_`` cube or of the folder, the seed
in that of the folder.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

BEGINNINGS = {
    "delta_T": "brightness_temperature",
    "updated_smoothed_deltax": "density",
    "xH": "neutral_fraction",
}
"""Field of a cube by the beginning of its name."""
_REDSHIFT = re.compile(r"_z(\d+\.\d+)")
_SIZE = re.compile(r"_(\d+)_(\d+(?:\.\d+)?)Mpc$")
_NEUTRAL = re.compile(r"_nf(\d\.\d+)")
_ESCAPE = re.compile(r"_Fesc(\d\.\d+)")
_LINE_OF_SIGHT = re.compile(r"^delta_T_v([123])_")
_FOLDER_ESCAPE = re.compile(r"ESC_FRAC_(\d\.\d+)")
_FOLDER_SEED = re.compile(r"RNG_(\d+)")


@dataclass(frozen=True)
class CubeDescription:
    """A cube by its name or header; what is not told is None.

    Attributes
    ----------
    path
        The file.
    field
        "brightness_temperature" (mK), "density" (contrast) or "neutral_fraction".
    redshift
        Of the cube.
    cells
        A side.
    box_size
        Side in Mpc.
    neutral_fraction
        Mean over the cube.
    escape_fraction
        From the name or a folder above.
    realization
        Number of the random seed, from a folder above.
    line_of_sight
        Axis, from 0, along which velocities shift the brightness temperature.
    dataset
        Where the cube stands in an HDF5 file; None for a raw one.
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


def parse_name(path: str | os.PathLike) -> CubeDescription | None:
    """Read a cube's name, with or without the ending ``.gz``.

    Parameters
    ----------
    path
        The file, with the folders above it that may tell escape fraction and seed.

    Returns
    -------
    CubeDescription or None
        None where it is no name of a cube.
    """
    path = Path(path)
    name = path.name.removesuffix(".gz")
    field = next((f for start, f in BEGINNINGS.items() if name.startswith(f"{start}_")), None)
    redshift, size = _REDSHIFT.search(name), _SIZE.search(name)
    if field is None or redshift is None or size is None:
        return None
    folders = "/".join(path.parent.parts)
    escape = _number(_ESCAPE, name)
    seed = _number(_FOLDER_SEED, folders)
    axis = _number(_LINE_OF_SIGHT, name)
    return CubeDescription(
        path=path,
        field=field,
        redshift=float(redshift[1]),
        cells=int(size[1]),
        box_size=float(size[2]),
        neutral_fraction=_number(_NEUTRAL, name),
        escape_fraction=_number(_FOLDER_ESCAPE, folders) if escape is None else escape,
        realization=None if seed is None else int(seed),
        line_of_sight=None if axis is None else int(axis) - 1,
    )


def _number(pattern: re.Pattern, text: str) -> float | None:
    found = pattern.findall(text)
    return float(found[-1]) if found else None  # the innermost folder
