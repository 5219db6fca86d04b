"""Coeval boxes of 21cmFAST 3 and 4: HDF5 files of one or more fields with their parameters.

The files are read without 21cmFAST. In version 4 each field is a dataset
``/<struct>/OutputFields/<field>``, and the groups of ``/<struct>/InputParameters`` have the
parameters as attributes. In version 3 a field is ``/<struct>/<field>``, and the parameters are
attributes of the file and of groups beside the fields. `F_ESC10` is the decimal logarithm of the
escape fraction.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_dataset, find_object, numbers_of, open_hdf5
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.cube_values import check_values

CURE = "copy the file again"
FIELD_BY_DATASET = {
    "BrightnessTemp/OutputFields/brightness_temp": "brightness_temperature",
    "PerturbedField/OutputFields/density": "density",
    "IonizedBox/OutputFields/neutral_fraction": "neutral_fraction",
    "BrightnessTemp/brightness_temp": "brightness_temperature",
    "PerturbedField/density": "density",
    "IonizedBox/xH_box": "neutral_fraction",
}
"""Field of a cube by the path of its dataset, in version 4 and in version 3."""
LIGHTCONES = "lightcones"
"""Group of light-cones in both versions."""


class Parameters(NamedTuple):
    """Attributes with the parameters of a box."""

    redshift: Any
    random_seed: Any
    simulation: Mapping
    astrophysics: Mapping


def describe_coeval_file(path: str | os.PathLike) -> list[CubeDescription]:
    """Return the metadata of the cubes in an HDF5 file of 21cmFAST.

    Parameters
    ----------
    path : path
        HDF5 file.

    Returns
    -------
    list of CubeDescription
        One per field; empty if the file contains no cubes.

    Raises
    ------
    InputError
        If the file is truncated, is not an HDF5 file, lacks parameters, or contains light-cones.
    """
    path = Path(path)
    with open_hdf5(path, cure=CURE) as file:
        if find_object(file, LIGHTCONES, cure=CURE) is not None:
            raise InputError(
                f"{path}: a light-cone, not coeval boxes, which are read here: save the boxes, or "
                "use `cosmodag reionization predict` for the light-cone"
            )
        found = [name for name in FIELD_BY_DATASET if find_dataset(file, name, cure=CURE)]
        return [_describe(path, file, name) for name in found]


def read_coeval_cube(cube: CubeDescription) -> np.ndarray:
    """Read a cube of an HDF5 file of 21cmFAST.

    Parameters
    ----------
    cube : CubeDescription
        Metadata as returned by `describe_coeval_file`.

    Returns
    -------
    numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK, density contrast or neutral fraction.

    Raises
    ------
    InputError
        If the shape differs from the parameters, or if values are NaN or outside the valid range of
        the field.
    """
    with open_hdf5(cube.path, cure=CURE) as file:
        found = find_dataset(file, str(cube.dataset), cure=CURE)
        if found is None:
            raise InputError(f"{cube.path}: {cube.dataset} has disappeared: {CURE}")
        shape = numbers_of(found, cure=CURE).shape
        values = found[:] if shape == (cube.cells,) * 3 else np.empty(0)
    location = f"{cube.path}: {cube.dataset}"
    if shape != (cube.cells,) * 3:
        raise InputError(
            f"{location}: the shape is {shape}, but the parameters of the file say "
            f"{cube.cells}³ cells: simulate the box again"
        )
    check_values(location, cube.field, values)
    return values.astype(np.float32, copy=False)


def _parameters(file: h5py.File, dataset: str) -> Parameters:
    """Return the attributes with the parameters of the box in one dataset."""
    if "OutputFields" not in dataset:  # version 3
        groups = file["user_params"].attrs, file["astro_params"].attrs
        return Parameters(file.attrs["redshift"], file.attrs["random_seed"], *groups)
    struct = file[dataset.split("/")[0]]
    given = struct["InputParameters"]
    groups = given["simulation_options"].attrs, given["astro_params"].attrs
    return Parameters(struct.attrs["redshift"], given.attrs["random_seed"], *groups)


def _describe(path: Path, file: h5py.File, dataset: str) -> CubeDescription:
    """Return the metadata of the cube in one dataset."""
    try:
        given = _parameters(file, dataset)
        log_escape_fraction = given.astrophysics.get("F_ESC10")
        return CubeDescription(
            path=path,
            field=FIELD_BY_DATASET[dataset],
            redshift=float(given.redshift),
            cells=int(given.simulation["HII_DIM"]),
            box_size=float(given.simulation["BOX_LEN"]),
            neutral_fraction=None,
            escape_fraction=(
                None if log_escape_fraction is None else round(float(10**log_escape_fraction), 6)
            ),
            realization=int(given.random_seed),
            line_of_sight=None,
            dataset=dataset,
            parameters=_other_parameters(given.astrophysics),
        )
    except KeyError as error:
        raise InputError(
            f"{path}: {dataset} lacks the parameter {error}: use a file that 21cmFAST wrote"
        ) from None
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InputError(
            f"{path}: a parameter of {dataset} is no number ({error}): use a file that 21cmFAST "
            "wrote"
        ) from None


def _other_parameters(astrophysics: Mapping) -> tuple[tuple[str, float], ...]:
    """Return the astrophysical parameters that are numbers, without the escape fraction."""
    numbers = {}
    for name, value in astrophysics.items():
        array = np.asarray(value)
        if array.ndim == 0 and array.dtype.kind in "fiu" and np.isfinite(array):
            numbers[str(name)] = float(array)
    numbers.pop("F_ESC10", None)
    return tuple(sorted(numbers.items()))
