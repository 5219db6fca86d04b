"""Cube files in all formats: their metadata, and their values."""

import logging
import os
from pathlib import Path
from typing import Literal

import numpy as np

from cosmodag.errors import InputError
from cosmodag.file_patterns import files_below
from cosmodag.reionization.cubes.array_files import UNITS, read_array
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
from cosmodag.reionization.cubes.cube_values import check_values, load_array
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube
from cosmodag.rejections import Rejections

NEUTRAL_FRACTION_TOLERANCE = 0.01
"""Largest difference between the mean of a cube and the neutral fraction in its file name."""
LARGEST_MEAN_DENSITY = 0.2
"""Largest mean of a density contrast in a box."""
NAME = "which needs _z<redshift> and _<cells>_<side>Mpc at its end"
"""What the name of a raw cube must contain."""

logger = logging.getLogger(__name__)


def describe_folder(
    folder: str | os.PathLike, rejections: Rejections | None = None
) -> list[CubeDescription]:
    """Return the metadata of all cubes in a folder and its subfolders.

    Parameters
    ----------
    folder : path
        Folder, searched recursively, also in linked folders.
    rejections : Rejections, optional
        Gets files that look like cubes but are none, without counting them; by default, HDF5 files
        that cannot be read are an error.

    Returns
    -------
    list of CubeDescription
        In the order of their paths.

    Raises
    ------
    InputError
        If there is no such folder, or if an HDF5 file cannot be read.
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
            reason = f"no cube by its name, {NAME}"
        if reason is not None and rejections is not None:
            rejections.add(path, "", reason, 0)
    return cubes


def read_cube(
    cube: CubeDescription, unit: str = "mK", order: Literal["C", "F"] = "C"
) -> np.ndarray:
    """Read one cube and compare its values with its file name.

    Parameters
    ----------
    cube : CubeDescription
        Metadata of the cube.
    unit : {"mK", "K"}
        Unit of a brightness temperature.
    order : {"C", "F"}
        Order of raw numbers in files that a table lists, see `read_raw_array`.

    Returns
    -------
    numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK, density contrast or neutral fraction.

    Raises
    ------
    InputError
        If the cube cannot be read or contradicts its file name.
    """
    if cube.column is not None:
        values = _read_listed_cube(cube, unit, order)
    elif cube.dataset is not None:
        values = read_coeval_cube(cube)
    elif cube.path.suffix == ".npy":
        values = _read_array(cube)
    else:
        values = read_raw_cube(cube.path, cube.field, cells=cube.cells)
    if cube.field == "brightness_temperature" and unit != "mK":
        values = values * np.float32(UNITS[unit])
        check_values(str(cube.path), cube.field, values)
    if cube.dataset is None or cube.column is not None:
        _check_mean(cube, values)
    if cube.field == "density" and abs(mean := float(values.mean())) > LARGEST_MEAN_DENSITY:
        raise InputError(
            f"{cube.path}: the mean of the density is {mean:.3g}, but that of a contrast is 0: "
            "divide it by its mean and subtract 1"
        )
    return values


def _check_mean(cube: CubeDescription, values: np.ndarray) -> None:
    """Compare the mean of a cube with the neutral fraction in its name."""
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


def _read_array(cube: CubeDescription) -> np.ndarray:
    """Read a cube from a file of NumPy."""
    values = load_array(cube.path)
    if values.shape != (cube.cells,) * 3:
        raise InputError(
            f"{cube.path}: the shape is {values.shape}, but its name says {cube.cells}³ cells: "
            "rename it"
        )
    check_values(str(cube.path), cube.field, values)
    return np.ascontiguousarray(values, np.float32)


def _read_listed_cube(cube: CubeDescription, unit: str, order: Literal["C", "F"]) -> np.ndarray:
    """Read a cube that a table lists."""
    shape = (cube.cells,) * 3
    values = read_array(
        cube.path, cube.field, dataset=cube.dataset, shape=shape, unit=unit, order=order
    )
    if values.shape != shape:
        raise InputError(
            f"{cube.path}: the shape is {values.shape}, but the configuration states {cube.cells}³ "
            "cells: change the key cells, or select a cube"
        )
    if cube.column == "ionized_fraction":
        values = 1 - values
    check_values(str(cube.path), cube.field, values)
    return np.ascontiguousarray(values, np.float32)
