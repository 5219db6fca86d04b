"""Coeval boxes of 21cmFAST 4: HDF5 files of one or more fields with their parameters.

The files are read without 21cmFAST. Each field is a dataset ``/<struct>/OutputFields/<field>``; the
groups of ``/<struct>/InputParameters`` have the parameters as attributes. `F_ESC10` is the decimal
logarithm of the escape fraction.
"""

import os
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_dataset, numbers_of, open_hdf5
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.raw_cubes import VALID_RANGES

CURE = "copy the file again"
FIELD_BY_DATASET = {
    "BrightnessTemp/OutputFields/brightness_temp": "brightness_temperature",
    "PerturbedField/OutputFields/density": "density",
    "IonizedBox/OutputFields/neutral_fraction": "neutral_fraction",
}
"""Field of a cube by the path of its dataset."""


def describe_coeval_file(path: str | os.PathLike) -> list[CubeDescription]:
    """Return the metadata of the cubes in an HDF5 file of 21cmFAST 4.

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
        If the file is truncated, is not an HDF5 file, or lacks parameters.
    """
    path = Path(path)
    with open_hdf5(path, cure=CURE) as file:
        found = [name for name in FIELD_BY_DATASET if find_dataset(file, name, cure=CURE)]
        return [_describe(path, file, name) for name in found]


def read_coeval_cube(cube: CubeDescription) -> np.ndarray:
    """Read a cube of an HDF5 file of 21cmFAST 4.

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
    low, high = VALID_RANGES[cube.field]
    if n_invalid := np.count_nonzero(~np.isfinite(values)):
        raise InputError(
            f"{location}: {n_invalid} cells are NaN or infinite: repair or remove the box"
        )
    if not (values.min() >= low and values.max() <= high):
        raise InputError(
            f"{location}: values are {values.min():.4g} to {values.max():.4g}, but {low:g} to "
            f"{high:g} are possible: repair or remove the box"
        )
    return values.astype(np.float32, copy=False)


def _describe(path: Path, file: h5py.File, dataset: str) -> CubeDescription:
    """Return the metadata of the cube in one dataset."""
    struct = file[dataset.split("/")[0]]
    try:
        parameters = struct["InputParameters"]
        simulation = parameters["simulation_options"].attrs
        log_escape_fraction = parameters["astro_params"].attrs.get("F_ESC10")
        return CubeDescription(
            path=path,
            field=FIELD_BY_DATASET[dataset],
            redshift=float(struct.attrs["redshift"]),
            cells=int(simulation["HII_DIM"]),
            box_size=float(simulation["BOX_LEN"]),
            neutral_fraction=None,
            escape_fraction=(
                None if log_escape_fraction is None else round(float(10**log_escape_fraction), 6)
            ),
            realization=int(parameters.attrs["random_seed"]),
            line_of_sight=None,
            dataset=dataset,
        )
    except KeyError as error:
        raise InputError(
            f"{path}: {dataset} lacks the parameter {error}: use a file that 21cmFAST 4 wrote"
        ) from None
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise InputError(
            f"{path}: a parameter of {dataset} is no number ({error}): use a file that 21cmFAST 4 "
            "wrote"
        ) from None
