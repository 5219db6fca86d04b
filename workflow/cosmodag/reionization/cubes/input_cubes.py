"""Cubes, light-cones and slices that a trained network is applied to, from files of any format.

Files of 21cmFAST describe themselves. Of other arrays (NumPy, HDF5, FITS, or raw float32 without
a header) the user states what the file does not.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cosmodag.cosmology.background import comoving_distance, redshift_at_distance
from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_object, open_hdf5
from cosmodag.input_files import check_file
from cosmodag.reionization.cubes.array_files import HDF5, UNITS, list_datasets, read_array
from cosmodag.reionization.cubes.coeval_files import CURE, LIGHTCONES, describe_coeval_file
from cosmodag.reionization.cubes.cube_file_names import CubeDescription, parse_file_name
from cosmodag.reionization.cubes.cube_files import read_cube
from cosmodag.reionization.cubes.cube_values import check_values
from cosmodag.reionization.cubes.lightcone_files import read_lightcone

KINDS = ("cube", "lightcone", "slices")
"""A coeval cube; a light-cone, with the line of sight as last axis; slices along the first axis."""
CELL_TOLERANCE = 1e-3
"""Relative difference between stated lengths that is rounding."""


@dataclass(frozen=True)
class ArrayFormat:
    """What the user states of a file.

    Attributes
    ----------
    array : str, optional
        Path of the dataset in an HDF5 file that is not of 21cmFAST.
    shape : sequence of int, optional
        Shape of a raw file without a name of 21cmFAST.
    kind : {"cube", "lightcone", "slices"}, optional
        By default that of the file; arrays with equal sides are cubes, arrays of two dimensions one
        slice.
    unit : {"mK", "K"}
        Unit of the brightness temperature.
    box_size : float, optional
        Side of the box across the line of sight in comoving Mpc: of the first axis of a cube or a
        light-cone, of the last one of slices.
    redshift : float, optional
        Redshift, of a light-cone that of its first slice.
    """

    array: str | None = None
    shape: Sequence[int] | None = None
    kind: str | None = None
    unit: str = "mK"
    box_size: float | None = None
    redshift: float | None = None


@dataclass(frozen=True)
class InputCube:
    """A field in cells that are cubes.

    Attributes
    ----------
    path : pathlib.Path
        File that it was read from.
    values : numpy.ndarray, shape (nx, ny, nz), float32
        Brightness temperature in mK, density contrast or neutral fraction.
    kind : {"cube", "lightcone", "slices"}
    cell_size : float
        Side of a cell in comoving Mpc.
    redshifts : numpy.ndarray, shape (0,), (1,) or (nz,), float64
        Unknown, of a cube or of slices, or of each slice of a light-cone.
    line_of_sight : int or None
        Axis of redshift-space distortions, of a light-cone or across slices; None if unknown.
    """

    path: Path
    values: np.ndarray
    kind: str
    cell_size: float
    redshifts: np.ndarray
    line_of_sight: int | None = None


def read_input_cube(
    path: str | os.PathLike,
    field: str,
    stated: ArrayFormat | None = None,
    *,
    hubble: float,
    omega_m: float,
) -> InputCube:
    """Read a cube, a light-cone or slices.

    Parameters
    ----------
    path : path
        File of 21cmFAST (raw, gzipped, or HDF5 of version 3 or 4), of NumPy, HDF5, FITS or raw
        float32.
    field : {"brightness_temperature", "density", "neutral_fraction"}
        The field of the file; one of several fields in a file of 21cmFAST.
    stated : ArrayFormat, optional
        What the file does not describe.
    hubble, omega_m : float
        Cosmology that converts the distances of a light-cone to redshifts where the file has none.

    Returns
    -------
    InputCube

    Raises
    ------
    InputError
        If the file is missing or damaged, contains no such field, contradicts what is stated, or
        something remains unknown.
    """
    path, stated = check_file(Path(path), "give the file of a cube"), stated or ArrayFormat()
    if path.suffix in HDF5:
        cube = _read_hdf5(path, field, stated, hubble, omega_m)
    else:
        described = parse_file_name(path)
        if described is not None:
            cube = _coeval(described, field, stated)
        else:
            values = read_array(path, field, shape=stated.shape, unit=stated.unit)
            cube = _array(path, values, stated, hubble, omega_m)
    values = np.asarray(cube.values, np.float32)
    if field == "brightness_temperature" and stated.unit != "mK":
        values = values * np.float32(UNITS[stated.unit])
    check_values(str(path), field, values)
    return replace(cube, values=values)


def _read_hdf5(
    path: Path, field: str, stated: ArrayFormat, hubble: float, omega_m: float
) -> InputCube:
    """Read a field of an HDF5 file."""
    if stated.array is not None:
        values = read_array(path, field, dataset=stated.array)
        return _array(path, values, stated, hubble, omega_m)
    with open_hdf5(path, cure=CURE) as file:
        if find_object(file, LIGHTCONES, cure=CURE) is not None:
            values, cell_size, redshifts = read_lightcone(
                file, field, hubble=hubble, omega_m=omega_m
            )
            _check(path, "kind", stated.kind, "lightcone")
            _check(path, "box_size", stated.box_size, cell_size * values.shape[0])
            return InputCube(path, values, "lightcone", cell_size, redshifts, 2)
        known = list_datasets(file)
    cubes = [cube for cube in describe_coeval_file(path) if cube.field == field]
    if not cubes:
        raise InputError(
            f"{path}: not a file of 21cmFAST with {field}; its datasets are {known}: set --array "
            "to one of these, --box-size and --redshift"
        )
    return _coeval(cubes[0], field, stated)


def _coeval(cube: CubeDescription, field: str, stated: ArrayFormat) -> InputCube:
    """Read a cube of 21cmFAST."""
    if cube.field != field:
        raise InputError(
            f"{cube.path}: its name says {cube.field}, but the run was trained on {field}: give a "
            "file of that"
        )
    _check(cube.path, "kind", stated.kind, "cube")
    _check(cube.path, "box_size", stated.box_size, cube.box_size)
    _check(cube.path, "redshift", stated.redshift, cube.redshift)
    return InputCube(
        cube.path,
        read_cube(cube),
        "cube",
        cube.box_size / cube.cells,
        np.array([cube.redshift]),
        cube.line_of_sight,
    )


def _array(
    path: Path, values: np.ndarray, stated: ArrayFormat, hubble: float, omega_m: float
) -> InputCube:
    """Return an array as what the user states of it."""
    values = values[None] if values.ndim == 2 and stated.kind in (None, "slices") else values
    if values.ndim != 3 or min(values.shape[1:]) < 2:
        raise InputError(
            f"{path}: the shape is {values.shape}, but a cube, a light-cone or slices have three "
            "axes, one slice has two: select a part of the array"
        )
    kind = stated.kind
    if kind is None:
        kind = "cube" if len(set(values.shape)) == 1 else "slices" if len(values) == 1 else None
    if kind is None:
        raise InputError(
            f"{path}: the shape {values.shape} may be a cube, a light-cone along the last axis, or "
            "slices along the first one: set --kind to cube, lightcone or slices"
        )
    _check_axes(path, values.shape, kind)
    if stated.box_size is None:
        raise InputError(f"{path}: does not record its size: set --box-size in comoving Mpc")
    cell_size = stated.box_size / values.shape[-1 if kind == "slices" else 0]
    redshifts = np.array([] if stated.redshift is None else [stated.redshift], np.float64)
    if kind == "lightcone":
        if stated.redshift is None:
            raise InputError(
                f"{path}: does not record its redshifts: set --redshift to that of the first slice"
            )
        far = comoving_distance(omega_m, stated.redshift) / hubble
        far = far + cell_size * np.arange(values.shape[2])
        redshifts = redshift_at_distance(omega_m, far * hubble)
    axis = {"cube": None, "lightcone": 2, "slices": 0}[kind]
    return InputCube(path, values, kind, cell_size, redshifts, axis)


def _check_axes(path: Path, shape: tuple[int, ...], kind: str) -> None:
    """Refuse another order of axes, by sides across the line of sight that should be equal."""
    along = {"lightcone": 2, "slices": 0}.get(kind)
    if along is None:
        return
    across = [axis for axis in range(3) if axis != along]
    if shape[across[0]] == shape[across[1]] or len(set(shape)) == 3:
        return
    found = next(axis for axis in across if shape[axis] != shape[along])
    what = "a light-cone is its last" if kind == "lightcone" else "slices is the first"
    raise InputError(
        f"{path}: the line of sight of {what} axis, but of the shape {shape} it seems to be axis "
        f"{found}: write np.moveaxis(values, {found}, {along}) instead"
    )


def _check(path: Path, key: str, stated: float | str | None, found: float | str) -> None:
    """Refuse what the user states if the file says something else."""
    if stated is None or stated == found:
        return
    if not isinstance(found, str) and math.isclose(float(stated), found, rel_tol=CELL_TOLERANCE):
        return
    text = found if isinstance(found, str) else f"{found:g}"
    raise InputError(
        f"{path}: says {key} {text}, not {stated}: leave out --{key.replace('_', '-')}"
    )
